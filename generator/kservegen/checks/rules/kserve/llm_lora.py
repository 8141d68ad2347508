"""A LoRA adapter has no name of its own, or the limits of LoRA are below 1.

Clients ask for an adapter by its name, as they do for the base model, and it is a folder in the pod: it must be there,
differ from all others and from the model's own name, and be neither . nor ... . For v1alpha1 the controller says so
later.

Fix: Name each adapter, unlike the model and the other adapters.
Bad:
    model: {uri: hf://a/b, name: base, lora: {adapters: [{name: base, uri: hf://a/c}]}}
Good:
    model: {uri: hf://a/b, name: base, lora: {adapters: [{name: tuned, uri: hf://a/c}]}}
Upstream: LLM-28; LLM-29; LLM-30; LLM-31; LLM-32; LLM-C01; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-lora", "LLMInferenceService")
