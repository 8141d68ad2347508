"""An LLMInferenceService in; findings out where the ways of its parallelism do not go together, or change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import integer, mapping
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.stage import Stage

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-parallelism",
    title="The parallelism of an LLM service contradicts itself",
    why="Workers serve either data or pipeline parallelism, and without one of them there is nothing for a worker to "
    "do; data comes with dataLocal, its share per node. How many nodes there are - data by dataLocal, or pipeline - is "
    "fixed once the service exists. The same holds for prefill.",
    fix="Set data and dataLocal together, or pipeline alone; make a new service to change the number of nodes.",
    bad="spec: {parallelism: {tensor: 4}, worker: {containers: [{name: main}]}}",
    good="spec: {parallelism: {data: 16, dataLocal: 8}, worker: {containers: [{name: main}]}}",
    upstream=(
        "LLM-05",
        "LLM-06",
        "LLM-07",
        "LLM-08",
        "LLM-09",
        "LLM-10",
        "LLM-11",
        "pkg/apis/serving/v1alpha2/llm_inference_service_validation.go",
    ),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    spec = mapping(resource.doc.get("spec"))
    old = context.old.get(resource.id)
    before = mapping(old.doc.get("spec")) if old is not None else None
    yield from _workload(("spec",), spec)
    yield from _change(("spec",), spec, before)
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(("spec", "prefill"), prefill)
        earlier = before.get("prefill") if before is not None else None
        yield from _change(("spec", "prefill"), prefill, earlier if isinstance(earlier, dict) else None)


def _workload(path: Path, workload: JsonObject) -> Iterator[Finding]:
    has_worker = workload.get("worker") is not None
    parallelism = workload.get("parallelism")
    if not has_worker and not isinstance(parallelism, dict):
        return
    words = mapping(parallelism)
    data, local, pipeline = (integer(words.get(field)) for field in ("data", "dataLocal", "pipeline"))
    in_data = (data or 0) > 0 or (local or 0) > 0
    if has_worker and not in_data and not (pipeline or 0) > 0:
        message = "when worker is specified, parallelism must be configured for either data or pipeline parallelism"
        yield Finding(rule=META.id, path=(*path, "worker"), message=message, hint=META.fix, at_key=True)
    here = (*path, "parallelism")
    if in_data and (pipeline or 0) > 0:
        message = "cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously"
        yield Finding(rule=META.id, path=here, message=message, hint=META.fix, at_key=True)
    if data is not None and local is None:
        message = "dataLocal must be set when data is set"
        yield Finding(rule=META.id, path=(*here, "data"), message=message, hint=META.fix, at_key=True)
    if local is not None and data is None:
        message = "data must be set when dataLocal is set"
        yield Finding(rule=META.id, path=(*here, "dataLocal"), message=message, hint=META.fix, at_key=True)
    for field, value in (("pipeline", pipeline), ("data", data), ("dataLocal", local)):
        if value is not None and value < 1:
            message = f"{field} parallelism must be greater than 0"
            yield Finding(rule=META.id, path=(*here, field), message=message, hint=META.fix, seen=str(value))


def _change(path: Path, workload: JsonObject, before: JsonObject | None) -> Iterator[Finding]:
    if before is None:
        return
    now, then = _nodes(workload), _nodes(before)
    if now != then:
        message = f"total parallelism size is immutable, previous size {then}, curr size {now}"
        yield Finding(
            rule=META.id,
            path=(*path, "parallelism"),
            message=message,
            hint="Make a service of another name and remove this one.",
            seen=str(now),
            allowed=str(then),
        )


def _nodes(workload: JsonObject) -> int:
    """Count the nodes of one replica, as KServe derives it."""
    words = mapping(workload.get("parallelism"))
    data, local, pipeline = (integer(words.get(field)) or 0 for field in ("data", "dataLocal", "pipeline"))
    if data > 0 or local > 0:
        return max(max(data, 1) // max(local, 1), 1)
    return pipeline or 1


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
