"""A pod's preemption policy or operating system is not one that Kubernetes knows.

Pods preempt as PreemptLowerPriority or Never and run on linux or windows, each with security options of its own. The
object is admitted, its Deployment is refused.

Fix: Write one of the allowed words, and leave out what the other operating system has.
Bad:
    os: {name: Linux}
Good:
    os: {name: linux}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["pod-policy"])
