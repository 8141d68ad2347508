"""The labels and annotations that a component gives to its pods in; findings out where no pod can carry them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.fields import Place, findings
from kservegen.checks.rules.kubernetes._claim_template import annotation_keys
from kservegen.checks.rules.kubernetes._fields import SOURCE
from kservegen.checks.rules.kubernetes._selectors import label_map
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/pod-label",
    title="A component's label or annotation is not one that its pods can carry",
    why="What a component or a runtime says under labels and annotations goes to the pods. Within a spec the API "
    "server does not look at it: the object is admitted, its Deployment is refused.",
    fix="Shorten or rewrite the label, or make it an annotation with a key such as example.com/purpose.",
    bad='predictor: {labels: {team: "search & ads"}}',
    good="predictor: {labels: {team: search-ads}}",
    upstream=SOURCE,
)

_LLM: Final = frozenset({"LLMInferenceService", "LLMInferenceServiceConfig"})
_RUNTIMES: Final = frozenset({"ClusterServingRuntime", "ServingRuntime"})


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    """Look where the LLM kinds have them: beside their pods, not within."""
    if resource.kind not in _LLM:
        return
    spec = mapping(resource.doc.get("spec"))
    workloads: list[tuple[JsonObject, Path]] = [(spec, ("spec",))]
    workloads.append((mapping(spec.get("prefill")), ("spec", "prefill")))
    for workload, path in workloads:
        yield from findings(META, label_map(workload.get("labels"), (*path, "labels")))
        yield from findings(META, annotation_keys(workload.get("annotations"), (*path, "annotations")))


def _labels(value: JsonValue, place: Place) -> Iterator[Problem]:
    yield from label_map(value, place.path)


def _annotations(value: JsonValue, place: Place) -> Iterator[Problem]:
    yield from annotation_keys(value, place.path)


RULE: Final = Rule(
    meta=META,
    check=check,
    kinds=_LLM | _RUNTIMES | {"InferenceService"},
    pod={"labels": _labels, "annotations": _annotations},
)
