"""A pod's DNS policy or configuration is not one that a pod may have.

Policies are ClusterFirst, ClusterFirstWithHostNet, Default and None; None needs a nameserver of its own, of which there
are at most three. The object is admitted, its Deployment is refused.

Fix: Choose a policy of Kubernetes, and write nameservers as IP addresses.
Bad:
    dnsPolicy: Cluster
Good:
    dnsPolicy: ClusterFirst
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import POD_LAWS

RULE: Final = field_rule(Stage.DEPLOYMENT, *POD_KINDS, pod=POD_LAWS["dns"])
