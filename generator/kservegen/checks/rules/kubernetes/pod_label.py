"""A component's label or annotation is not one that its pods can carry.

What a component or a runtime says under labels and annotations goes to the pods. Within a spec the API server does not
look at it: the object is admitted, its Deployment is refused.

Fix: Shorten or rewrite the label, or make it an annotation with a key such as example.com/purpose.
Bad:
    predictor: {labels: {team: "search & ads"}}
Good:
    predictor: {labels: {team: search-ads}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule, without_placeholders
from kservegen.checks.rules.view import pods_of
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kubernetes.metadata import annotation_map
from kservegen.kubernetes.selectors import label_map

_LLM: Final = frozenset({"LLMInferenceService", "LLMInferenceServiceConfig"})
_RUNTIMES: Final = frozenset({"ClusterServingRuntime", "ServingRuntime"})


@rule(Stage.DEPLOYMENT, *(_LLM | _RUNTIMES | {"InferenceService"}))
def check(resource: Resource, _context: Context) -> Problems:
    for owner, path in _owners(resource):
        if "labels" in owner:
            yield from without_placeholders(label_map(owner["labels"], (*path, "labels")))
        if "annotations" in owner:
            yield from without_placeholders(annotation_map(owner["annotations"], (*path, "annotations")))


def _owners(resource: Resource) -> Iterator[tuple[JsonObject, Path]]:
    """Go through what has labels for pods: the pods themselves, in the LLM kinds what stands around them."""
    if resource.kind in _LLM:
        spec = mapping(resource.doc.get("spec"))
        yield spec, ("spec",)
        yield mapping(spec.get("prefill")), ("spec", "prefill")
    for pod in pods_of(resource):
        yield pod.spec, pod.path
