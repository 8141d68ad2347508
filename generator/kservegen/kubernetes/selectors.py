"""What selects by labels: selectors and their requirements in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_value_error, qualified_name_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.kubernetes.fields import maps, required, texts

_SETS: Final = ("In", "NotIn")
_PRESENCE: Final = ("Exists", "DoesNotExist")
_COMPARISONS: Final = ("Gt", "Lt")
_NODE_FIELD: Final = "metadata.name"


def label_map(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check labels as a map of keys and values."""
    for key, item in mapping(value).items():
        if reason := qualified_name_error(key):
            yield Problem((*path, key), f"the label key {key!r} is refused: {reason}", key, at_key=True)
        if isinstance(item, str) and (reason := label_value_error(item)):
            yield Problem((*path, key), f"the value of label {key!r} is refused: {reason}", item)


def label_key(owner: JsonObject, field: str, path: Path) -> Iterator[Problem]:
    """Check a field that names a label; it must not be empty."""
    value = owner.get(field)
    if value is not None and not isinstance(value, str):
        return
    if reason := qualified_name_error(value or ""):
        where = (*path, field) if field in owner else path
        yield Problem(where, f"the label key {field} is refused: {reason}", value or "", at_key=field not in owner)


def label_selector(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check a selector of pods or claims: `matchLabels` and `matchExpressions`."""
    selector = mapping(value)
    yield from label_map(selector.get("matchLabels"), (*path, "matchLabels"))
    for requirement, at in maps(selector.get("matchExpressions"), (*path, "matchExpressions")):
        yield from _requirement(requirement, at, comparisons=())
        yield from _values(requirement, at)


def selector_matches(selector: JsonObject, labels: JsonObject) -> bool:
    """Tell whether a lawful selector selects what has these labels."""
    wanted = mapping(selector.get("matchLabels"))
    if any(labels.get(key) != value or key not in labels for key, value in wanted.items()):
        return False
    return all(_matches(mapping(item), labels) for item in sequence(selector.get("matchExpressions")))


def _matches(requirement: JsonObject, labels: JsonObject) -> bool:
    key, operator = text(requirement.get("key")), requirement.get("operator")
    if operator in _PRESENCE:
        return (key in labels) == (operator == "Exists")
    listed = key in labels and labels[key] in sequence(requirement.get("values"))
    return listed if operator == "In" else not listed


def node_term(value: JsonValue, path: Path, *, values: bool) -> Iterator[Problem]:
    """Check one term of a node selector; a preference may name label values that no label can have."""
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
    else:
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


def match_label_keys(owner: JsonObject, path: Path) -> Iterator[Problem]:
    """Check `matchLabelKeys` and `mismatchLabelKeys`, which add to the owner's label selector."""
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        if not sequence(owner.get(field)):
            continue
        if owner.get("labelSelector") is None:
            yield Problem((*path, field), f"{field} must not be specified when labelSelector is not set", at_key=True)
            continue
        for key, where in texts(owner.get(field), (*path, field)):
            if reason := qualified_name_error(key):
                yield Problem(where, f"the label key {key!r} is refused: {reason}", key)
    yield from _twice(owner, path)


def _twice(owner: JsonObject, path: Path) -> Iterator[Problem]:
    mismatched = sequence(owner.get("mismatchLabelKeys"))
    keys = list(texts(owner.get("matchLabelKeys"), (*path, "matchLabelKeys")))
    for key, where in keys:
        if key in mismatched:
            yield Problem(where, f"{key!r} exists in both matchLabelKeys and mismatchLabelKeys", key)
    # The pods are refused if one mention is too many, their Deployment only where the selector itself has two.
    selector = mapping(owner.get("labelSelector"))
    seen = set(mapping(selector.get("matchLabels")))
    places = dict(keys)
    for item in sequence(selector.get("matchExpressions")):
        key = text(mapping(item).get("key"))
        if key in places and key in seen:
            yield Problem(places[key], f"{key!r} exists in both matchLabelKeys and labelSelector", key)
        seen.add(key)
