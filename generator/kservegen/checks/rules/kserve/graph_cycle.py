"""A request goes round in a graph for ever.

The router follows nodeName as it comes: a node that leads back to itself, by steps that are always taken, calls itself
until the router falls over. A condition, or a Splitter with another way, may end a circle: such ones are left alone.

Fix: Lead the last step to a service, or give the step that closes the circle a condition.
Bad:
    nodes: {root: {routerType: Sequence, steps: [{nodeName: root}]}}
Good:
    nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}
Upstream: cmd/router/main.go (routeStep)
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path

_WHOLE: Final = 100


@rule(Stage.RUN, "InferenceGraph")
def check(resource: Resource, _context: Context) -> Problems:
    nodes = mapping(mapping(resource.doc.get("spec")).get("nodes"))
    steps = {name: tuple(_always(mapping(node), ("spec", "nodes", name, "steps"))) for name, node in nodes.items()}
    done: set[str] = set()
    # Depth first from the root: each node with the steps that are still to be followed from it.
    way: dict[str, Iterator[tuple[str, Path]]] = {"root": iter(steps.get("root", ()))}
    while way:
        here = next(reversed(way))
        target, path = next(way[here], ("", ()))
        if not target:
            done.add(here)
            del way[here]
        elif target in way:
            circle = [*list(way)[list(way).index(target) :], target]
            yield Problem(path, f"a request goes round for ever: {' to '.join(circle)}", seen=target)
        elif target in steps and target not in done:
            way[target] = iter(steps[target])


def _always(node: JsonObject, path: Path) -> Iterator[tuple[str, Path]]:
    """List the nodes that a node leads to whatever the request holds, and where it says so."""
    kind = text(node.get("routerType"))
    for index, item in enumerate(sequence(node.get("steps"))):
        step = mapping(item)
        is_taken = {
            "Sequence": not text(step.get("condition")),
            "Ensemble": True,
            "Splitter": integer(step.get("weight")) == _WHOLE,
        }.get(kind, False)
        if is_taken and text(step.get("nodeName")):
            yield text(step.get("nodeName")), (*path, index, "nodeName")
