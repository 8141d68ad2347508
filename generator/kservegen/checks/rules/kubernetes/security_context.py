"""A security context says something that no pod may say.

Users and groups are numbers from 0 to 2147483647, profiles are RuntimeDefault, Unconfined or Localhost with a path, and
a privileged container escalates. The object is admitted, its Deployment is refused.

Fix: Correct the field that is pointed at.
Bad:
    securityContext: {runAsUser: -1}
Good:
    securityContext: {runAsUser: 1000}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("security-context")
