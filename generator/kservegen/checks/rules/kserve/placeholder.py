"""A placeholder in a container's text cannot be filled from the service's metadata.

KServe reads the runtime's container, with what the model changes of it, as a Go template and fills it from metadata:
{{.Name}}, {{.Namespace}}, {{.Labels.x}}, {{.Annotations.x}}. Where that fails there is no workload, with reason
InvalidPredictorSpec: failed to replace placeholders in serving runtime. So braces of another language, such as those of
a chat template, cannot stand in an argument.

Fix: Write a field of the metadata, or keep the text in a file of the image or of a ConfigMap.
Bad:
    model: {modelFormat: {name: sklearn}, args: ["--x={{.Nope}}"]}
Good:
    model: {modelFormat: {name: sklearn}, args: ["--x={{.Name}}"]}
Upstream: ISVC-C12; controller v1beta1 inferenceservice/utils/utils.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._templates import METADATA, mistake_in
from kservegen.checks.rules.view import containers_of
from kservegen.kserve.workloads import FRAMEWORKS

# Fields of a model that are no fields of its container.
_OUTSIDE: Final = frozenset(
    {"modelFormat", "protocolVersion", "runtime", "runtimeVersion", "storage", "storageUri", "confidential"}
)
_ALLOWED: Final = "{{.Name}}, {{.Namespace}}, {{.Labels.x}}, {{.Annotations.x}}"
_MODEL_FIELDS: Final = frozenset({"model", *FRAMEWORKS})


@rule(Stage.DEPLOYMENT, "InferenceService", "ServingRuntime", "ClusterServingRuntime")
def check(resource: Resource, _context: Context) -> Problems:
    service = resource.kind == "InferenceService"
    for at in containers_of(resource):
        # A service's own containers are taken as they are, but for those that a runtime's are laid under.
        if at.init or not at.serving or (service and at.role != "worker" and at.path[-1] not in _MODEL_FIELDS):
            continue
        found = mistake_in(at.container, at.path, METADATA, without=_OUTSIDE)
        if found is not None:
            yield found.problem("failed to replace placeholders", _ALLOWED)
