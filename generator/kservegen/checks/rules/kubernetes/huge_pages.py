"""Huge pages are not asked for in whole pages, as many as the limit, beside cpu or memory.

Huge pages are never overcommitted: requests equal limits, amounts are multiples of the page, and the container asks for
cpu or memory too. The object is admitted, its Deployment is refused.

Fix: Write the same multiple of the page's size under limits and requests, or under limits alone.
Bad:
    resources: {limits: {hugepages-2Mi: 3Mi, memory: 1Gi}}
Good:
    resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import amounts_rule
from kservegen.checks.rules.view import exotic_amounts_of
from kservegen.kubernetes.resources import huge_pages

RULE = amounts_rule(huge_pages, exotic_amounts_of)
