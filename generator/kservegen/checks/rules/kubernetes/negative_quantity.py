"""A container requests or limits a negative amount.

A custom resource is admitted with it, but the Deployment that the controller makes of it is refused.

Fix: Write an amount of at least 0.
Bad:
    resources: {limits: {memory: -1Gi}}
Good:
    resources: {limits: {memory: 1Gi}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import amounts_rule
from kservegen.checks.rules.view import amounts_of
from kservegen.kubernetes.resources import negative_amounts

RULE = amounts_rule(negative_amounts, amounts_of)
