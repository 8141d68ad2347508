"""A step of a graph is never taken.

A Switch takes the first step whose condition holds; one without a condition holds never, and where none holds the
caller gets 404. A node that no step leads to from root is never entered.

Fix: Give each step of a Switch a condition, and lead to each node by nodeName.
Severity: warning
Bad:
    nodes: {root: {routerType: Switch, steps: [{serviceName: a}]}}
Good:
    nodes: {root: {routerType: Switch, steps: [{serviceName: a, condition: 'instances.#(kind=="a")'}]}}
Upstream: kserve rules, section 4 (not checked by any webhook); cmd/router/main.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject


@rule(Stage.RUN, "InferenceGraph")
def check(resource: Resource, _context: Context) -> Problems:
    nodes = mapping(mapping(resource.doc.get("spec")).get("nodes"))
    if "root" not in nodes:
        return
    entered = _entered(nodes)
    for name, node in nodes.items():
        if name not in entered:
            yield Problem(("spec", "nodes", name), f"no step leads from root to node {name!r}", at_key=True)
        elif mapping(node).get("routerType") == "Switch":
            yield from _switch(name, mapping(node))


def _entered(nodes: JsonObject) -> set[str]:
    """Follow the steps from root."""
    found, ahead = {"root"}, ["root"]
    while ahead:
        for step in sequence(mapping(nodes.get(ahead.pop())).get("steps")):
            target = text(mapping(step).get("nodeName"))
            if target and target not in found:
                found.add(target)
                ahead.append(target)
    return found


def _switch(name: str, node: JsonObject) -> Problems:
    steps = [mapping(step) for step in sequence(node.get("steps"))]
    without = [index for index, step in enumerate(steps) if not text(step.get("condition"))]
    # Where no step is ever taken, the graph answers nothing.
    severity = Severity.ERROR if len(without) == len(steps) else None
    for index in without:
        message = "a step of a Switch without a condition is never taken"
        yield Problem(("spec", "nodes", name, "steps", index), message, at_key=True, severity=severity)
