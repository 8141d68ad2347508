"""Which presets the controller lays under an LLM service: the spec in, their names out, each with what asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, Path

PREFIX: Final = "kserve-config-llm-"
# No chart has a preset for workers in a pipeline.
PIPELINE: Final = "worker-pipeline-parallel"


class Preset(NamedTuple):
    """A preset's name and the field of the service that asks for it."""

    name: str
    path: Path


def presets_for(spec: JsonObject) -> Iterator[Preset]:
    """Name the presets for a spec whose bases lie under it (controller v1alpha2 llmisvc/config_merge.go)."""
    router = mapping(spec.get("router"))
    scheduler, route = router.get("scheduler"), router.get("route")
    if isinstance(scheduler, dict) and not mapping(scheduler.get("pool")).get("ref"):
        yield Preset(f"{PREFIX}scheduler", ("spec", "router", "scheduler"))
    if isinstance(route, dict) and not mapping(route.get("http")).get("refs"):
        yield Preset(f"{PREFIX}router-route", ("spec", "router", "route"))
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(prefill, ("spec", "prefill"), f"{PREFIX}prefill-")
        yield from _workload(spec, ("spec",), f"{PREFIX}decode-")
    else:
        yield from _workload(spec, ("spec",), PREFIX)


def _workload(workload: JsonObject, path: Path, prefix: str) -> Iterator[Preset]:
    parallelism = mapping(workload.get("parallelism"))
    if workload.get("worker") is None:
        yield Preset(f"{prefix}template", path)
    elif parallelism.get("pipeline") is not None:
        yield Preset(f"{prefix}{PIPELINE}", (*path, "parallelism", "pipeline"))
    elif parallelism.get("data") is not None:
        yield Preset(f"{prefix}worker-data-parallel", (*path, "worker"))
