"""A pod names a class, an account, a node or a host that cannot exist.

These names follow the law of the objects that they name. The object is admitted, its Deployment is refused.

Fix: Use lower-case letters, digits and '-', with a letter or digit at both ends.
Bad:
    priorityClassName: High_Priority
Good:
    priorityClassName: high-priority
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("pod-reference")
