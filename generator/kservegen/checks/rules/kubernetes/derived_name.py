"""An object in; findings out where a Deployment made of it would have the name of one made of another object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._settings import deployment_mode, namespace
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import of_kind
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource
from kservegen.kserve.derived import derived_of

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kubernetes/derived-name",
    title="A graph and a service are to become Deployments of one name",
    why="KServe names the Deployments of a service {name}-predictor, -transformer, -explainer and -predictor-worker, "
    "those of an LLMInferenceService {name}-kserve and {name}-kserve-prefill, and that of a graph like the graph. Of "
    "two objects whose Deployments share a name one is never deployed, or takes the other's over.",
    fix="Rename one of the two.",
    bad="kind: InferenceGraph\nmetadata: {name: iris-predictor}  # beside the InferenceService iris",
    good="kind: InferenceGraph\nmetadata: {name: iris-graph}",
    upstream=("kserve rules, section 12", "controller v1alpha1 inferencegraph/raw_ig.go"),
)

# Only a graph's Deployment has no ending that tells what it is of: every collision is one with a graph.
_GRAPH: Final = "InferenceGraph"
_OTHERS: Final = ("InferenceService", "LLMInferenceService")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    own = _deployments(resource, context)
    for kind in _OTHERS:
        for other in of_kind(context, kind):
            for _, name in sorted(own & _deployments(other, context)):
                yield _finding(name, other)


def _deployments(resource: Resource, context: Context) -> frozenset[tuple[str, str]]:
    """Name the Deployments that the controllers make of an object, each in its namespace."""
    spec, mode = mapping(resource.doc.get("spec")), deployment_mode(resource, context)
    made = derived_of(resource.kind, resource.id.name, spec, mode)
    return frozenset((namespace(resource), derived.name) for derived in made if derived.pods == "Deployment")


def _finding(name: str, other: Resource) -> Finding:
    message = f"the Deployment {name} would also be made of {other.id}"
    return Finding(rule=META.id, path=("metadata", "name"), message=message, hint=META.fix, seen=name)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({_GRAPH}))
