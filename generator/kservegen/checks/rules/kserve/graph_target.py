"""An InferenceGraph in; findings out where a step leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._lookup import find, is_promised, names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.kserve._suggest import did_you_mean
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.RUN
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kserve/graph-target",
    title="A step of a graph leads to a service or node that is not there",
    why="The webhook does not look where steps lead; requests fail instead. A serviceName is looked up in the graph's "
    "own namespace, a nodeName among the graph's nodes.",
    fix="Name an InferenceService of the graph's namespace, or a node of the graph.",
    bad="nodes: {root: {routerType: Sequence, steps: [{nodeName: nope}]}}",
    good="nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}",
    upstream=("IG-C2", "kserve rules, section 4 (not checked by any webhook)"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    nodes = mapping(mapping(resource.doc.get("spec")).get("nodes"))
    for node, body in nodes.items():
        for index, step in enumerate(sequence(mapping(body).get("steps"))):
            if isinstance(step, dict):
                yield from _step(resource, ("spec", "nodes", node, "steps", index), step, nodes, context)


def _step(resource: Resource, path: Path, step: JsonObject, nodes: JsonObject, context: Context) -> Iterator[Finding]:
    node, service = text(step.get("nodeName")), text(step.get("serviceName"))
    if node and node not in nodes:
        yield _finding((*path, "nodeName"), node, "the graph has no node", nodes)
    here = namespace(resource)
    if service and not _is_there(context, here, service):
        known = names(context, kind="InferenceService", namespace=here)
        yield _finding((*path, "serviceName"), service, f"namespace {here} has no InferenceService", known)
    elif service:
        yield from _without_http((*path, "serviceName"), service, here, context)


def _without_http(path: Path, service: str, here: str, context: Context) -> Iterator[Finding]:
    """Find a step to a service whose named runtime speaks gRPC alone, to which the router has no address."""
    found = find(context, kind="InferenceService", namespace=here, name=service)
    for _, _, request in models_of(found, context) if found else ():
        runtime = selection_of(request, context).chosen if request.runtime is not None else None
        if runtime is not None and runtime.protocols and all(p.startswith("grpc") for p in runtime.protocols):
            yield Finding(
                rule=META.id,
                path=path,
                message=f"{service} cannot be addressed: its runtime {runtime.name} speaks gRPC alone",
                hint="Name a runtime that speaks v1 or v2 in the service.",
                seen=", ".join(runtime.protocols),
            )


def _is_there(context: Context, here: str, service: str) -> bool:
    found = find(context, kind="InferenceService", namespace=here, name=service)
    return found is not None or is_promised(context, kind="InferenceService", namespace=here, name=service)


def _finding(path: Path, name: str, problem: str, known: JsonObject | list[str]) -> Finding:
    return Finding(
        rule=META.id,
        path=path,
        message=f"{problem} {name!r}",
        hint=did_you_mean(name, known) or META.fix,
        seen=name,
        allowed=", ".join(sorted(known)[:20]),
    )


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceGraph"}))
