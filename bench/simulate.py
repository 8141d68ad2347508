"""What it costs to make what KServe makes: 1,000 services of a kind that differ, in three environments.

`python -m bench.simulate` prints CPU seconds, which hold on a machine that has other programs to run.
"""

from __future__ import annotations

import time
from typing import Final

from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.formats.yaml.collector import without_collector
from kservegen.kserve.controllers.control_plane import ControlPlane, shipped_objects
from kservegen.kserve.controllers.made import Surroundings
from kservegen.kserve.controllers.settings import shipped_settings
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.kserve.releases import Releases

_MODELS: Final = 1000
_ENVIRONMENTS: Final = 3
_RUNS: Final = 3
_FORMATS: Final = (("sklearn", "kserve-sklearnserver"), ("xgboost", "kserve-xgbserver"))


def _model(index: int) -> JsonObject:
    """Return a model as the API server stores it."""
    name, runtime = _FORMATS[index % len(_FORMATS)]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": f"m{index}",
            "namespace": f"team-{index % 7}",
            "annotations": {
                "serving.kserve.io/deploymentMode": "Standard",
                "serving.kserve.io/autoscalerClass": "hpa",
            },
        },
        "spec": {
            "predictor": {
                "minReplicas": 1 + index % 2,
                "maxReplicas": 3,
                "model": {
                    "modelFormat": {"name": name},
                    "runtime": runtime,
                    "name": "",
                    "storageUri": f"s3://models/m{index}",
                    "protocolVersion": "v1",
                    "resources": {"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "1", "memory": "2Gi"}},
                },
            }
        },
    }


def _llm_service(index: int) -> JsonObject:
    """Return an LLM service with route and scheduler, as the API server stores it, in one of twenty-four sizes."""
    amounts: JsonObject = {"memory": f"{16 + 8 * (index % 12)}Gi", "nvidia.com/gpu": str(1 + index % 2)}
    return {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": f"llm{index}", "namespace": f"team-{index % 7}"},
        "spec": {
            "model": {"uri": f"hf://acme/llm-{index}", "name": f"acme/llm-{index}"},
            "replicas": 1 + index % 3,
            "router": {"route": {}, "gateway": {}, "scheduler": {}},
            "template": {"containers": [{"name": "main", "resources": {"limits": amounts, "requests": amounts}}]},
        },
    }


def _make(models: list[JsonObject]) -> int:
    """Make everything, and return how many objects and pods that is."""
    schemas = SchemaStore((packaged_data() / "schemas",))
    releases = Releases(schemas.roots)
    release = releases.get(releases.newest_reviewed)
    count, shared = 0, SharedMade()
    with without_collector():
        for _ in range(_ENVIRONMENTS):
            plane = ControlPlane(
                release=release,
                settings=shipped_settings("Standard"),
                installed=shipped_objects(release.version),
                beside=Surroundings(iter(models)),
            )
            for model in models:
                made, _ = shared.make(model, lambda: model, plane)  # noqa: B023 - called at once
                if made is None or made.outcome is not None:
                    raise RuntimeError(f"a model is not made to its end: {made}")
                count += len(made.objects) + len(made.pods)
    return count


def main() -> None:
    """Print each run."""
    for kind, service in (("InferenceService", _model), ("LLMInferenceService", _llm_service)):
        models = [service(index) for index in range(_MODELS)]
        for _ in range(_RUNS):
            start = time.process_time()
            count = _make(models)
            taken = time.process_time() - start
            each = taken / (_MODELS * _ENVIRONMENTS)
            cost = f"{taken / count * 1e6:.0f} us each, {each * 1e3:.2f} ms a service"
            print(f"{kind}: {count:,} objects and pods in {taken:.2f} CPU s: {cost}")


if __name__ == "__main__":
    main()
