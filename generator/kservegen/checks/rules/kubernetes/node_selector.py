"""A node selector asks for a label that no node can carry.

Its keys and values follow the law of labels. The object is admitted, its Deployment is refused.

Fix: Write the label as `kubectl get nodes --show-labels` prints it.
Bad:
    nodeSelector: {"gpu model": A100}
Good:
    nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("node-selector")
