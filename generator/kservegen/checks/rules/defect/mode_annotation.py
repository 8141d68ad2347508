"""KServe never reconciles a service that asks for another mode than Standard.

The webhook takes a service without status for one of mode Standard, and so refuses the controller's first write, its
finalizer. Nothing is made of the service, and it says nothing. Where the cluster's default is the mode that is wanted,
nothing has to be asked for.

Fix: Leave the annotation out, and make the mode the cluster's default: kserve.deploymentMode of the environment.
Bad:
    metadata: {annotations: {serving.kserve.io/deploymentMode: Knative}}
Good:
    metadata: {annotations: {}}
Upstream: kserve/kserve#5793; validateDeploymentMode in
pkg/apis/serving/v1beta1/inference_service_validation.go at v0.19.0
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import MODE, NEW_MODE
from kservegen.core.document import mapping


@rule(Stage.DEPLOYMENT, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    stated = mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(MODE)
    # Of a service in mode ModelMesh KServe makes nothing anyway.
    if isinstance(stated, str) and NEW_MODE.get(stated, stated) not in ("Standard", "ModelMesh"):
        message = f"KServe {context.release.version} refuses its own first write to a service that asks for {stated}"
        path = ("metadata", "annotations", MODE)
        yield Problem(path, message, seen=stated, allowed="Standard, or no annotation")
