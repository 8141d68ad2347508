"""The webhook of Knative, KEDA or LeaderWorkerSet refuses what KServe makes of the object.

The object is admitted, and KServe's controller writes a Knative Service, a ScaledObject or a LeaderWorkerSet, which the
webhook of that project judges by its own laws. What it refuses, the controller tries to write again for ever, and says
so in an event.
What a feature flag in Knative's ConfigMap config-features may allow is not refused here; what is beyond a bound that
config-defaults may raise is a warning.

Fix: Change the field that the message names; `kservegen simulate` shows what was made of it.
Bad:
    predictor:
      volumes: [{name: cache, emptyDir: {}}]             # in mode Knative, and no container mounts it
Good:
    predictor:
      volumes: [{name: cache, emptyDir: {}}]
      containers: [{name: kserve-container, volumeMounts: [{name: cache, mountPath: /cache}]}]
Upstream: pkg/apis/serving of knative.dev/serving; apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda;
pkg/webhooks/leaderworkerset_webhook.go of sigs.k8s.io/lws
"""

from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.jsontypes import format_path
from kservegen.kserve.controllers.gatekeepers import webhook_refusals


@rule(Stage.DEPLOYMENT, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is None:
        return
    for made in view.made.objects:
        for who, problem in webhook_refusals(made.doc):
            place = view.where(made.origins, problem.path)
            field = f"{format_path(problem.path)} of {made.label}"
            message = f"{who} refuses {field}: {problem.message}{place.told}"
            yield Problem(place.path, message, problem.seen, problem.allowed, severity=problem.severity)
