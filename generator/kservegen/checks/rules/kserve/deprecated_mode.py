"""The deployment mode is called by its old name.

KServe's webhook rewrites RawDeployment to Standard and Serverless to Knative, so what is in Git never equals what is in
the cluster, and a GitOps tool shows a difference for ever.

Fix: Write Standard for RawDeployment, Knative for Serverless.
Severity: warning
Bad:
    metadata: {annotations: {serving.kserve.io/deploymentMode: RawDeployment}}
Good:
    metadata: {annotations: {serving.kserve.io/deploymentMode: Standard}}
Upstream: gitops 2.3; pkg/apis/serving/v1beta1/inference_service_defaults.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import MODE, NEW_MODE
from kservegen.core.document import mapping, text


@rule(Stage.ADVICE, "InferenceService", "InferenceGraph")
def check(resource: Resource, _context: Context) -> Problems:
    # As it was written: the defaulter has renamed it in what other rules see.
    mode = text(mapping(mapping(resource.authored.get("metadata")).get("annotations")).get(MODE))
    if mode in NEW_MODE:
        message = f"KServe rewrites {mode} to {NEW_MODE[mode]}"
        yield Problem(("metadata", "annotations", MODE), message, seen=mode, allowed=NEW_MODE[mode])
