"""A schema and a document that does not fit it in; findings in our own words out.

A validator of its own, for draft-07 and the parts of later drafts that say the same: it knows which key is unknown,
which branch of an `anyOf` was meant and where a misplaced field belongs, which a general validator's errors do not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.diagnostics import Finding, Fix, FixChange
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.formats.jsonschema import limits
from kservegen.formats.jsonschema.shape import EMPTY, Shape
from kservegen.formats.jsonschema.suggestions import advice, certain, listing, near_first, quote
from kservegen.formats.regexp import RegexpError, regexp_matches

# Most values have none of these words in their schema: they are looked for together before they are looked at singly.
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "not", "if"})
_DEPENDENCIES = ("dependencies", "dependentRequired", "dependentSchemas")
_DEPENDING = frozenset(_DEPENDENCIES)


class _Object(Struct, frozen=True, eq=False):
    """An object on the way to the value at hand: its schema, for advice about fields that stand at the wrong level."""

    node: JsonObject
    above: _Object | None = None


class Explainer:
    """Explains documents by one schema."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def explain(self, document: JsonValue) -> Iterator[Finding]:
        """Say everything that keeps a document from fitting the schema; nothing if it fits."""
        yield from self._value(document, self.shape.schema, (), None)

    def _value(self, value: JsonValue, node: JsonValue, path: Path, above: _Object | None) -> Iterator[Finding]:
        if node is False:
            yield Finding(rule="schema/not-allowed", path=path, message="nothing may stand here", seen=quote(value))
        if not isinstance(node, dict):
            return
        node = self.shape.resolve(node)
        mistyped = limits.wrong_type(value, node, path, self.shape.resolve(node.get("items")))
        if mistyped is not None:
            yield mistyped
            return
        if not limits.WORDS.isdisjoint(node):
            yield from limits.check(value, node, path)
        if isinstance(value, dict):
            yield from self._object(value, node, path, above)
        elif isinstance(value, list):
            yield from self._list(value, node, path, above)
        if not _COMBINING.isdisjoint(node):
            yield from self._combined(value, node, path, above)

    def _object(self, value: JsonObject, node: JsonObject, path: Path, above: _Object | None) -> Iterator[Finding]:
        here = _Object(node, above)
        required = node.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in value:
                values = (self.shape.step(node, str(name)) or EMPTY).get("enum")
                one_of = f", one of {listing([str(value) for value in values])}" if isinstance(values, list) else ""
                yield limits.missing_field(str(name), path, one_of=one_of)
        for key, item in value.items():
            matched = _schemas_of(node, key)
            if not matched:
                extra = node.get("additionalProperties", True)
                if extra is False:
                    yield self._unknown(key, here, path, value)
                    continue
                matched = (extra,)
            for schema in matched:
                yield from self._value(item, schema, (*path, key), here)
            if "propertyNames" in node:
                yield from self._name(key, node["propertyNames"], path)
        if not _DEPENDING.isdisjoint(node):
            yield from self._dependencies(value, node, path, above)

    def _name(self, key: str, names: JsonValue, path: Path) -> Iterator[Finding]:
        for finding in self._value(key, names, (*path, key), None):
            yield replace(finding, message=f"the name {quote(key)}: {finding.message}", at_key=True)

    def _unknown(self, key: str, here: _Object, path: Path, value: JsonObject) -> Finding:
        properties = here.node.get("properties")
        known = tuple(properties) if isinstance(properties, dict) else ()
        hint = advice(key, known, self._levels_above(here), self._levels_below(here), taken=value.keys())
        told = limits.unknown_field(key, path, hint=hint, allowed=near_first(key, known) if known else "no fields")
        meant = certain(key, known)
        if not meant or meant in value:
            return told
        return replace(told, fix=Fix(FixChange.RENAME, told.path, meant))

    def _levels_above(self, here: _Object) -> Iterator[tuple[str, ...]]:
        level = here.above
        while level is not None:
            properties = level.node.get("properties")
            if isinstance(properties, dict):
                yield tuple(properties)
            level = level.above

    def _levels_below(self, here: _Object) -> Iterator[tuple[str, tuple[str, ...]]]:
        properties = here.node.get("properties")
        for name, schema in properties.items() if isinstance(properties, dict) else ():
            node = self.shape.resolve(schema)
            fields = node.get("properties")
            if isinstance(fields, dict):
                yield name, tuple(fields)

    def _dependencies(
        self, value: JsonObject, node: JsonObject, path: Path, above: _Object | None
    ) -> Iterator[Finding]:
        for word in _DEPENDENCIES:
            table = node.get(word)
            for name, needs in table.items() if isinstance(table, dict) else ():
                if name not in value:
                    continue
                if isinstance(needs, list):
                    yield from (
                        limits.missing_field(str(other), path, because=name) for other in needs if other not in value
                    )
                else:
                    yield from self._value(value, needs, path, above)

    def _list(self, value: JsonArray, node: JsonObject, path: Path, above: _Object | None) -> Iterator[Finding]:
        items, first = node.get("items", True), node.get("prefixItems")
        if isinstance(items, list):
            first, items = items, node.get("additionalItems", True)
        heads: Sequence[JsonValue] = first if isinstance(first, list) else ()
        for index, item in enumerate(value):
            yield from self._value(item, heads[index] if index < len(heads) else items, (*path, index), above)
        contains = node.get("contains")
        if contains is not None and not any(self._fits(item, contains) for item in value):
            yield Finding(
                rule="schema/one-of",
                path=path,
                message="no item is of the kind that the list must hold",
                seen=quote(value),
            )

    def _fits(self, value: JsonValue, node: JsonValue) -> bool:
        return next(self._value(value, node, (), None), None) is None

    def _combined(self, value: JsonValue, node: JsonObject, path: Path, above: _Object | None) -> Iterator[Finding]:
        for part in _schemas(node, "allOf"):
            yield from self._value(value, part, path, above)
        if "if" in node:
            chosen = "then" if self._fits(value, node["if"]) else "else"
            yield from self._value(value, node.get(chosen, True), path, above)
        if "not" in node and self._fits(value, node["not"]):
            yield self._forbidden(value, node["not"], path)
        for word in ("anyOf", "oneOf"):
            branches = _schemas(node, word)
            if branches:
                yield from self._alternatives(value, branches, path, above, only_one=word == "oneOf")

    def _forbidden(self, value: JsonValue, node: JsonValue, path: Path) -> Finding:
        required = self.shape.resolve(node).get("required")
        if isinstance(required, list) and isinstance(value, dict):
            names = " and ".join(quote(name) for name in required)
            message = f"{names} exclude each other" if len(required) > 1 else f"{names} may not stand here"
            return Finding(rule="schema/not-allowed", path=(*path, str(required[-1])), message=message, at_key=True)
        return Finding(
            rule="schema/not-allowed",
            path=path,
            message="the value is one of those that are not allowed",
            seen=quote(value),
        )

    def _alternatives(
        self, value: JsonValue, branches: Sequence[JsonValue], path: Path, above: _Object | None, *, only_one: bool
    ) -> Iterator[Finding]:
        by_branch = [tuple(self._value(value, branch, path, above)) for branch in branches]
        fitting = sum(1 for findings in by_branch if not findings)
        if fitting == 1 or (fitting and not only_one):
            return
        if fitting:
            message = f"fits {fitting} of the forms, of which exactly one may be meant"
            yield Finding(
                rule="schema/one-of",
                path=path,
                message=message,
                seen=quote(value),
                hint="Leave out what belongs to the other form.",
            )
            return
        yield from self._best(value, branches, by_branch, path)

    def _best(
        self, value: JsonValue, branches: Sequence[JsonValue], by_branch: Sequence[tuple[Finding, ...]], path: Path
    ) -> Iterator[Finding]:
        """Report the branch that was meant: of the value's type, with its constants, with the least to say."""
        nodes = [self.shape.resolve(branch) for branch in branches]
        missing = [findings[0] for findings in by_branch if len(findings) == 1 and _is_absence(findings[0], path)]
        if len(missing) == len(by_branch):
            names = [finding.allowed for finding in missing]
            message = f"none of the fields {', '.join(quote(name) for name in names)} is set"
            yield Finding(
                rule="schema/missing-field",
                path=path,
                message=message,
                allowed=", ".join(names),
                hint="Set one of them.",
                at_key=True,
            )
            return
        typed = [
            (node, findings)
            for node, findings in zip(nodes, by_branch, strict=True)
            if not _is_of_other_type(findings, path)
        ]
        if not typed:
            yield limits.no_type(value, [kind for node in nodes for kind in limits.types_of(node)], path)
            return
        if len(typed) > 1 and not isinstance(value, dict | list):
            allowed = " or ".join(
                dict.fromkeys(finding.allowed for _, findings in typed for finding in findings if finding.allowed)
            )
            yield Finding(
                rule="schema/one-of",
                path=path,
                message="fits none of the forms that may stand here",
                seen=quote(value),
                allowed=allowed,
            )
            return
        yield from min((findings for _, findings in typed), key=lambda findings: _distance(findings, path))


def _schemas(node: JsonObject, word: str) -> Sequence[JsonValue]:
    found = node.get(word)
    return found if isinstance(found, list) else ()


def _schemas_of(node: JsonObject, key: str) -> Sequence[JsonValue]:
    properties, patterns = node.get("properties"), node.get("patternProperties")
    known = (properties[key],) if isinstance(properties, dict) and key in properties else ()
    if not isinstance(patterns, dict):
        return known
    return (*known, *(schema for pattern, schema in patterns.items() if _matches(pattern, key)))


def _matches(pattern: str, key: str) -> bool:
    try:
        return regexp_matches(pattern, key)
    except RegexpError:
        return False


def _is_absence(finding: Finding, path: Path) -> bool:
    return finding.rule == "schema/missing-field" and finding.path == path


def _is_of_other_type(findings: tuple[Finding, ...], path: Path) -> bool:
    return len(findings) == 1 and findings[0].rule == "schema/wrong-type" and findings[0].path == path


def _distance(findings: tuple[Finding, ...], path: Path) -> tuple[int, int, int]:
    """Say how far a branch is from what was written: constants missed here first, then strange keys, then all."""
    here = len(path) + 1
    constants = sum(1 for item in findings if item.rule == "schema/not-allowed" and len(item.path) <= here)
    strange = sum(1 for item in findings if item.rule == "schema/unknown-field" and len(item.path) == here)
    return constants, strange, len(findings)
