"""A volume has no name, an impossible one, or the name of another.

A volume's name is a DNS label that stands once in a pod. Where KServe merges the pod with a runtime's, twins collapse
into one; anywhere else the Deployment is refused.

Fix: Use lower-case letters, digits and '-', and another name for every volume.
Bad:
    volumes: [{name: model_cache, emptyDir: {}}]
Good:
    volumes: [{name: model-cache, emptyDir: {}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("volume-name")
