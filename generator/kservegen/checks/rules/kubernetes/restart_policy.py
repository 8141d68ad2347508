"""A pod is not to be restarted, or to end, as no pod of a Deployment is.

Pods of a Deployment have restartPolicy Always and no activeDeadlineSeconds. The object is admitted, its Deployment is
refused.

Fix: Remove the field.
Bad:
    restartPolicy: OnFailure
Good:
    restartPolicy: Always
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go; k8s.io/kubernetes
pkg/apis/apps/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["restart-policy"])
