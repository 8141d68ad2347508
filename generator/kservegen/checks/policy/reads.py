"""A policy in, the part of an object that its verdict on a *created* object can depend on, out.

The expressions are run over sets of places in place of values: a field that is selected is a place below, a value that
a function takes matters as a whole, and what is only moved about (lists joined, items filtered) matters where it is
looked at in the end. Both arms of a choice are followed, loops until nothing new turns up; what is not understood
matters as a whole. So the part may be too large, never too small: two objects with equal parts get equal verdicts.
`request.operation` is known (CREATE), and `oldObject` is null, so what stands behind them falls away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.checks.policy.admission import CREATE
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.projection import DocumentPart
from kservegen.checks.policy.syntax import Call, Collection, Constant, Fold, Name, Select, Tree, parse_expression

_ROUNDS: Final = 8


class _UnknownError(Exception):
    """An expression that this analysis does not follow."""


class _Value(Struct, frozen=True):
    """What a value may be made of: places in the object, items of a collection made on the way, or known texts.

    `texts` are all that it can be where it is not None; `truth` is the boolean that it is, where that is known. A text
    matches one of the `patterns` where these are not None, as where a condition asks for that first.
    """

    places: frozenset[DocumentPart] = frozenset()
    inner: _Value | None = None
    texts: frozenset[str] | None = None
    patterns: frozenset[str] | None = None
    truth: bool | None = None


_NOTHING: Final = _Value()


def read_parts(policy: Policy) -> DocumentPart | None:
    """Return the part of `object` that verdict and message depend on; None where more than the object decides."""
    follower = _Follower({variable.name: variable.text for variable in policy.variables})
    try:
        decided = [follower.text(condition.text) for condition in policy.conditions]
        if not any(value.truth is False for value in decided):
            for validation in policy.validations:
                follower.text(validation.check.text)
                if validation.message_expression is not None:
                    follower.text(validation.message_expression.text)
    except _UnknownError:
        return None
    return follower.object


class _Follower(Struct):
    variables: Mapping[str, str]
    object: DocumentPart = field(default_factory=DocumentPart)
    known: dict[str, _Value] = field(default_factory=dict)

    def text(self, expression: str) -> _Value:
        tree = parse_expression(expression)
        if tree is None:
            raise _UnknownError
        return self.follow(tree, {})

    def follow(self, tree: Tree, names: Mapping[str, _Value]) -> _Value:
        match tree:
            case Call(function, arguments):
                return self._call(function, arguments, names)
            case Constant(value):
                return _constant(value)
            case Name(name):
                return names[name] if name in names else self._root(name)
            case Select(operand, name, tests):
                return self._select(operand, name, names, tests=tests)
            case Collection(items, _):
                values = [self.follow(item, names) for item in items]
                return _Value(inner=_joined(*values) if values else None)
            case Fold():
                return self._fold(tree, names)

    def _root(self, name: str) -> _Value:
        if name == "object":
            return _Value(places=frozenset({self.object}))
        if name in {"oldObject", "params"}:  # null, and the same for every object
            return _NOTHING
        raise _UnknownError

    def _select(self, operand: Tree, name: str, names: Mapping[str, _Value], *, tests: bool) -> _Value:
        if isinstance(operand, Name) and operand.name not in names:
            if operand.name == "variables":
                return self._variable(name)
            if operand.name == "request" and name == "operation":
                return _Value(texts=frozenset({CREATE}))
        found = _field(self.follow(operand, names), name)
        return _NOTHING if tests else found

    def _variable(self, name: str) -> _Value:
        if name not in self.known:
            if name not in self.variables:
                raise _UnknownError
            self.known[name] = self.text(self.variables[name])
        return self.known[name]

    def _call(self, function: str, arguments: tuple[Tree, ...], names: Mapping[str, _Value]) -> _Value:
        if function in {"_&&_", "_||_"}:
            return self._connect(arguments, names, decides=function == "_||_")
        if function == "_?_:_":
            return self._choose(arguments, names)
        values = [self.follow(argument, names) for argument in arguments]
        if function in _PLAIN:
            return _PLAIN[function](*values)
        if function in {"_==_", "_!=_"}:
            return _compare(values[0], values[1], arguments, equal=function == "_==_")
        for value in values:
            _consume(value)
        return _NOTHING

    def _connect(self, arguments: tuple[Tree, ...], names: Mapping[str, _Value], *, decides: bool) -> _Value:
        left = self.follow(arguments[0], names)
        if left.truth is decides:
            return left
        right = self.follow(arguments[1], names if decides else self._where(arguments[0], names))
        return right if left.truth is not None else _NOTHING

    def _choose(self, arguments: tuple[Tree, ...], names: Mapping[str, _Value]) -> _Value:
        condition = self.follow(arguments[0], names)
        if condition.truth is not None:
            return self.follow(arguments[1 if condition.truth else 2], names)
        then = self.follow(arguments[1], self._where(arguments[0], names))
        return _joined(then, self.follow(arguments[2], names))

    def _where(self, condition: Tree, names: Mapping[str, _Value]) -> Mapping[str, _Value]:
        """Return what names stand for where a condition holds: texts that match what it says.

        What comes of a conjunction where one side is false does not depend on the other, whatever that reads.
        """
        match condition:
            case Call("_&&_", (left, right)):
                return self._where(right, self._where(left, names))
            case Call("matches", (Name(name), pattern)) if name in names:
                told = self.follow(pattern, names)
                if _is_one_text(told):
                    return {**names, name: replace(names[name], patterns=told.texts)}
        return names

    def _fold(self, fold: Fold, names: Mapping[str, _Value]) -> _Value:
        carried = self.follow(fold.start, names)
        if fold.range == Collection((), is_list=True):  # cel.bind: the body sees the start
            return self.follow(fold.result, {**names, fold.accumulator: carried})
        item = _elements(self.follow(fold.range, names))
        for _ in range(_ROUNDS):
            inside = {**names, fold.variable: item, fold.accumulator: carried}
            self.follow(fold.condition, inside)
            after = _joined(carried, self.follow(fold.step, inside))
            # What a macro carries along no text can name: it is only added to, and each round looks at the same.
            if after == carried or fold.accumulator.startswith("@"):
                return self.follow(fold.result, {**names, fold.accumulator: after})
            carried = after
        raise _UnknownError


def _constant(value: str | bool | None) -> _Value:
    if isinstance(value, str):
        return _Value(texts=frozenset({value}))
    return _Value(truth=value)


def _joined(*values: _Value) -> _Value:
    if len(values) == 1:
        return values[0]
    inner = [value.inner for value in values if value.inner is not None]
    return _Value(
        places=frozenset().union(*[value.places for value in values]),
        inner=_joined(*inner) if inner else None,
        texts=_any_of([value.texts for value in values]),
        patterns=_any_of([value.patterns for value in values]),
    )


def _any_of(known: list[frozenset[str] | None]) -> frozenset[str] | None:
    return None if None in known else frozenset().union(*known)  # type: ignore[arg-type]


def _field(value: _Value, name: str) -> _Value:
    found = _Value(places=frozenset([place.field(name) for place in value.places]))
    return _joined(found, value.inner) if value.inner is not None else found


def _elements(value: _Value) -> _Value:
    """Return what a loop over the value sees: items of a list, keys of a map (which matter already)."""
    for place in value.places:
        place.keys = True
    found = _Value(places=frozenset(place.every_item() for place in value.places))
    if value.inner is None:
        return found
    return _joined(found, value.inner) if value.places else value.inner


def _index(value: _Value, index: _Value) -> _Value:
    if index.texts is not None and not index.places:
        return _joined(_NOTHING, *(_field(value, name) for name in sorted(index.texts)))
    _consume(index)
    places = [place.every_item() for place in value.places]
    for place in value.places:
        patterns = index.patterns
        places += [place.every_value()] if patterns is None else map(place.values_under, sorted(patterns))
    found = _Value(places=frozenset(places))
    return _joined(found, value.inner) if value.inner is not None else found


def _contains(item: _Value, container: _Value) -> _Value:
    if item.texts is not None and not item.places:
        for place in container.places:
            for name in item.texts:
                place.field(name)
            _consume(_Value(places=frozenset({place.every_item()})))
    else:
        _consume(item)
        for place in container.places:
            place.keys = True
            _consume(_Value(places=frozenset({place.every_item()})))
    if container.inner is not None:
        _consume(container.inner)
    return _NOTHING


def _compare(left: _Value, right: _Value, trees: tuple[Tree, ...], *, equal: bool) -> _Value:
    if _is_one_text(left) and _is_one_text(right):
        return _Value(truth=(left.texts == right.texts) is equal)
    # A scalar literal equals no list and no map, and of those the kind is known.
    if not any(isinstance(tree, Constant) for tree in trees):
        _consume(left)
        _consume(right)
    return _NOTHING


def _negated(value: _Value) -> _Value:
    return _NOTHING if value.truth is None else _Value(truth=not value.truth)


def _added(left: _Value, right: _Value) -> _Value:
    """Join two lists; two texts make one that neither is."""
    return replace(_joined(left, right), texts=None, patterns=None)


def _measured(value: _Value) -> _Value:
    _elements(value)
    return _NOTHING


def _dropped(*_: _Value) -> _Value:
    """Make a truth of values whose places matter already."""
    return _NOTHING


def _is_one_text(value: _Value) -> bool:
    return value.texts is not None and len(value.texts) == 1 and not value.places


def _consume(value: _Value) -> None:
    for place in value.places:
        place.whole = True
    if value.inner is not None:
        _consume(value.inner)


# Functions that do no more with a value than move it, look below it, or ask whether it is there.
_PLAIN: Final[Mapping[str, Callable[..., _Value]]] = {
    "orValue": _joined,
    "or": _joined,
    "optional.of": _joined,
    "value": _joined,
    "_+_": _added,
    "!_": _negated,
    "@not_strictly_false": _dropped,
    "hasValue": _dropped,
    "optional.none": _dropped,
    "_?._": _index,
    "_[?_]": _index,
    "_[_]": _index,
    "size": _measured,
    "@in": _contains,
}
