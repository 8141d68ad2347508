"""An LLMInferenceService in; findings out where the ways of its parallelism do not go together, or change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-parallelism",
    title="The parallelism of an LLM service contradicts itself",
    why="Workers serve either data or pipeline parallelism, and without one of them there is nothing for a worker to "
    "do; data comes with dataLocal, its share per node. The same holds for prefill.",
    fix="Set data and dataLocal together, or pipeline alone.",
    bad="spec: {parallelism: {tensor: 4}, worker: {containers: [{name: main}]}}",
    good="spec: {parallelism: {data: 16, dataLocal: 8}, worker: {containers: [{name: main}]}}",
    upstream=(
        "LLM-05",
        "LLM-06",
        "LLM-07",
        "LLM-08",
        "LLM-09",
        "LLM-10",
        "pkg/apis/serving/v1alpha2/llm_inference_service_validation.go",
    ),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    spec = mapping(resource.doc.get("spec"))
    yield from _workload(("spec",), spec)
    prefill = spec.get("prefill")
    if isinstance(prefill, dict):
        yield from _workload(("spec", "prefill"), prefill)


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


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
