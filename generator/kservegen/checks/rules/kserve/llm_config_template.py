"""A placeholder in the configuration cannot be filled.

KServe's webhook fills the whole spec as a Go template from a sample service and GlobalConfig, and refuses a
configuration that this fails on.

Fix: Write a field of the service, such as {{ .Name }} or {{ .Spec.Model.Name }}, or remove the braces.
Bad:
    spec: {template: {containers: [{name: main, args: ["{{ .Nope }}"]}]}}
Good:
    spec: {template: {containers: [{name: main, args: ["{{ .Name }}"]}]}}
Upstream: LLMC-03; pkg/apis/serving/v1alpha2/llm_inference_service_config_validation.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._templates import LLM_SERVICE, mistake_in


@rule(Stage.ADMISSION, "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    found = mistake_in(resource.doc.get("spec"), ("spec",), LLM_SERVICE)
    if found is not None:
        yield found.problem("failed to merge config")
