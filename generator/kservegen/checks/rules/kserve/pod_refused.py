"""The pod that KServe makes of the object is refused: by KServe's pod webhook, or by the API server.

The Deployment is there and never has a pod: its ReplicaSet tries again for ever and says why only in its events. A pod
is checked more strictly than the template it is made from, and after KServe's pod webhook has changed it.

Fix: Change the field that the message names; `kservegen simulate` shows the pod's template.
Bad:
    predictor:
      priority: 5                # the priority of the class is 0
Good:
    predictor:
      priorityClassName: batch
Upstream: pkg/webhook/admission/pod/mutator.go; pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is None:
        return
    for pod in view.made.pods:
        if pod.pod is None and not pod.missing:
            place = view.at_source(pod.source)
            yield Problem(place.path, f"the pod of {pod.of} is refused: {pod.refused}{place.told}")
