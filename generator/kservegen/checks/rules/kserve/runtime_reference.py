"""The runtime that a model names is not there, or is disabled.

No webhook looks for it: the service is admitted and waits for the runtime for ever. A ServingRuntime of the namespace
goes before a ClusterServingRuntime of the same name.

Fix: Name a runtime of the environment, or leave runtime out and let KServe choose by format.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, runtime: sklearnserver}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}, runtime: kserve-sklearnserver}}
Upstream: ISVC-C03; ISVC-C04; controller v1beta1 inferenceservice/components/predictor.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import is_available
from kservegen.checks.rules.view import models_of, runtimes_of, selection_of
from kservegen.core.jsontypes import Path
from kservegen.core.suggest import did_you_mean
from kservegen.kserve.runtimes.selection import Obstacle, Request


@rule(Stage.DEPLOYMENT, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for path, _, request in models_of(resource, context):
        if request.runtime is None:
            continue
        obstacle = selection_of(request, context).obstacle
        if obstacle is Obstacle.DISABLED:
            yield _finding((*path, "runtime"), request, "is disabled", "Enable it, or name another.")
        elif obstacle is Obstacle.ABSENT and not _is_promised(context, request):
            yield _absent((*path, "runtime"), request, context)


def _absent(path: Path, request: Request, context: Context) -> Problem:
    known = sorted({r.name for r in runtimes_of(context) if r.namespace in ("", request.namespace)})
    hint = did_you_mean(request.runtime or "", known, cutoff=0.7)
    what = f"is not there for namespace {request.namespace}"
    return _finding(path, request, what, hint, allowed=", ".join(known))


def _finding(path: Path, request: Request, what: str, hint: str, *, allowed: str = "") -> Problem:
    message = f"the runtime {request.runtime!r} {what}"
    return Problem(path, message, seen=request.runtime or "", allowed=allowed, hint=hint, cause=message)


def _is_promised(context: Context, request: Request) -> bool:
    name = request.runtime or ""
    return any(
        is_available(context, kind=kind, namespace=request.namespace, name=name)
        for kind in ("ServingRuntime", "ClusterServingRuntime")
    )
