"""A Deployment of an LLM service would select other pods.

KServe hands labels on to pods through the map that it also makes the Deployment's selector of, and the API server takes
no update of a selector. Adding or removing prefill changes it too, by the role of the pods. The old pods stay, and no
later change reaches them.

Fix: Keep the labels and the kinds of workloads, or make a service of another name and remove this one; deleting the
Deployment by hand lets KServe make it anew.
Bad:
    spec: {labels: {team: search}}
    # was: {}
Good:
    spec: {annotations: {team: search}}
    # was: {}
Upstream: pkg/controller/v1alpha2/llmisvc/workload_single_node.go; scheduler.go
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.merged import merged
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_QUEUE: Final = "kueue.x-k8s.io"
# What the selector of a Deployment is made of, by the path that says it.
_Selector: TypeAlias = dict[Path, JsonValue]


@rule(Stage.DEPLOYMENT, "LLMInferenceService", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None:
        return
    now, then = (dict(_selectors(item, context)) for item in (resource, old))
    for suffix, selector in now.items():
        before = then.get(suffix)
        if before is not None:
            yield from _changes(f"{resource.id.name}-kserve{suffix}", selector, before)


def _changes(deployment: str, now: _Selector, then: _Selector) -> Problems:
    for path in {**then, **now}:
        if then.get(path) != now.get(path):
            message = f"Deployment {deployment}: spec.selector would change, and the field is immutable"
            yield Problem(path, message, at_key=True)


def _selectors(resource: Resource, context: Context) -> Iterator[tuple[str, _Selector]]:
    """List the Deployments of a service by the end of their names; pods that span nodes have no selector."""
    spec = merged(resource, context).spec
    queue: _Selector = {
        ("metadata", "labels", key): value
        for key, value in mapping(mapping(resource.doc.get("metadata")).get("labels")).items()
        if key.startswith(_QUEUE)
    }
    own = _labels(spec, ("spec",))
    prefill = spec.get("prefill")
    if spec.get("worker") is None:
        role: _Selector = {("spec", "prefill"): isinstance(prefill, dict)}
        yield "", {**role, **queue, **own}
    if isinstance(prefill, dict) and prefill.get("worker") is None:
        inherited = own if context.release.capabilities.spec_labels_reach_prefill else {}
        yield "-prefill", {**queue, **inherited, **_labels(prefill, ("spec", "prefill"))}
    scheduler = mapping(spec.get("router")).get("scheduler")
    if isinstance(scheduler, dict):
        yield "-router-scheduler", _labels(scheduler, ("spec", "router", "scheduler"))


def _labels(words: JsonObject, path: Path) -> _Selector:
    return {(*path, "labels", key): value for key, value in mapping(words.get("labels")).items()}
