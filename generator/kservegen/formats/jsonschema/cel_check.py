"""A document as its schema sees it, and the same before a change; findings about the schema's CEL rules out.

The API server's semantics (k8s.io/apiextensions-apiserver pkg/apiserver/schema/cel): a rule is evaluated wherever its
place is there and not null; a rule that reads `oldSelf` only where a value stood at the same place before, unless it
says `optionalOldSelf`; what is not true is refused, and so is an error. Not modelled: what an expression may cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.cel.engine import CelEngine, CelScope, Program, engine
from kservegen.formats.cel.outcome import CelError, CompileError
from kservegen.formats.cel.source import fields_read
from kservegen.formats.jsonschema.cel_absence import is_open, reads
from kservegen.formats.jsonschema.cel_rules import FAILED, UNSUPPORTED, CelRule, RuleNode
from kservegen.formats.jsonschema.cel_values import UntypedError, View, escape, seen, view_of
from kservegen.formats.jsonschema.marks import Marks, fields_of, find_marks
from kservegen.formats.jsonschema.shape import EMPTY, Shape, list_keys
from kservegen.formats.jsonschema.suggestions import quote

_SELF: Final = "self"
_OLD: Final = "oldSelf"
# A list of none or one: an optional value cannot be handed to the interpreter, an expression can make one.
_OLD_LIST: Final = "oldSelfOrNone"
_OPTIONAL_OLD: Final = {_OLD: f"{_OLD_LIST}.size() == 0 ? optional.none() : optional.of({_OLD_LIST}[0])"}
_MESSAGE_BYTES: Final = 5 * 1024
_SHORT: Final = 120
_REASONS: Final = {
    "FieldValueForbidden": "forbidden: ",
    "FieldValueRequired": "required value: ",
    "FieldValueDuplicate": "duplicate value: ",
}


class _Place(NamedTuple):
    """A value with rules, and the value that stood there before; None: there was none."""

    path: Path
    value: JsonValue
    old: JsonValue
    here: RuleNode


class RuleChecker:
    """Evaluates the rules of one schema; expressions are compiled when a document first needs them."""

    def __init__(self, shape: Shape, marks: Marks[RuleNode]) -> None:
        self._shape = shape
        self._marks = marks
        self._nodes: dict[int, _Compiled] = {}

    def check(self, document: JsonValue, old: JsonValue = None) -> Iterator[Finding]:
        """Say which rules do not hold, in the order of the document; both documents with their defaults."""
        for place in self._places(document, old, self._marks, self._shape.schema, ()):
            compiled = self._nodes.get(id(place.here))
            if compiled is None:
                compiled = self._nodes[id(place.here)] = _Compiled(place.here, self._shape)
            yield from compiled.check(place)

    def _places(
        self, value: JsonValue, old: JsonValue, marks: Marks[RuleNode], node: JsonObject, path: Path
    ) -> Iterator[_Place]:
        if marks.own is not None:
            yield _Place(path, value, old, marks.own)
        before = _before(old, node, self._shape) if old is not None else None
        for key, item, below in marks.below(value):
            if item is not None:
                # The schema is followed only where an old value has to be found by it.
                inner = self._shape.step(node, key) or EMPTY if before is not None else node
                yield from self._places(item, before and before.get(key, item), below, inner, (*path, key))


class _Before(NamedTuple):
    """The parts of an old value, found again: by key in a map, by the keys of its items in a list of type `map`."""

    fields: JsonObject
    items: dict[str, JsonValue]
    keys: tuple[str, ...]

    def get(self, key: str | int, item: JsonValue) -> JsonValue:
        if isinstance(key, str):
            return self.fields.get(key)
        return self.items.get(_identity(item, self.keys))


def _before(old: JsonValue, node: JsonObject, shape: Shape) -> _Before:
    if isinstance(old, dict):
        return _Before(old, {}, ())
    keys = list_keys(node, shape)
    if not isinstance(old, list) or keys is None or not keys.keys:
        return _Before({}, {}, ())
    return _Before({}, {_identity(item, keys.keys): item for item in old}, keys.keys)


def _identity(item: JsonValue, keys: tuple[str, ...]) -> str:
    return repr([item.get(key) for key in keys] if isinstance(item, dict) else item)


@lru_cache(maxsize=1)
def _engine() -> CelEngine:
    return engine((_SELF, _OLD, _OLD_LIST))


@lru_cache(maxsize=4096)
def _program(expression: str, *, optional_old: bool) -> Program | CompileError:
    return _engine().compile(expression, aliases=_OPTIONAL_OLD if optional_old else {})


class _Compiled:
    """The rules of one place of a schema, made ready when they are first asked for."""

    def __init__(self, here: RuleNode, shape: Shape) -> None:
        self._here = here
        self._shape = shape

    @cached_property
    def _views(self) -> Marks[View]:
        node = self._here.node
        if self._fields is not None:
            read = {name: below for name, below in fields_of(node) if escape(name) in self._fields}
            node = {**node, "properties": dict(read)}
        return find_marks(self._shape, view_of, node)

    @cached_property
    def _fields(self) -> frozenset[str] | None:
        """The fields of `self` that the rules read, now or as they were; None: they may read it as a whole."""
        fields: set[str] = set()
        for rule in self._here.rules:
            for name in (_SELF, _OLD):
                read = fields_read(rule.expression, name), fields_read(rule.message_expression, name)
                if None in read or rule.optional_old_self:
                    return None
                fields.update(*filter(None, read))
        return frozenset(fields)

    @cached_property
    def _compares(self) -> bool:
        """Whether lists are only compared, so that those without an order may be put in one."""
        texts = [rule.expression for rule in self._here.rules]
        return any(_OLD in text for text in texts) and not any("[" in text for text in texts)

    def check(self, place: _Place) -> Iterator[Finding]:
        rules = [rule for rule in self._here.rules if is_open(rule, place.value, place.old)]
        if not rules:
            return
        try:
            scope = self._scope(place)
        except UntypedError as error:
            yield _unsupported(place, rules[0], str(error))
            return
        for rule in rules:
            finding = _broken(rule, place, scope)
            if finding is not None:
                yield finding

    def _scope(self, place: _Place) -> CelScope:
        old = None if place.old is None else self._seen(place.old)
        olds = [] if old is None else [old]
        return _engine().scope({_SELF: self._seen(place.value), _OLD: old, _OLD_LIST: olds}, on_wire=False)

    def _seen(self, value: JsonValue) -> object:
        fields = self._fields
        if fields is not None and isinstance(value, dict):
            value = {name: item for name, item in value.items() if escape(name) in fields}
        return seen(value, self._views, ordered=not self._compares)


def _broken(rule: CelRule, place: _Place, scope: CelScope) -> Finding | None:
    program = _program(rule.expression, optional_old=rule.optional_old_self)
    outcome = program.evaluate(scope) if isinstance(program, Program) else program
    if outcome is True:
        return None
    if isinstance(outcome, CompileError) or (isinstance(outcome, CelError) and outcome.unsupported):
        return _unsupported(place, rule, outcome.message)
    message = _error(outcome, rule) if isinstance(outcome, CelError) else _server_message(rule, place, scope)
    return Finding(
        rule=FAILED,
        path=(*place.path, *rule.field),
        message=_REASONS.get(rule.reason, "") + message,
        hint=_hint(rule),
        seen=quote(place.value),
        allowed=_short(rule.expression),
    )


def _error(error: CelError, rule: CelRule) -> str:
    about = rule.message or rule.expression
    if error.message.startswith("no such overload"):
        return (
            f"'{error.message}': call arguments did not match a supported operator, function or macro signature "
            f"for rule: {about}"
        )
    return f"{error.message} evaluating rule: {about}"


def _server_message(rule: CelRule, place: _Place, scope: CelScope) -> str:
    """Say what the server would say: a usable messageExpression, else the message, else the rule itself."""
    if rule.message_expression and (place.old is not None or not reads(rule.message_expression, _OLD)):
        program = _program(rule.message_expression, optional_old=False)
        value = program.evaluate(scope) if isinstance(program, Program) else None
        text = value.strip() if isinstance(value, str) else ""
        if text and "\n" not in text and len(text.encode()) <= _MESSAGE_BYTES:
            return text
    return rule.message or f"failed rule: {rule.expression}"


def _hint(rule: CelRule) -> str:
    if reads(rule.expression, _OLD) and not rule.optional_old_self:
        return "Keep the value as it was, or delete the object and create it anew."
    return f"Change the object so that this holds: {_short(rule.expression)}."


def _unsupported(place: _Place, rule: CelRule, why: str) -> Finding:
    return Finding(
        rule=UNSUPPORTED,
        path=(*place.path, *rule.field),
        message=f"a rule of the schema cannot be judged offline: {why}",
        hint="See to it that the rule holds, or ask the server: kubectl apply --dry-run=server.",
        allowed=_short(rule.expression),
        severity=Severity.WARNING,
    )


def _short(expression: str) -> str:
    text = " ".join(expression.split())
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
