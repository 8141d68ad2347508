"""A pod asks for namespaces of its node that it cannot have together.

With users of its own a pod has none of the node's network, processes or IPC, and it cannot share its processes while it
sees the node's. The object is admitted, its Deployment is refused.

Fix: Give up one of the two fields.
Bad:
    {hostUsers: false, hostNetwork: true}
Good:
    hostUsers: false
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("host-namespace")
