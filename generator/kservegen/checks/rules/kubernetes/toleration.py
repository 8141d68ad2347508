"""A toleration is not one that a pod may have.

Operators are Equal and Exists, effects NoSchedule, PreferNoSchedule and NoExecute, all spelt like this, and Exists
takes no value. The object is admitted, its Deployment is refused.

Fix: Write operator Exists without a value, or Equal with one, and an effect of Kubernetes or none.
Bad:
    tolerations: [{key: nvidia.com/gpu, operator: Exists, value: present, effect: NoSchedule}]
Good:
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("toleration")
