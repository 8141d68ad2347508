"""A pod's topology spread constraints in; findings out where the API server refuses one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, bounded, choice, counted, maps, required, word
from kservegen.checks.rules.kubernetes._match_keys import match_label_keys
from kservegen.checks.rules.kubernetes._selectors import label_selector
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/topology-spread",
    title="A topology spread constraint is not one that a pod may have",
    why="maxSkew is at least 1, topologyKey names a label of nodes, whenUnsatisfiable is DoNotSchedule or "
    "ScheduleAnyway, and a pair of these two stands once. The object is admitted, its Deployment is refused.",
    fix="Correct the field that is pointed at.",
    bad="topologySpreadConstraints: [{maxSkew: 0, topologyKey: topology.kubernetes.io/zone, "
    "whenUnsatisfiable: ScheduleAnyway}]",
    good="topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, "
    "whenUnsatisfiable: ScheduleAnyway}]",
    upstream=SOURCE,
)

_ACTIONS: Final = ("DoNotSchedule", "ScheduleAnyway")
_POLICIES: Final = ("Honor", "Ignore")


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for constraint, path in maps(value, place.path):
        yield from _constraint(constraint, path)
        pair = (text(constraint.get("topologyKey")), text(constraint.get("whenUnsatisfiable")))
        if pair in seen and not place.overlaid:
            yield Problem(path, f"duplicate of a constraint for {pair[0]} with {pair[1]}", " ".join(pair))
        seen.add(pair)


def _constraint(constraint: JsonObject, path: Path) -> Iterator[Problem]:
    action = text(constraint.get("whenUnsatisfiable"))
    yield from counted(constraint, "maxSkew", path, 1)
    yield from required(constraint, "topologyKey", path)
    yield from required(constraint, "whenUnsatisfiable", path)
    yield from choice(constraint, "whenUnsatisfiable", path, _ACTIONS)
    yield from bounded(constraint, "minDomains", path, 1)
    if constraint.get("minDomains") is not None and action != "DoNotSchedule":
        yield Problem((*path, "minDomains"), "minDomains needs whenUnsatisfiable to be DoNotSchedule", action)
    for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        yield from word(constraint, field, path, _POLICIES)
    yield from label_selector(constraint.get("labelSelector"), (*path, "labelSelector"))
    yield from match_label_keys(constraint, path)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"topologySpreadConstraints": _judge})
