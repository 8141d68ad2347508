"""The scheduler of an LLM service has no replica, or not exactly one configuration.

A block config means that there is one: inline, with something in it, or a ref that names a ConfigMap and its key.
Without the block the preset's own configuration is used.

Fix: Write inline or ref, not both, or leave config out.
Bad:
    router: {scheduler: {config: {}}}
Good:
    router: {scheduler: {config: {ref: {name: my-scheduler, key: epp}}}}
Upstream: LLM-12; LLM-13; LLM-14; LLM-15; LLM-16; LLMC-02; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-scheduler", "LLMInferenceService", "LLMInferenceServiceConfig")
