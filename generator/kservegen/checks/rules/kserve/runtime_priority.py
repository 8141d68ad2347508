"""A runtime in; findings out where its formats weigh as much as another's, or not the same among themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource
from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.runtimes.runtime import ServingRuntime, of_document

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/runtime-priority",
    title="Two runtimes offer the same format with the same priority",
    why="A model that names no runtime gets the one of the highest priority, so the webhook wants one winner: no other "
    "runtime of the kind (and namespace) that speaks one of the same protocols may offer the same format, name and "
    "version, with the same priority. Within a runtime, all versions of a format have one priority.",
    fix="Choose a priority of your own, or leave autoSelect out and let models name the runtime.",
    bad="# as kserve-sklearnserver has it\n"
    "supportedModelFormats: [{name: sklearn, version: '1', autoSelect: true, priority: 1}]",
    good="supportedModelFormats: [{name: sklearn, version: '1', autoSelect: true, priority: 3}]",
    upstream=("SR-01", "SR-02", "pkg/webhook/admission/servingruntime/servingruntime_webhook.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    new = _read(resource)
    if new.disabled or not new.formats:
        return
    others = _others(resource, context)
    # KServe asks nothing where no runtime of the kind is there yet.
    if others or resource.id in context.old:
        yield from _within(new)
    for other in others:
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


def _within(new: ServingRuntime) -> Iterator[Finding]:
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
            yield Finding(rule=META.id, path=path, message=message, hint=hint, seen=seen, allowed=allowed)


def _against(new: ServingRuntime, other: ServingRuntime) -> Iterator[Finding]:
    if other.disabled or other.multi_model != new.multi_model or set(other.protocols).isdisjoint(new.protocols):
        return
    for index, listed in enumerate(new.formats):
        if listed.priority is not None and any(_collides(listed, theirs) for theirs in other.formats):
            message = f"same priority assigned for the model format {listed.name} in the runtime {other.name}"
            path = ("spec", "supportedModelFormats", index, "priority")
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=str(listed.priority))


def _collides(ours: ModelFormat, theirs: ModelFormat) -> bool:
    return (
        ours.auto_select
        and theirs.auto_select
        and ours.name.casefold() == theirs.name.casefold()
        and ours.version == theirs.version
        and ours.priority == theirs.priority
    )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"ServingRuntime", "ClusterServingRuntime"}))
