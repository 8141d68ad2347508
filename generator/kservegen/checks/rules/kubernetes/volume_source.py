"""A volume comes from two sources, or from one that lacks what it needs.

A volume has one source; without any it is an emptyDir. The object is admitted, its Deployment is refused.

Fix: Keep one source, and give it what is pointed at.
Bad:
    volumes: [{name: cache, emptyDir: {}, persistentVolumeClaim: {claimName: cache}}]
Good:
    volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["volume-source"])
