"""A pod's preemption policy or operating system is not one that Kubernetes knows.

Pods preempt as PreemptLowerPriority or Never and run on linux or windows, each with security options of its own. The
object is admitted, its Deployment is refused.

Fix: Write one of the allowed words, and leave out what the other operating system has.
Bad:
    os: {name: Linux}
Good:
    os: {name: linux}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("pod-policy")
