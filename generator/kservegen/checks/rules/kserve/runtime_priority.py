"""Two runtimes offer the same format with the same priority.

A model that names no runtime gets the one of the highest priority, so the webhook wants one winner: no other runtime of
the kind (and namespace) that speaks one of the same protocols may offer the same format, name and version, with the
same priority. Within a runtime, all versions of a format have one priority. KServe takes the first runtime of a kind
(and namespace) unseen, and refuses every change of it from then on.

Fix: Choose a priority of your own, or leave autoSelect out and let models name the runtime.
Bad:
    # as kserve-sklearnserver has it
    supportedModelFormats: [{name: sklearn, version: '1', autoSelect: true, priority: 1}]
Good:
    supportedModelFormats: [{name: sklearn, version: '1', autoSelect: true, priority: 3}]
Upstream: SR-01; SR-02; pkg/webhook/admission/servingruntime/servingruntime_webhook.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import of_kind
from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document


@rule(Stage.ADMISSION, "ServingRuntime", "ClusterServingRuntime", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    new = _read(resource)
    if new.disabled or not new.formats:
        return
    yield from _within(new)
    for other in _others(resource, context):
        yield from _against(new, other)


def _read(resource: Resource) -> ServingRuntime:
    return of_document(resource.doc, namespace=resource.id.namespace)


def _others(resource: Resource, context: Context) -> list[ServingRuntime]:
    found = [
        _read(other)
        for other in of_kind(context, resource.kind)
        if other.id != resource.id and (other.id.namespace or "default") == (resource.id.namespace or "default")
    ]
    if resource.kind == "ClusterServingRuntime":
        own = {runtime.name for runtime in found} | {resource.id.name}
        found += [runtime for name, runtime in context.platform.runtimes.items() if name not in own]
    return found


def _within(new: ServingRuntime) -> Problems:
    first: dict[str, int | None] = {}
    for index, listed in enumerate(new.formats):
        if not listed.auto_select:
            continue
        known = first.setdefault(listed.name, listed.priority)
        if known is not None and listed.priority is not None and known != listed.priority:
            message = f"different priorities assigned for the model format {listed.name} under one runtime"
            path = ("spec", "supportedModelFormats", index, "priority")
            hint = f"Write priority: {known} for every version."
            seen, allowed = str(listed.priority), str(known)
            yield Problem(path, message, seen=seen, allowed=allowed, hint=hint)


def _against(new: ServingRuntime, other: ServingRuntime) -> Problems:
    if other.disabled or other.multi_model != new.multi_model or set(other.protocols).isdisjoint(new.protocols):
        return
    for index, listed in enumerate(new.formats):
        if listed.priority is not None and any(_collides(listed, theirs) for theirs in other.formats):
            message = f"same priority assigned for the model format {listed.name} in the runtime {other.name}"
            yield Problem(("spec", "supportedModelFormats", index, "priority"), message, seen=str(listed.priority))


def _collides(ours: ModelFormat, theirs: ModelFormat) -> bool:
    return (
        ours.auto_select
        and theirs.auto_select
        and ours.name.casefold() == theirs.name.casefold()
        and ours.version == theirs.version
        and ours.priority == theirs.priority
    )
