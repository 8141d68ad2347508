"""A container requests more than its limit.

A custom resource is admitted with it, but the Deployment that the controller makes of it is refused: the object stays
without a workload and the reason stands in an event only.

Fix: Raise the limit to the request, or lower the request.
Bad:
    resources: {requests: {memory: 8Gi}, limits: {memory: 6Gi}}
Good:
    resources: {requests: {memory: 6Gi}, limits: {memory: 6Gi}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from msgspec.structs import replace

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.checks.rules.view import amounts_of
from kservegen.kserve.defaulting.model import default_limit
from kservegen.kubernetes.resources import requests_over_limits


@rule(Stage.DEPLOYMENT, *POD_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    for problem in requests_over_limits(amounts_of(resource)):
        yield _by_default(problem) if resource.kind == "InferenceService" else problem


def _by_default(problem: Problem) -> Problem:
    """Say whose limit it is where the service states none."""
    if problem.other is None:
        return problem
    whose, setting = default_limit(str(problem.path[-1]))
    return problem._replace(other=replace(problem.other, default=whose, setting=setting))
