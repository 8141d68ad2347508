"""A readiness or scheduling gate has no name that a gate can have.

Gates are qualified names, and a scheduling gate stands once. The object is admitted, its Deployment is refused.

Fix: Write a name such as example.com/warmed-up.
Bad:
    readinessGates: [{conditionType: "warmed up"}]
Good:
    readinessGates: [{conditionType: example.com/warmed-up}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("pod-gate")
