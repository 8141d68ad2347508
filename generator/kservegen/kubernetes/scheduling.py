"""Where a pod may run: affinity, tolerations, spread, node selector, gates in; what the API server refuses out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error, label_value_error, qualified_name_error
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import FieldPlace, bounded, choice, counted, lawful, maps, required, texts, word
from kservegen.kubernetes.selectors import label_key, label_map, label_selector, match_label_keys, node_term

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_LARGEST_WEIGHT: Final = 100


def affinity(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check the terms of `affinity`: operators, values, keys, weights."""
    terms = mapping(value)
    yield from _node_affinity(mapping(terms.get("nodeAffinity")), (*place.path, "nodeAffinity"))
    for field in ("podAffinity", "podAntiAffinity"):
        yield from _pod_affinity(mapping(terms.get(field)), (*place.path, field))


def _node_affinity(affinity: JsonObject, path: Path) -> Iterator[Problem]:
    needs = affinity.get(_REQUIRED)
    if isinstance(needs, dict):
        at = (*path, _REQUIRED, "nodeSelectorTerms")
        terms = needs.get("nodeSelectorTerms")
        if not sequence(terms):
            yield Problem((*path, _REQUIRED), "nodeSelectorTerms must have at least one node selector term")
        for term, where in maps(terms, at):
            yield from node_term(term, where, values=True)
    for term, where in maps(affinity.get(_PREFERRED), (*path, _PREFERRED)):
        yield from _weight(term, where)
        yield from node_term(term.get("preference"), (*where, "preference"), values=False)


def _pod_affinity(affinity: JsonObject, path: Path) -> Iterator[Problem]:
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


_OPERATORS: Final = ("Equal", "Exists")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def tolerations(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `tolerations`: operators and effects, and what goes with them."""
    for toleration, path in maps(value, place.path):
        yield from _toleration(toleration, path)


def _toleration(toleration: JsonObject, path: Path) -> Iterator[Problem]:
    operator, effect = text(toleration.get("operator")), text(toleration.get("effect"))
    yield from lawful(toleration, "key", path, qualified_name_error)
    yield from choice(toleration, "operator", path, _OPERATORS)
    yield from choice(toleration, "effect", path, _EFFECTS)
    if not toleration.get("key") and operator in {"", "Equal"}:
        yield Problem(path, "operator must be Exists when key is empty, which means all values and all keys", operator)
    if operator == "Exists" and (unused := text(toleration.get("value"))):
        yield Problem((*path, "value"), "value must be empty when operator is Exists", unused)
    elif operator in {"", "Equal"}:
        yield from lawful(toleration, "value", path, label_value_error)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield Problem((*path, "tolerationSeconds"), "effect must be NoExecute when tolerationSeconds is set", effect)


_ACTIONS: Final = ("DoNotSchedule", "ScheduleAnyway")
_POLICIES: Final = ("Honor", "Ignore")


def topology_spread(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `topologySpreadConstraints`, and that no pair of key and action stands twice."""
    seen: set[tuple[str, str]] = set()
    for constraint, path in maps(value, place.path):
        yield from _constraint(constraint, path)
        pair = (text(constraint.get("topologyKey")), text(constraint.get("whenUnsatisfiable")))
        if pair in seen and not place.pod.partial:
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


def node_selector(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `nodeSelector` as labels."""
    yield from label_map(value, place.path)


def readiness_gates(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check the names of conditions in `readinessGates`."""
    for gate, path in maps(value, place.path):
        yield from label_key(gate, "conditionType", path)


def scheduling_gates(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check the names in `schedulingGates`, each of which stands once."""
    names: set[str] = set()
    for gate, path in maps(value, place.path):
        yield from label_key(gate, "name", path)
        name = text(gate.get("name"))
        if name and name in names and not place.pod.partial:
            yield Problem((*path, "name"), f"two scheduling gates are called {name!r}", name)
        names.add(name)
