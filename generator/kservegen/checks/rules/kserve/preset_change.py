"""One of KServe's own presets changes.

Every LLM service of the cluster is built on the presets, and the next release of the chart overwrites them. The webhook
warns, of a change as of a removal.

Fix: Make a configuration of another name, and list it in the baseRefs of the services that want it.
Severity: warning
Bad:
    kind: LLMInferenceServiceConfig
    metadata: {name: kserve-config-llm-template, namespace: kserve}
Good:
    kind: LLMInferenceServiceConfig
    metadata: {name: our-template, namespace: kserve}
Upstream: LLMC-04; LLMC-05; pkg/apis/serving/v1alpha2/llm_inference_service_config_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.jsontypes import JsonValue

_PRESETS: Final = frozenset(
    f"kserve-config-llm-{part}"
    for part in (
        "template",
        "decode-template",
        "prefill-template",
        "worker-data-parallel",
        "decode-worker-data-parallel",
        "prefill-worker-data-parallel",
        "scheduler",
        "router-route",
    )
)


@rule(Stage.ADMISSION, "LLMInferenceServiceConfig", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None or resource.id.name not in _PRESETS or _is_kept(old.doc.get("spec"), resource.doc.get("spec")):
        return
    name = f"{resource.id.namespace}/{resource.id.name}"
    yield Problem(("spec",), f"modifying well-known config {name} is not recommended", at_key=True)


def _is_kept(before: JsonValue, now: JsonValue) -> bool:
    """Whether all that was said still is: what is added is no change to the webhook (apimachinery, DeepDerivative)."""
    if not before and not isinstance(before, bool):
        return True
    if isinstance(before, dict) and isinstance(now, dict):
        return all(_is_kept(value, now.get(key)) for key, value in before.items())
    if isinstance(before, list) and isinstance(now, list):
        return len(before) <= len(now) and all(_is_kept(*pair) for pair in zip(before, now, strict=False))
    return before == now
