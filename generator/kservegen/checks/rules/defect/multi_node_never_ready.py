"""KServe never takes a model that spans nodes for ready.

It reads the two Deployments' conditions together and recognises neither: PredictorReady stays Unknown with all pods
running. So the model never gets an Ingress or an HTTPRoute, and whoever waits for it waits for ever.

Fix: Serve the model on one node or as an LLMInferenceService, or wait for a release in which nodes work.
Bad:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}, workerSpec: {}}
Good:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}}
Upstream: kserve derive-isvc-2, part 6; getDeploymentCondition in
pkg/apis/serving/v1beta1/inference_service_status.go at v0.19.0
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import deployment_mode
from kservegen.core.document import value_at

_WORKERS: Final = ("spec", "predictor", "workerSpec")


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    if value_at(resource.doc, _WORKERS) is not None and deployment_mode(resource, context) == "Standard":
        message = f"KServe {context.release.version} never takes a model that spans nodes for ready, nor routes to it"
        yield Problem(_WORKERS, message, at_key=True)
