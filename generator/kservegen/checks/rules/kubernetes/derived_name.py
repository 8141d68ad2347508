"""A graph and a service are to become Deployments of one name.

KServe names the Deployments of a service {name}-predictor, -transformer, -explainer and -predictor-worker, those of an
LLMInferenceService {name}-kserve and {name}-kserve-prefill, and that of a graph like the graph. Of two objects whose
Deployments share a name one is never deployed, or takes the other's over.

Fix: Rename one of the two.
Bad:
    kind: InferenceGraph
    metadata: {name: iris-predictor}  # beside the InferenceService iris
Good:
    kind: InferenceGraph
    metadata: {name: iris-graph}
Upstream: kserve rules, section 12; controller v1alpha1 inferencegraph/raw_ig.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.checks.rules.view import of_kind
from kservegen.core.document import mapping
from kservegen.kserve.derived import derived_of

# Only a graph's Deployment has no ending that tells what it is of: every collision is one with a graph.
_GRAPH: Final = "InferenceGraph"
_OTHERS: Final = ("InferenceService", "LLMInferenceService")


@rule(Stage.DEPLOYMENT, _GRAPH, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    own = _deployments(resource, context)
    for kind in _OTHERS:
        for other in of_kind(context, kind):
            for _, name in sorted(own & _deployments(other, context)):
                yield _problem(name, other)


def _deployments(resource: Resource, context: Context) -> frozenset[tuple[str, str]]:
    """Name the Deployments that the controllers make of an object, each in its namespace."""
    spec, mode = mapping(resource.doc.get("spec")), deployment_mode(resource, context)
    made = derived_of(resource.kind, resource.id.name, spec, mode)
    return frozenset((namespace(resource), derived.name) for derived in made if derived.pods == "Deployment")


def _problem(name: str, other: Resource) -> Problem:
    message = f"the Deployment {name} would also be made of {other.id}"
    return Problem(("metadata", "name"), message, name)
