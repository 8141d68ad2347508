"""A placeholder in the service's text cannot be filled.

The controller lays the service over its presets and reads the whole as a Go template, filled from the service itself
and GlobalConfig. Where that fails there is no workload but the condition CombineBaseError: failed to merge config.

Fix: Write a field of the service, such as {{ .Name }} or {{ .Spec.Model.Name }}, or remove the braces.
Bad:
    spec: {template: {containers: [{name: main, args: ["{{ .Nope }}"]}]}}
Good:
    spec: {template: {containers: [{name: main, args: ["{{ .Name }}"]}]}}
Upstream: kserve rules, section 12; controller v1alpha2 llmisvc/config_merge.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._templates import LLM_SERVICE, mistake_in


@rule(Stage.DEPLOYMENT, "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    found = mistake_in(resource.doc.get("spec"), ("spec",), LLM_SERVICE)
    if found is not None:
        yield found.problem("failed to merge config")
