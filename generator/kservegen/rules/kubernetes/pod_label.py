"""The labels and annotations that a component gives to its pods in; findings out where no pod can carry them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import mapping
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context, Rule
from kservegen.rules.kubernetes._claim_template import annotation_keys
from kservegen.rules.kubernetes._fields import SOURCE, findings
from kservegen.rules.kubernetes._selectors import label_map
from kservegen.rules.stage import Stage
from kservegen.rules.view import pods_of

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
    if resource.kind in _LLM:
        spec = mapping(resource.doc.get("spec"))
        owners: list[tuple[JsonObject, Path]] = [(spec, ("spec",))]
        owners.append((mapping(spec.get("prefill")), ("spec", "prefill")))
    else:
        owners = [(pod.spec, pod.path) for pod in pods_of(resource) if pod.role != "worker"]
    for owner, path in owners:
        if "labels" in owner:
            yield from findings(META, label_map(owner["labels"], (*path, "labels")))
        if "annotations" in owner:
            yield from findings(META, annotation_keys(owner["annotations"], (*path, "annotations")))


RULE: Final = Rule(meta=META, check=check, kinds=_LLM | _RUNTIMES | {"InferenceService"})
