"""Which images an installation runs where an object names none: charts and their values in, images out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kservegen.checks.gpu.workload import Images
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.charts.model import effective
from kservegen.kserve.releases import Release

_CHART: Final = "kserve-runtime-configs"
_HUGGINGFACE: Final = "kserve-huggingfaceserver"
_VLLM: Final = "kserve-vllmserver"


def images_of(release: Release, values: Mapping[str, JsonObject]) -> Images:
    """Return the images of a release with the values that an environment sets."""

    def image(name: str) -> str:
        runtime, chart = release.runtimes.runtimes.get(name), release.charts.by_name.get(_CHART)
        if runtime is None or chart is None:
            return ""
        repository, tag = (
            effective(chart, values.get(_CHART, {}), path) for path in (runtime.image_path, runtime.tag_path)
        )
        return f"{repository}:{tag or release.version}"

    return Images(
        huggingface=image(_HUGGINGFACE), vllm=image(_VLLM), presets=release.runtimes.presets.images.get("main", "")
    )
