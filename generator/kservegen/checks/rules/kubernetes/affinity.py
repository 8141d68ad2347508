"""A pod's affinity in; findings out where the API server refuses a term of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, counted, maps, texts
from kservegen.checks.rules.kubernetes._match_keys import match_label_keys
from kservegen.checks.rules.kubernetes._selectors import label_key, label_selector, node_term
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/affinity",
    title="A term of a pod's affinity is not one that the API server takes",
    why="Operators are In, NotIn, Exists, DoesNotExist and, for nodes, Gt and Lt; In and NotIn need values, Exists and "
    "DoesNotExist forbid them, weights go from 1 to 100. The object is admitted, its Deployment is refused.",
    fix="Correct the operator, values, key, weight or topologyKey that is pointed at.",
    bad="affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
    "[{matchExpressions: [{key: gpu, operator: Is, values: [a100]}]}]}}}",
    good="affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
    "[{matchExpressions: [{key: gpu, operator: In, values: [a100]}]}]}}}",
    upstream=SOURCE,
)

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_LARGEST_WEIGHT: Final = 100


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    affinity = mapping(value)
    yield from _nodes(mapping(affinity.get("nodeAffinity")), (*place.path, "nodeAffinity"))
    for field in ("podAffinity", "podAntiAffinity"):
        yield from _pods(mapping(affinity.get(field)), (*place.path, field))


def _nodes(affinity: JsonObject, path: Path) -> Iterator[Problem]:
    required = affinity.get(_REQUIRED)
    if isinstance(required, dict):
        at = (*path, _REQUIRED, "nodeSelectorTerms")
        terms = required.get("nodeSelectorTerms")
        if not sequence(terms):
            yield Problem((*path, _REQUIRED), "nodeSelectorTerms must have at least one node selector term")
        for term, where in maps(terms, at):
            yield from node_term(term, where, values=True)
    for term, where in maps(affinity.get(_PREFERRED), (*path, _PREFERRED)):
        yield from _weight(term, where)
        yield from node_term(term.get("preference"), (*where, "preference"), values=False)


def _pods(affinity: JsonObject, path: Path) -> Iterator[Problem]:
    for term, where in maps(affinity.get(_REQUIRED), (*path, _REQUIRED)):
        yield from _pod_term(term, where)
    for term, where in maps(affinity.get(_PREFERRED), (*path, _PREFERRED)):
        yield from _weight(term, where)
        yield from _pod_term(mapping(term.get("podAffinityTerm")), (*where, "podAffinityTerm"))


def _weight(term: JsonObject, path: Path) -> Iterator[Problem]:
    yield from counted(term, "weight", path, 1, _LARGEST_WEIGHT)


def _pod_term(term: JsonObject, path: Path) -> Iterator[Problem]:
    yield from label_key(term, "topologyKey", path)
    for field in ("labelSelector", "namespaceSelector"):
        yield from label_selector(term.get(field), (*path, field))
    for name, where in texts(term.get("namespaces"), (*path, "namespaces")):
        if reason := label_error(name):
            yield Problem(where, f"the namespace {name!r} is refused: {reason}", name)
    yield from match_label_keys(term, path)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"affinity": _judge})
