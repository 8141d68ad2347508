"""A host alias has no IP address, or a name that no host can have.

Host aliases become lines of /etc/hosts. The object is admitted, its Deployment is refused.

Fix: Write an IP address and lower-case host names.
Bad:
    hostAliases: [{ip: models.internal, hostnames: [models]}]
Good:
    hostAliases: [{ip: 10.0.0.7, hostnames: [models]}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("host-alias")
