"""A configuration builds on another configuration.

Only a service has baseRefs: KServe merges one level, and its webhook refuses more.

Fix: List all configurations in the baseRefs of the service, the more general first.
Bad:
    kind: LLMInferenceServiceConfig
    spec: {baseRefs: [{name: common}]}
Good:
    kind: LLMInferenceService
    spec: {baseRefs: [{name: common}, {name: special}]}
Upstream: LLMC-01; pkg/apis/serving/v1alpha2/llm_inference_service_config_validation.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping


@rule(Stage.ADMISSION, "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    if mapping(resource.doc.get("spec")).get("baseRefs"):
        message = "baseRefs is not a permitted field in LLMInferenceServiceConfig"
        yield Problem(("spec", "baseRefs"), message, at_key=True)
