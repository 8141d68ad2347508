"""A pod names a class, an account, a node or a host that cannot exist.

These names follow the law of the objects that they name. The object is admitted, its Deployment is refused.

Fix: Use lower-case letters, digits and '-', with a letter or digit at both ends.
Bad:
    priorityClassName: High_Priority
Good:
    priorityClassName: high-priority
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["pod-reference"])
