"""KServe's controller stops before it has made every workload of the object.

The object is admitted, and then the controller merges it with its runtime or its presets and writes Deployments,
Services and autoscalers: what the API server refuses of these, or what the controller itself cannot go on with, is
tried again for ever, and no pod of the model comes up. The message is the controller's or the API server's own.

Fix: Change the field that the message names; `kservegen simulate` shows what was made of it.
Bad:
    containers:
      - name: kserve-container
        livenessProbe: {initialDelaySeconds: 5}      # no handler: the Deployment is refused
Good:
    containers:
      - name: kserve-container
        livenessProbe: {httpGet: {path: /healthz, port: 8080}}
Upstream: pkg/controller/v1beta1/inferenceservice, pkg/controller/v1alpha2/llmisvc
"""

from typing import Final

from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.kserve.controllers.domains import TEMPLATES

# A base, a preset or a runtime: rules about them say so, which know what is promised.
_NOT_FOUND: Final = frozenset({"ConfigNotFound", "NoSupportingRuntime", "RuntimeNotRecognized"})
# A known defect of the release.
_DEFECT: Final = "UpdateRejected"
# What stops every service of a cluster is one finding, in checks/environment.py, too.
TEMPLATE_CAUSE: Final = "ConfigMap/inferenceservice-config/ingress"


@rule(
    Stage.DEPLOYMENT,
    "InferenceService",
    "InferenceGraph",
    "LLMInferenceService",
    "TrainedModel",
    "LocalModelCache",
    scope=Scope.MADE,
)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    outcome = None if view is None else view.made.outcome
    # That another object or an operator is not there, rules about references say, which know what is promised.
    if view is None or outcome is None or view.made.deployable or outcome.is_wanting:
        return
    if outcome.reason in _NOT_FOUND or outcome.reason == _DEFECT:
        return
    place = view.at_source(outcome.source)
    cause = TEMPLATE_CAUSE if outcome.source == TEMPLATES else ""
    yield Problem(place.path, f"KServe's controller stops here: {outcome.message}{place.told}", cause=cause)
