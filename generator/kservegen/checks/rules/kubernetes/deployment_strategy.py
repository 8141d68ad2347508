"""A deployment strategy is of no known type, or leaves no way to roll out.

Types are RollingUpdate and Recreate, only the first has rollingUpdate, and maxSurge and maxUnavailable are numbers or
percentages that are not both nothing. The object is admitted, its Deployment is refused.

Fix: Write type RollingUpdate with amounts such as 1 or 25%, or type Recreate alone.
Bad:
    deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}
Good:
    deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go; k8s.io/kubernetes
pkg/apis/apps/validation/validation.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.kubernetes.deployments import deployment_strategy


@rule(Stage.DEPLOYMENT, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in components_of(resource):
        if "deploymentStrategy" in component:
            yield from deployment_strategy(component["deploymentStrategy"], (*path, "deploymentStrategy"))
