"""A graph has no root, or a step without one target of its own.

Requests enter at the node root. Every step leads to exactly one of nodeName, serviceName and serviceUrl, step names
differ within a node, and the weights of a Splitter are there and make 100.

Fix: Call the first node root, give each step one target, and weights that add up to 100 to a Splitter.
Bad:
    nodes: {root: {routerType: Splitter, steps: [{serviceName: a, weight: 20}, {serviceName: b, weight: 70}]}}
Good:
    nodes: {root: {routerType: Splitter, steps: [{serviceName: a, weight: 20}, {serviceName: b, weight: 80}]}}
Upstream: IG-02; IG-03; IG-04; IG-05; IG-06; IG-07; pkg/apis/serving/v1alpha1/inference_graph_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path

_TARGETS: Final = ("nodeName", "serviceName", "serviceUrl")
_WHOLE: Final = 100


@rule(Stage.ADMISSION, "InferenceGraph")
def check(resource: Resource, _context: Context) -> Problems:
    nodes = mapping(mapping(resource.doc.get("spec")).get("nodes"))
    if nodes.get("root") is None:
        message = "root node not found, InferenceGraph needs a node with name 'root' as the root node of the graph"
        yield Problem(("spec", "nodes"), message, at_key=True)
    for name, node in nodes.items():
        if isinstance(node, dict):
            steps = sequence(node.get("steps"))
            path: Path = ("spec", "nodes", name)
            yield from _steps((*path, "steps"), name, steps)
            if node.get("routerType") == "Splitter":
                yield from _weights(path, name, steps)


def _steps(path: Path, node: str, steps: JsonArray) -> Problems:
    seen: set[str] = set()
    for index, item in enumerate(steps):
        step = mapping(item)
        name = text(step.get("name"))
        if name and name in seen:
            message = f'Node "{node}" contains more than one step with name "{name}"'
            yield Problem((*path, index, "name"), message, seen=name, hint="Choose another name.")
        seen.add(name)
        yield from _target((*path, index), node, step)


def _target(path: Path, node: str, step: JsonObject) -> Problems:
    found = [field for field in _TARGETS if step.get(field)]
    if len(found) == 1:
        return
    what = f"specifies more than one of {', '.join(_TARGETS)}" if found else "does not specify an inference target"
    message = f'Step {path[-1]} ("{text(step.get("name"))}") in node "{node}" {what}'
    allowed = f"one of {', '.join(_TARGETS)}"
    yield Problem(path, message, seen=", ".join(found), allowed=allowed)


def _weights(path: Path, node: str, steps: JsonArray) -> Problems:
    weights = [integer(mapping(step).get("weight")) for step in steps]
    for index, weight in enumerate(weights):
        if weight is None:
            message = f"Node[{node}] Route[{text(mapping(steps[index]).get('serviceName'))}] missing the 'Weight'"
            yield Problem((*path, "steps", index), message, hint="Add a weight.")
    total = sum(weight or 0 for weight in weights)
    if total != _WHOLE and None not in weights:
        message = f"Node[{node}] splitter node: the sum of traffic weights for all routing targets should be 100"
        yield Problem((*path, "steps") if steps else path, message, seen=str(total), allowed="100")
