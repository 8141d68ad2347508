"""Nothing scales an LLM service.

The field is there, and no controller of the release reads it: no autoscaler is made, and the workload has one pod.

Fix: Write replicas, or upgrade KServe.
Severity: warning
Bad:
    spec: {model: {uri: hf://org/model}, scaling: {minReplicas: 2, maxReplicas: 4, wva: {hpa: {}}}}
Good:
    spec: {model: {uri: hf://org/model}, replicas: 2}
Upstream: kserve versions, part 5.3; pkg/controller/v1alpha2/llmisvc at v0.17.0
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import value_at

_SCALING: Final = (("spec", "scaling"), ("spec", "prefill", "scaling"))


@rule(Stage.RUN, "LLMInferenceService")
def check(resource: Resource, context: Context) -> Problems:
    for path in _SCALING:
        if isinstance(value_at(resource.doc, path), dict):
            message = f"KServe {context.release.version} makes no autoscaler of it: the workload has one pod"
            yield Problem(path, message, at_key=True)
