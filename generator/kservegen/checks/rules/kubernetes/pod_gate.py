"""A readiness or scheduling gate has no name that a gate can have.

Gates are qualified names, and a scheduling gate stands once. The object is admitted, its Deployment is refused.

Fix: Write a name such as example.com/warmed-up.
Bad:
    readinessGates: [{conditionType: "warmed up"}]
Good:
    readinessGates: [{conditionType: example.com/warmed-up}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["pod-gate"])
