"""A term of a pod's affinity is not one that the API server takes.

Operators are In, NotIn, Exists, DoesNotExist and, for nodes, Gt and Lt; In and NotIn need values, Exists and
DoesNotExist forbid them, weights go from 1 to 100. The object is admitted, its Deployment is refused.

Fix: Correct the operator, values, key, weight or topologyKey that is pointed at.
Bad:
    affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: Is, values: [a100]}]}]}}}
Good:
    affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: In, values: [a100]}]}]}}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""  # noqa: E501 - a sample

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("affinity")
