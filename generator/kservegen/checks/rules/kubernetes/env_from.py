"""An entry of envFrom names no source, two, or one that cannot exist.

Every entry takes all keys of exactly one ConfigMap or Secret. The object is admitted, its Deployment is refused.

Fix: Give every entry either configMapRef or secretRef, with a name.
Bad:
    envFrom: [{prefix: HF_}]
Good:
    envFrom: [{prefix: HF_, secretRef: {name: hugging-face}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import CONTAINER_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, container=CONTAINER_LAWS["env-from"])
