"""The webhook of KEDA, LeaderWorkerSet or Knative refuses an object that is written for it.

A ScaledObject, a LeaderWorkerSet or a Knative Service beside the models is judged by the webhook of its own project,
which knows more than the schema of the kind. What stands beside the object in the cluster is not looked at.

Fix: Change the field that the message names.
Bad:
    kind: ScaledObject
    spec: {scaleTargetRef: {name: web}, minReplicaCount: 0, triggers: [{type: cpu, metadata: {value: "80"}}]}
Good:
    kind: ScaledObject
    spec: {scaleTargetRef: {name: web}, minReplicaCount: 1, triggers: [{type: cpu, metadata: {value: "80"}}]}
Upstream: apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda; pkg/webhooks/leaderworkerset_webhook.go of
sigs.k8s.io/lws; pkg/apis/serving of knative.dev/serving
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.kserve.controllers.gatekeepers import webhook_refusals


@rule(Stage.ADMISSION, "ScaledObject", "LeaderWorkerSet", "Service")
def check(resource: Resource, _context: Context) -> Problems:
    for who, problem in webhook_refusals(resource.doc):
        yield problem._replace(message=f"{who} refuses this: {problem.message}")
