"""A resource claim is not declared as a pod declares it, or not declared at all.

A pod lists its claims, each by one name of a ResourceClaim or a ResourceClaimTemplate, and a container uses what the
pod lists. The object is admitted, its Deployment is refused.

Fix: List the claim under resourceClaims of the pod, with resourceClaimName or resourceClaimTemplateName.
Bad:
    resourceClaims: [{name: gpu}]
Good:
    resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("resource-claim")
