"""A schema and documents in, findings out: fast where a document fits, at length where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

from kservegen.diagnostics import Finding
from kservegen.jsontypes import JsonObject, JsonValue, Path
from kservegen.schemas.decode import as_judged
from kservegen.schemas.explain import Explainer
from kservegen.schemas.limits import duplicate
from kservegen.schemas.names import quote
from kservegen.schemas.shape import ListKeys, Shape


class _Compiled(Protocol):
    def is_valid(self, instance: object) -> bool: ...


class Validator:
    """Judges documents by one schema, as the API server does where it is that of a Kubernetes kind."""

    def __init__(self, schema: JsonObject, shape: Shape | None = None) -> None:
        self.schema = schema
        self.shape = shape or Shape(schema)

    @cached_property
    def _compiled(self) -> _Compiled:
        import jsonschema_rs  # noqa: PLC0415 - takes 20 ms to import

        return jsonschema_rs.validator_for(self.schema)

    def check(self, document: JsonValue) -> tuple[Finding, ...]:
        """Say what keeps a document from being admitted, in the order of the document."""
        findings = () if self._compiled.is_valid(document) else self._explain(document)
        return (*findings, *self._duplicates(document))

    def _explain(self, document: JsonValue) -> tuple[Finding, ...]:
        judged = as_judged(document, self.shape)
        if judged is not document and self._compiled.is_valid(judged):
            return ()
        found = tuple(dict.fromkeys(Explainer(self.shape).explain(judged)))
        if found:
            return found
        message = "does not fit its schema"  # a keyword that the explainer does not read
        return (Finding(rule="schema/one-of", path=(), message=message, seen=quote(document)),)

    def _duplicates(self, document: JsonValue) -> Iterator[Finding]:
        for path, items, keys in self.shape.distinct_lists.lists(document):
            yield from _repeated(path, items, keys)


def _repeated(path: Path, items: list[JsonValue], keys: ListKeys) -> Iterator[Finding]:
    """Find items with the keys of an earlier one; the server counts a key that was left out as its default."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        identity = _identity(item, keys)
        first = seen.setdefault(repr(identity), index)
        if first != index:
            yield duplicate(path, index, first, _words(identity, keys))


def _identity(item: JsonValue, keys: ListKeys) -> tuple[JsonValue, ...]:
    if not keys.keys or not isinstance(item, dict):
        return (item,)
    pairs = zip(keys.keys, keys.defaults, strict=True)
    return tuple(default if item.get(key) is None else item[key] for key, default in pairs)


def _words(identity: tuple[JsonValue, ...], keys: ListKeys) -> str:
    if len(identity) != len(keys.keys):
        return quote(identity[0])
    return ", ".join(f"{key} {quote(value)}" for key, value in zip(keys.keys, identity, strict=True))
