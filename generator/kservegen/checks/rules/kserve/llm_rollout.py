"""The rollout of an LLM workload cannot go on, or its bounds are none.

maxUnavailable and maxSurge are whole numbers from 0, or percentages up to 100%. If both come to nothing of one replica,
no pod may go and none may come. A workload that spans nodes needs maxSurge beside maxUnavailable 0: its default is 0.

Fix: Raise maxSurge or maxUnavailable, or leave rolloutStrategy out.
Bad:
    rolloutStrategy: {maxUnavailable: 0, maxSurge: 0}
Good:
    rolloutStrategy: {maxUnavailable: 0, maxSurge: 1}
Upstream: kserve versions, part 3; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-rollout", "LLMInferenceService")
