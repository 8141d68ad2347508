"""A GPU or another extended resource is not asked for in whole pieces, as many as its limit.

Extended resources are never overcommitted nor divided: the request has to equal the limit, be whole, and cannot stand
without a limit. The Deployment is refused otherwise, after the object was admitted.

Fix: Write the same whole number under requests and limits, or under limits alone.
Bad:
    resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "2"}}
Good:
    resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "1"}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from functools import partial

from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.checks.rules.view import containers_of, exotic_amounts_of, of_kind
from kservegen.kserve.workloads import containers
from kservegen.kubernetes.resources import Amount, amounts_in, extended_resources


@rule(Stage.DEPLOYMENT, *POD_KINDS, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    amounts = exotic_amounts_of(resource)
    return extended_resources(amounts, partial(_is_lent, resource, context)) if amounts else iter(())


def _is_lent(resource: Resource, context: Context, amount: Amount) -> bool:
    """Whether a limit may be merged in from a ServingRuntime of the environment."""
    merged = (at for at in containers_of(resource) if at.role in {"predictor", "worker"} and not at.init)
    if amount.at.path not in {at.path for at in merged}:
        return False
    runtimes = (*of_kind(context, "ServingRuntime"), *of_kind(context, "ClusterServingRuntime"))
    lent = (brought for runtime in runtimes for at in containers(runtime) for brought in amounts_in(at))
    return any(brought.side == "limits" and brought.name == amount.name for brought in lent)
