"""A step of a graph leads to a service or node that is not there.

The webhook does not look where steps lead; requests fail instead. A serviceName is looked up in the graph's own
namespace, a nodeName among the graph's nodes.

Fix: Name an InferenceService of the graph's namespace, or a node of the graph.
Bad:
    nodes: {root: {routerType: Sequence, steps: [{nodeName: nope}]}}
Good:
    nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}
Upstream: IG-C2; kserve rules, section 4 (not checked by any webhook)
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find, is_available, known_names
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.suggest import did_you_mean


@rule(Stage.RUN, "InferenceGraph", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    nodes = mapping(mapping(resource.doc.get("spec")).get("nodes"))
    for node, body in nodes.items():
        for index, step in enumerate(sequence(mapping(body).get("steps"))):
            if isinstance(step, dict):
                yield from _step(resource, ("spec", "nodes", node, "steps", index), step, nodes, context)


def _step(resource: Resource, path: Path, step: JsonObject, nodes: JsonObject, context: Context) -> Problems:
    node, service = text(step.get("nodeName")), text(step.get("serviceName"))
    if node and node not in nodes:
        yield _finding((*path, "nodeName"), node, "the graph has no node", nodes)
    here = namespace(resource)
    if service and not is_available(context, kind="InferenceService", namespace=here, name=service):
        known = known_names(context, kind="InferenceService", namespace=here)
        yield _finding((*path, "serviceName"), service, f"namespace {here} has no InferenceService", known)
    elif service:
        yield from _without_http((*path, "serviceName"), service, here, context)


def _without_http(path: Path, service: str, here: str, context: Context) -> Problems:
    """Find a step to a service whose named runtime speaks gRPC alone, to which the router has no address."""
    found = find(context, kind="InferenceService", namespace=here, name=service)
    for _, _, request in models_of(found, context) if found else ():
        runtime = selection_of(request, context).chosen if request.runtime is not None else None
        if runtime is not None and runtime.protocols and all(p.startswith("grpc") for p in runtime.protocols):
            message = f"{service} cannot be addressed: its runtime {runtime.name} speaks gRPC alone"
            hint = "Name a runtime that speaks v1 or v2 in the service."
            yield Problem(path, message, seen=", ".join(runtime.protocols), hint=hint)


def _finding(path: Path, name: str, problem: str, known: JsonObject | list[str]) -> Problem:
    allowed, hint = ", ".join(sorted(known)[:20]), did_you_mean(name, known, cutoff=0.7)
    return Problem(path, f"{problem} {name!r}", seen=name, allowed=allowed, hint=hint)
