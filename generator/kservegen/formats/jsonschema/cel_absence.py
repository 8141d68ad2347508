"""A CEL rule and a value in; whether the rule holds by what is there and what is not, without an interpreter, out.

Most rules speak of fields that most objects do not have: `!(has(self.a) && has(self.b))`, `!has(self.a) || …`. What
`has` says, and what follows from it by `!`, `&&`, `||` and `?:`, is worked out here; everything else is unknown. As in
CEL, `true || x` is true and `false && x` is false even where x is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from kservegen.core.jsontypes import JsonValue
from kservegen.formats.cel.source import closing_brackets, tokenize, variable_names
from kservegen.formats.jsonschema.cel_rules import CelRule

# A value in; true, false or unknown out.
_Test: TypeAlias = Callable[[JsonValue], "bool | None"]

_ENDS: Final = frozenset({"", ")", "]", "}", ",", "?", ":", "&&", "||"})


def is_open(rule: CelRule, value: JsonValue, old: JsonValue) -> bool:
    """Whether a rule has to be evaluated: it is not skipped for want of an old value, and does not hold at a glance."""
    if old is None and not rule.optional_old_self and reads(rule.expression, "oldSelf"):
        return False
    return not holds_by_absence(rule.expression, value)


@lru_cache(maxsize=4096)
def reads(expression: str, name: str) -> bool:
    """Whether an expression reads a variable."""
    return any(chain.partition(".")[0] == name for chain in variable_names(expression))


def holds_by_absence(expression: str, value: JsonValue) -> bool:
    """Whether a rule is true whatever its unknown parts are; False says nothing."""
    return _read(expression)(value) is True


@lru_cache(maxsize=4096)
def _read(expression: str) -> _Test:
    reader = _Reader(expression)
    test = reader.expression()
    return test if reader.is_whole else _unknown


def _unknown(_: JsonValue) -> bool | None:
    return None


class _Reader:
    """Reads the logic of an expression; an operand of any other kind becomes an unknown."""

    def __init__(self, expression: str) -> None:
        tokens = [token for token in tokenize(expression) if token.kind != "space"]
        self._texts = [token.text for token in tokens]
        self._closing = closing_brackets(tokens)
        self._at = 0
        self._is_broken = False

    @property
    def is_whole(self) -> bool:
        """Whether all of the expression has been read, and every operand is there."""
        return self._text == "" and not self._is_broken

    def expression(self) -> _Test:
        test = self._either()
        if not self._take("?"):
            return test
        yes = self.expression()
        if not self._take(":"):
            return _unknown
        return _choice(test, yes, self.expression())

    def _either(self) -> _Test:
        tests = [self._both()]
        while self._take("||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else _any(tests)

    def _both(self) -> _Test:
        tests = [self._operand()]
        while self._take("&&"):
            tests.append(self._operand())
        return tests[0] if len(tests) == 1 else _all(tests)

    def _operand(self) -> _Test:
        start = self._at
        test = self._plain_operand()
        if self._text in _ENDS:
            self._is_broken |= self._at == start
            return test
        while self._text not in _ENDS or (self._text == "?" and self._texts[self._at - 1] == "."):
            self._at = self._closing.get(self._at, self._at) + 1
        return _unknown

    def _plain_operand(self) -> _Test:
        if self._take("!"):
            return _not(self._operand())
        if self._text == "(":
            self._at += 1
            test = self.expression()
            return test if self._take(")") else _unknown
        if self._text == "has":
            return self._has()
        return _unknown

    def _has(self) -> _Test:
        closing = self._closing.get(self._at + 1, self._at)
        steps = self._texts[self._at + 2 : closing]
        names = steps[2::2]
        if steps[:1] != ["self"] or set(steps[1::2]) != {"."} or any("__" in name for name in names):
            return _unknown
        self._at = closing + 1
        return _presence(names)

    @property
    def _text(self) -> str:
        return self._texts[self._at] if self._at < len(self._texts) else ""

    def _take(self, text: str) -> bool:
        if self._text != text:
            return False
        self._at += 1
        return True


def _presence(names: list[str]) -> _Test:
    def test(value: JsonValue) -> bool | None:
        for name in names[:-1]:
            value = value.get(name) if isinstance(value, dict) else None
        return names[-1] in value if isinstance(value, dict) else None  # the way there is missing: an error

    return test


def _not(inner: _Test) -> _Test:
    def test(value: JsonValue) -> bool | None:
        found = inner(value)
        return None if found is None else not found

    return test


def _all(tests: list[_Test]) -> _Test:
    def test(value: JsonValue) -> bool | None:
        found = [one(value) for one in tests]
        return False if False in found else None if None in found else True

    return test


def _any(tests: list[_Test]) -> _Test:
    def test(value: JsonValue) -> bool | None:
        found = [one(value) for one in tests]
        return True if True in found else None if None in found else False

    return test


def _choice(condition: _Test, yes: _Test, no: _Test) -> _Test:
    def test(value: JsonValue) -> bool | None:
        found = condition(value)
        return None if found is None else yes(value) if found else no(value)

    return test
