"""A container has no name, an impossible one, or the name of another.

A container's name is a DNS label that stands once among the containers and init containers of a pod. The object is
admitted, its Deployment is refused. KServe itself names a component's first container.

Fix: Use lower-case letters, digits and '-', and another name for every container.
Bad:
    containers: [{name: kserve-container, image: example/app:v1}, {name: Log_Agent, image: example/log:v1}]
Good:
    containers: [{name: kserve-container, image: example/app:v1}, {name: log-agent, image: example/log:v1}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule, without_placeholders
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.checks.rules.view import pods_of
from kservegen.core.document import mapping, sequence
from kservegen.kserve.workloads import SERVING_CONTAINER, PodSpecAt
from kservegen.kubernetes.containers import container_names

_ALWAYS_RENAMED: Final = frozenset({"transformer", "explainer"})


@rule(Stage.DEPLOYMENT, *POD_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    for pod in pods_of(resource):
        yield from without_placeholders(container_names(pod, _first_name(pod)))


def _first_name(pod: PodSpecAt) -> str:
    """Say what KServe's defaulter calls the first container of a component, empty where it leaves the name alone."""
    if pod.role in _ALWAYS_RENAMED:
        return SERVING_CONTAINER
    listed = sequence(pod.spec.get("containers"))
    if pod.role != "predictor" or pod.partial or not listed:
        return ""
    return SERVING_CONTAINER if len(listed) == 1 or not mapping(listed[0]).get("name") else ""
