"""A volume is mounted nowhere, at a path that climbs, or in a way that the container may not.

A mount has a path, a subPath stays within the volume, and only privileged containers pass mounts on to the node. The
object is admitted, its Deployment is refused.

Fix: Correct the path or the propagation that is pointed at.
Bad:
    volumeMounts: [{name: models, mountPath: /mnt/models, subPath: ../other}]
Good:
    volumeMounts: [{name: models, mountPath: /mnt/models, subPath: other}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("mount")
