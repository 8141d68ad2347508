"""A node cannot create a container of the pod.

The API server takes the pod, and the kubelet or the container runtime refuses it for ever: a name that no image can
have (InvalidImageName), a working folder that is no absolute path (RunContainerError), a container that is to run as
root and must not (CreateContainerConfigError).

Fix: Write the image in lower case without blanks, an absolute path, and a user other than 0 beside runAsNonRoot.
Bad:
    containers: [{name: main, image: "registry.example.com/Team/Model :v1"}]
Good:
    containers: [{name: main, image: "registry.example.com/team/model:v1"}]
Upstream: pkg/kubelet/kuberuntime/security_context.go; github.com/distribution/reference; runc's configs/validate
"""

from kservegen.checks.rules._made import once, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.kubelet import refused_by_node


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(_problems(resource, context))


def _problems(resource: Resource, context: Context) -> Problems:
    for view, made in pods_made(resource, context):
        for problem in refused_by_node(mapping(mapping(made.pod).get("spec"))):
            place = view.where(made.origins, ("spec", *problem.path))
            yield Problem(place.path, f"{problem.message}{place.told}", problem.seen, problem.allowed)
