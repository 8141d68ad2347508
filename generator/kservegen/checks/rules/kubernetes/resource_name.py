"""A container asks for a resource that has no such name.

A resource without a domain has to be one of Kubernetes' own; the Deployment is refused otherwise, after the object was
admitted.

Fix: Write the device plugin's full name, such as nvidia.com/gpu.
Bad:
    resources: {limits: {gpu: "1"}}
Good:
    resources: {limits: {nvidia.com/gpu: "1"}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import amounts_rule
from kservegen.checks.rules.view import exotic_amounts_of
from kservegen.kubernetes.resources import resource_names

RULE = amounts_rule(resource_names, exotic_amounts_of)
