"""An amount is beyond what Kubernetes counts with.

The API server stores any number of digits, the scheduler and the kubelet count in 64 bits: what is larger comes out as
another number, and the pod is never placed, or placed where it does not fit.

Fix: Write an amount between 0 and 9223372036854775807 (2^63-1).
Bad:
    resources: {requests: {memory: 1e99999999}}
Good:
    resources: {requests: {memory: 16Gi}}
Upstream: k8s.io/apimachinery pkg/api/resource/quantity.go (Value, MilliValue); amount.go (int64Amount)
"""

from kservegen.checks.rules.base import Stage
from kservegen.checks.rules.kubernetes._laws import amounts_rule
from kservegen.checks.rules.view import amounts_of
from kservegen.kubernetes.resources import uncountable_amounts

RULE = amounts_rule(uncountable_amounts, amounts_of, Stage.RUN)
