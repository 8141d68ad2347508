"""A volume comes from two sources, or from one that lacks what it needs.

A volume has one source; without any it is an emptyDir. The object is admitted, its Deployment is refused.

Fix: Keep one source, and give it what is pointed at.
Bad:
    volumes: [{name: cache, emptyDir: {}, persistentVolumeClaim: {claimName: cache}}]
Good:
    volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("volume-source")
