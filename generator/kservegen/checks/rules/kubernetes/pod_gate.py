"""A pod's readiness and scheduling gates in; findings out where one has no name that a condition can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.kubernetes._selectors import label_key
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/pod-gate",
    title="A readiness or scheduling gate has no name that a gate can have",
    why="Gates are qualified names, and a scheduling gate stands once. The object is admitted, its Deployment is "
    "refused.",
    fix="Write a name such as example.com/warmed-up.",
    bad='readinessGates: [{conditionType: "warmed up"}]',
    good="readinessGates: [{conditionType: example.com/warmed-up}]",
    upstream=SOURCE,
)


def _readiness(value: JsonValue, place: Place) -> Iterator[Problem]:
    for gate, path in maps(value, place.path):
        yield from label_key(gate, "conditionType", path)


def _scheduling(value: JsonValue, place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for gate, path in maps(value, place.path):
        yield from label_key(gate, "name", path)
        name = text(gate.get("name"))
        if name and name in names and not place.overlaid:
            yield Problem((*path, "name"), f"two scheduling gates are called {name!r}", name)
        names.add(name)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"readinessGates": _readiness, "schedulingGates": _scheduling})
