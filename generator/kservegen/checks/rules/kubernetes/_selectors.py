"""What selects by labels: selectors and their requirements in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.kubernetes._fields import maps, required, texts
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_value_error, qualified_name_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import is_template

_SETS: Final = ("In", "NotIn")
_PRESENCE: Final = ("Exists", "DoesNotExist")
_COMPARISONS: Final = ("Gt", "Lt")
_NODE_FIELD: Final = "metadata.name"


def label_map(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Judge labels as a map of keys and values."""
    for key, item in mapping(value).items():
        if not is_template(key) and (reason := qualified_name_error(key)):
            yield Problem((*path, key), f"the label key {key!r} is refused: {reason}", key, at_key=True)
        if isinstance(item, str) and not is_template(item) and (reason := label_value_error(item)):
            yield Problem((*path, key), f"the value of label {key!r} is refused: {reason}", item)


def label_key(owner: JsonObject, field: str, path: Path) -> Iterator[Problem]:
    """Judge a field that names a label; it must not be empty."""
    value = owner.get(field)
    if value is not None and not isinstance(value, str):
        return
    if not is_template(value) and (reason := qualified_name_error(value or "")):
        where = (*path, field) if field in owner else path
        yield Problem(where, f"the label key {field} is refused: {reason}", value or "", at_key=field not in owner)


def label_selector(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Judge a selector of pods or claims: `matchLabels` and `matchExpressions`."""
    selector = mapping(value)
    yield from label_map(selector.get("matchLabels"), (*path, "matchLabels"))
    for requirement, at in maps(selector.get("matchExpressions"), (*path, "matchExpressions")):
        yield from _requirement(requirement, at, comparisons=())
        yield from _values(requirement, at)


def node_term(value: JsonValue, path: Path, *, values: bool) -> Iterator[Problem]:
    """Judge one term of a node selector; a preference may name label values that no label can have."""
    term = mapping(value)
    for requirement, at in maps(term.get("matchExpressions"), (*path, "matchExpressions")):
        yield from _requirement(requirement, at, comparisons=_COMPARISONS)
        if values:
            yield from _values(requirement, at)
    for requirement, at in maps(term.get("matchFields"), (*path, "matchFields")):
        yield from _node_field(requirement, at)


def _requirement(requirement: JsonObject, path: Path, *, comparisons: tuple[str, ...]) -> Iterator[Problem]:
    operator, values = text(requirement.get("operator")), sequence(requirement.get("values"))
    if operator in _SETS:
        if not values:
            yield Problem(path, f"values must be specified when operator is {operator}")
    elif operator in _PRESENCE:
        if values:
            yield Problem((*path, "values"), f"values may not be specified when operator is {operator}")
    elif operator in comparisons:
        if len(values) != 1:
            yield Problem(path, f"values must hold a single value when operator is {operator}")
    elif not is_template(operator):
        known = ", ".join((*_SETS, *_PRESENCE, *comparisons))
        where = (*path, "operator") if "operator" in requirement else path
        yield Problem(where, f"{operator!r} is not a valid selector operator", operator, known)
    yield from label_key(requirement, "key", path)


def _values(requirement: JsonObject, path: Path) -> Iterator[Problem]:
    for value, at in texts(requirement.get("values"), (*path, "values")):
        if reason := label_value_error(value):
            yield Problem(at, f"the label value {value!r} is refused: {reason}", value)


def _node_field(requirement: JsonObject, path: Path) -> Iterator[Problem]:
    operator, values = text(requirement.get("operator")), sequence(requirement.get("values"))
    if operator not in _SETS:
        where = (*path, "operator") if "operator" in requirement else path
        yield Problem(where, f"{operator!r} is not a valid selector operator", operator, ", ".join(_SETS))
    elif len(values) != 1:
        yield Problem(path, f"values must hold a single value when operator is {operator} of a node field")
    if requirement.get("key") != _NODE_FIELD:
        key = text(requirement.get("key"))
        yield from required(requirement, "key", path)
        if key:
            yield Problem((*path, "key"), f"{key!r} is not a valid field selector key", key, _NODE_FIELD)
        return
    for value, at in texts(values, (*path, "values")):
        if reason := subdomain_error(value):
            yield Problem(at, f"the node name {value!r} is refused: {reason}", value)
