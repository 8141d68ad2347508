"""`matchConstraints` of a policy, or `matchResources` of a binding, in; rules and selectors out, mistakes reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from msgspec import Struct

from kservegen.checks.policy.model import Constraints, ResourceRule, SelectorRequirement
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_OPERATIONS: Final = ("CREATE", "UPDATE", "DELETE", "CONNECT", "*")
_OPERATORS: Final = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_POLICIES: Final = ("Exact", "Equivalent")
_FIELDS: Final = frozenset(
    ("resourceRules", "excludeResourceRules", "namespaceSelector", "objectSelector", "matchPolicy")
)
_RULE_LISTS: Final = ("apiGroups", "apiVersions", "operations", "resources")


class Report(Protocol):
    """Takes a mistake at a path of the document that is read."""

    def __call__(self, path: Path, message: str, *, seen: str = "", allowed: str = "") -> None:
        """Keep the mistake."""


def read_constraints(spec: JsonObject, at: Path, report: Report, *, binding: bool = False) -> Constraints:
    """Read the constraints at path `at`; a binding may leave rules out, a policy may not."""
    reader = _Reader(at, report)
    for key in sorted(spec.keys() - _FIELDS):
        report((*at, key), f"there is no field {key} here", allowed=", ".join(sorted(_FIELDS)))
    if not binding and not sequence(spec.get("resourceRules")):
        report(at, "matchConstraints needs at least one of resourceRules")
    wanted = text(spec.get("matchPolicy")) or "Equivalent"
    if wanted not in _POLICIES:
        report((*at, "matchPolicy"), "the matchPolicy is none", seen=wanted, allowed=", ".join(_POLICIES))
    return Constraints(
        rules=tuple(reader.rules(spec, "resourceRules")),
        excluded=tuple(reader.rules(spec, "excludeResourceRules")),
        namespaces=tuple(reader.selector(spec.get("namespaceSelector"), "namespaceSelector")),
        objects=tuple(reader.selector(spec.get("objectSelector"), "objectSelector")),
        equivalent=wanted == "Equivalent",
    )


def read_selector(value: JsonValue, at: Path, report: Report) -> tuple[SelectorRequirement, ...]:
    """Read one label selector, `at` its own path."""
    return tuple(_Reader(at[:-1], report).selector(value, str(at[-1])))


class _Reader(Struct, frozen=True):
    at: Path
    report: Report

    def rules(self, spec: JsonObject, field: str) -> Iterator[ResourceRule]:
        for index, value in enumerate(sequence(spec.get(field))):
            item = mapping(value)
            path = (*self.at, field, index)
            for key in _RULE_LISTS:
                if not sequence(item.get(key)):
                    self.report(path, f"the rule lacks {key}")
                elif "*" in sequence(item.get(key)) and len(sequence(item.get(key))) > 1 and key != "resources":
                    self.report((*path, key), "if '*' is present, must not specify others")
            for operation in _texts(item.get("operations")):
                if operation not in _OPERATIONS:
                    allowed = ", ".join(_OPERATIONS)
                    self.report((*path, "operations"), "the operation is none", seen=operation, allowed=allowed)
            scope = text(item.get("scope")) or "*"
            if scope not in _SCOPES:
                self.report((*path, "scope"), "the scope is none", seen=scope, allowed=", ".join(_SCOPES))
            yield ResourceRule(
                groups=_texts(item.get("apiGroups")),
                versions=_texts(item.get("apiVersions")),
                operations=_texts(item.get("operations")),
                resources=_texts(item.get("resources")),
                names=_texts(item.get("resourceNames")),
                scope=scope,
            )

    def selector(self, value: JsonValue, field: str) -> Iterator[SelectorRequirement]:
        selector = mapping(value)
        for key, label in mapping(selector.get("matchLabels")).items():
            yield SelectorRequirement(key=key, operator="In", values=(text(label),))
        for index, item in enumerate(sequence(selector.get("matchExpressions"))):
            path: Path = (*self.at, field, "matchExpressions", index)
            requirement = mapping(item)
            operator, values = text(requirement.get("operator")), _texts(requirement.get("values"))
            if operator not in _OPERATORS:
                allowed = ", ".join(_OPERATORS)
                self.report((*path, "operator"), "the operator is none", seen=operator, allowed=allowed)
            elif _OPERATORS[operator] != bool(values):
                wanted = "must be specified when" if _OPERATORS[operator] else "may not be specified when"
                self.report((*path, "values"), f"{wanted} `operator` is {operator}")
            yield SelectorRequirement(key=text(requirement.get("key")), operator=operator, values=values)


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(text(item) for item in sequence(value))
