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

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import CONTAINER_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, container=CONTAINER_LAWS["mount"])
