"""The deployment mode of an existing service changes.

Another mode means other objects behind the service, and the webhook compares the annotation with the mode in the
service's status. v0.19 takes an empty status for Standard, so a new Knative service cannot be updated before its status
is written.

Fix: Keep the mode, or make a service of another name and remove this one.
Bad:
    annotations: {serving.kserve.io/deploymentMode: Knative}
    # was: Standard
Good:
    annotations: {serving.kserve.io/deploymentMode: Standard}
    # was: Standard
Upstream: ISVC-69; pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import MODE, NEW_MODE
from kservegen.core.document import mapping, text


@rule(Stage.ADMISSION, "InferenceService", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None:
        return
    recorded = text(mapping(old.doc.get("status")).get("deploymentMode"))
    capabilities = context.release.capabilities
    unrecorded = "Standard" if capabilities.empty_status_is_standard else ""
    before = (NEW_MODE.get(recorded, recorded) if capabilities.retired_modes_count else recorded) or unrecorded
    now = mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(MODE)
    if before and isinstance(now, str) and now != before:
        message = f"update rejected: deploymentMode cannot be changed from '{before}' to '{now}'"
        yield Problem(("metadata", "annotations", MODE), message, seen=now, allowed=before)
