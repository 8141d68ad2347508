"""A pod's DNS policy or configuration is not one that a pod may have.

Policies are ClusterFirst, ClusterFirstWithHostNet, Default and None; None needs a nameserver of its own, of which there
are at most three. The object is admitted, its Deployment is refused.

Fix: Choose a policy of Kubernetes, and write nameservers as IP addresses.
Bad:
    dnsPolicy: Cluster
Good:
    dnsPolicy: ClusterFirst
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("dns")
