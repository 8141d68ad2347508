"""The parallelism of an LLM service contradicts itself.

Workers serve either data or pipeline parallelism, and without one of them there is nothing for a worker to do; data
comes with dataLocal, its share per node. The same holds for prefill.

Fix: Set data and dataLocal together, or pipeline alone.
Bad:
    spec: {parallelism: {tensor: 4}, worker: {containers: [{name: main}]}}
Good:
    spec: {parallelism: {data: 16, dataLocal: 8}, worker: {containers: [{name: main}]}}
Upstream: LLM-05; LLM-06; LLM-07; LLM-08; LLM-09; LLM-10; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-parallelism", "LLMInferenceService")
