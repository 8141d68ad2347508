"""A canary of another format is served by the stable predictor's runtime.

A canary is laid over the stable predictor after a runtime was chosen for that one, and so keeps it. Where that runtime
does not list the canary's format, the controller stops: the canary gets no workload, nor do a transformer and an
explainer.

Fix: Name a runtime in the canary's model.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://b/m}}
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: xgboost}, storageUri: s3://b/n}}}]
Good:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://b/m}}
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: sklearn}, storageUri: s3://b/n}}}]
Upstream: kserve derive-isvc, part 10.3; buildCanaryPredictor in
pkg/controller/v1beta1/inferenceservice/components/predictor.go at v0.20.0
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import models_of, selection_of
from kservegen.core.diagnostics import Counterpart


@rule(Stage.DEPLOYMENT, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    models = models_of(resource, context)
    stable = next((at for at in models if at.path[1] == "predictor"), None)
    chosen = selection_of(stable.request, context).chosen if stable else None
    if stable is None or chosen is None:
        return
    for path, _, request in models:
        if path[1] != "canary" or request.runtime is not None or not request.format:
            continue
        version = stable.request.version if request.version is None else request.version
        if not chosen.serves(request.format, version, auto=False):
            wanted = str(request._replace(version=version))
            message = f"the canary keeps the stable predictor's runtime {chosen.name}, which does not serve {wanted}"
            allowed = ", ".join(sorted({listed.name for listed in chosen.formats}))
            other = Counterpart((*stable.path, "modelFormat", "name"), "the stable predictor's format is set here")
            yield Problem((*path, "modelFormat", "name"), message, seen=wanted, allowed=allowed, other=other)
