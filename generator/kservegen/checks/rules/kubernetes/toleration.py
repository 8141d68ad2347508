"""A toleration is not one that a pod may have.

Operators are Equal and Exists, effects NoSchedule, PreferNoSchedule and NoExecute, all spelt like this, and Exists
takes no value. The object is admitted, its Deployment is refused.

Fix: Write operator Exists without a value, or Equal with one, and an effect of Kubernetes or none.
Bad:
    tolerations: [{key: nvidia.com/gpu, operator: Exists, value: present, effect: NoSchedule}]
Good:
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["toleration"])
