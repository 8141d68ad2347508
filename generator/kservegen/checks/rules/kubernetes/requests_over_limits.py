"""A container requests more than its limit.

A custom resource is admitted with it, but the Deployment that the controller makes of it is refused: the object stays
without a workload and the reason stands in an event only.

Fix: Raise the limit to the request, or lower the request.
Bad:
    resources: {requests: {memory: 8Gi}, limits: {memory: 6Gi}}
Good:
    resources: {requests: {memory: 6Gi}, limits: {memory: 6Gi}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import amounts_rule
from kservegen.checks.rules.view import amounts_of
from kservegen.kubernetes.resources import requests_over_limits

RULE = amounts_rule(requests_over_limits, amounts_of)
