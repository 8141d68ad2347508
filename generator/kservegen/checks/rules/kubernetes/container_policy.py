"""A policy of a container is not one of Kubernetes'.

Images are pulled Always, IfNotPresent or Never, the last words of a container come from a File or
FallbackToLogsOnError, and only cpu and memory are resized. The object is admitted, its Deployment is refused.

Fix: Write one of the allowed words, in this very spelling.
Bad:
    imagePullPolicy: if-not-present
Good:
    imagePullPolicy: IfNotPresent
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import CONTAINER_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, container=CONTAINER_LAWS["container-policy"])
