"""KServe deletes the workers of a model that spans nodes, again and again.

What cleans up after canaries takes the worker Deployment and the Services between the nodes for leftovers: in mode
Standard it deletes them on every pass, and the same pass makes them anew. Workers live for less than a second, the head
waits for them, and no such model ever serves.

Fix: Stay on a release without the defect, or serve the model on one node or as an LLMInferenceService.
Bad:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}, workerSpec: {}}
Good:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/m}}
Upstream: kserve/kserve#6113; reconcileCanaryDeployments in
pkg/controller/v1beta1/inferenceservice/components/predictor.go at v0.20.0
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import deployment_mode
from kservegen.core.document import value_at

_WORKERS: Final = ("spec", "predictor", "workerSpec")


@rule(Stage.RUN, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    if value_at(resource.doc, _WORKERS) is not None and deployment_mode(resource, context) == "Standard":
        message = f"KServe {context.release.version} deletes the workers on every pass: the model never serves"
        yield Problem(_WORKERS, message, at_key=True)
