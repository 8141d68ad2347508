"""The runtime that a model names does not serve it.

The controller compares the model's format, version and protocol with what the named runtime lists, as text and case by
case. Where they differ the service stays without a workload, with reason NoSupportingRuntime. A workerSpec needs a
runtime with workers; with another the controller panics and leaves no reason at all.

Fix: Name a runtime that lists the format, its version and the protocol, or leave runtime out.
Bad:
    model: {modelFormat: {name: sklearn}, runtime: kserve-mlserver, protocolVersion: v1}
Good:
    model: {modelFormat: {name: sklearn}, runtime: kserve-mlserver, protocolVersion: v2}
Upstream: ISVC-C05; ISVC-C06; ISVC-C09; ISVC-C10; ISVC-C11; controller v1beta1 inferenceservice/components/predictor.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.core.jsontypes import Path
from kservegen.kserve.runtimes.advice import nearest, obstacle_reason
from kservegen.kserve.runtimes.selection import Obstacle, RuntimeSelection

# The rule about references speaks of these.
_NOT_HERE: Final = frozenset({Obstacle.ABSENT, Obstacle.DISABLED})
_PLACES: Final[dict[Obstacle, Path]] = {
    Obstacle.PROTOCOL: ("protocolVersion",),
    Obstacle.FORMAT: ("modelFormat", "name"),
    Obstacle.VERSION: ("modelFormat", "version"),
}
_UPSTREAM: Final = {
    Obstacle.PROTOCOL: "specified runtime does not support specified protocol version",
    Obstacle.FORMAT: "specified runtime does not support specified framework/version",
    Obstacle.VERSION: "specified runtime does not support specified framework/version",
}


@rule(Stage.DEPLOYMENT, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for path, _, request in models_of(resource, context):
        if request.runtime is not None:
            selection = selection_of(request, context)
            if selection.obstacle is not None and selection.obstacle not in _NOT_HERE:
                yield _finding(path, selection, selection.obstacle, context)


def _finding(path: Path, selection: RuntimeSelection, obstacle: Obstacle, context: Context) -> Problem:
    runtime = selection.candidates[0].runtime
    said = _UPSTREAM.get(obstacle, "")
    advice = nearest(selection, lambda request: selection_of(request, context))
    unnamed = selection_of(selection.request._replace(runtime=None), context).chosen
    hints = [f"{advice.change[0].upper()}{advice.change[1:]}, then {advice.runtime.name} serves it."] if advice else []
    hints += [f"Without runtime KServe takes {unnamed.name}."] if unnamed else []
    return Problem(
        (*path, *_PLACES.get(obstacle, ("runtime",))),
        (f"{said}: " if said else "") + f"{runtime.name} {obstacle_reason(runtime, obstacle, selection)}",
        seen=runtime.name,
        allowed=", ".join(dict.fromkeys(f"{f.name}:{f.version}" if f.version else f.name for f in runtime.formats)),
        hint=" ".join(hints),
    )
