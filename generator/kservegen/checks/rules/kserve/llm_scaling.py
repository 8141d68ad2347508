"""The autoscaling of an LLM workload is incomplete, or sets what KServe sets.

scaling means the workload variant autoscaler (wva) with exactly one actuator, hpa or keda, the same for decode and
prefill. It owns the metric's formula and the name of the HPA. An idleReplicaCount is below minReplicas, which is 1
unless said otherwise. Where the release has scaling.keda beside wva, that takes triggers of its own, and one of the
two on both sides.

Fix: Write scaling.wva with hpa or keda, and leave to KServe what it sets.
Bad:
    scaling: {maxReplicas: 3, wva: {}}
Good:
    scaling: {maxReplicas: 3, wva: {hpa: {}}}
Upstream: LLM-19; LLM-20; LLM-21; LLM-22; LLM-23; LLM-24; LLM-25; LLM-26; LLM-27;
kserve versions, part 3;
pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-scaling", "LLMInferenceService")
