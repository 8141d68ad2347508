"""CEL of the API server in, CEL that the interpreter can run out: what it lacks, in the words of what it has.

- A macro of two variables goes over pairs: `m.all(k, v, p)` is `m.pairs_().all(pair, …p…)`, with `k` and `v` bound to
  the parts of the pair; `pairs_` lists index and item, or key and value.
- A callback cannot return an optional value. It returns a list of none or one, and `[?0]` makes an optional of it.
- Functions whose names the interpreter keeps for its own have an underscore behind theirs; `matches` is `match__`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.source import MEMBER_MATCHES, Token, closing_brackets, tokenize

# Members that are called by another name, and what follows their call.
_MEMBERS: Final = {"indexOf": "", "lastIndexOf": "", "validate": "[?0]"}
# What is asked of quantities, for which there is a function of their texts, too.
_OF_QUANTITIES: Final = frozenset({"compareTo", "isGreaterThan", "isLessThan", "asApproximateFloat"})
# As long as the name that it stands for, which is common: columns stay true.
_MATCHES: Final = "match__"
_QUANTIFIERS: Final = {"all": "all", "exists": "exists", "existsOne": "exists_one"}
_TRANSFORMERS: Final = {"transformList": "", "transformMap": ".map_()", "transformMapEntry": ".merge_()"}
_BLANK: Final = r"(?:\s|//[^\n]*\n)*"
_NAME: Final = rf"{_BLANK}[A-Za-z_]\w*{_BLANK},"
# What may have to be rewritten: a call by its name, or a macro that begins with two names and has more behind them.
_HINT: Final = lazy_pattern(
    rf"indexOf|IndexOf|validate|named|\b(?:existsOne|all|exists|transform\w+){_BLANK}\({_NAME}{_NAME}"
)
_OURS: Final = lazy_pattern(r"\b(indexOf|lastIndexOf|validate|named|string)_\b")


class _Call(Struct, frozen=True):
    """A function's call: where its arguments stand, and the index behind its closing parenthesis."""

    name: str
    arguments: tuple[tuple[int, int], ...]
    end: int


def rewrite(expression: str, *, dynamic_numbers: bool = False, own_string: bool = False) -> str:
    """Rewrite an expression; one that is no CEL comes back as it is, or no better.

    `dynamic_numbers` leaves comparisons of numbers of different types to run time, `own_string` takes the conversion to
    text that knows addresses.
    """
    if "matches" in expression:
        expression = MEMBER_MATCHES.sub(
            lambda found: f"{found['dot']}{_MATCHES}" if found["dot"] else found[0], expression
        )
    if not (dynamic_numbers or own_string or _HINT.search(expression)):
        return expression
    tokens = tokenize(expression)
    rewriter = _Rewriter(tokens, dynamic_numbers=dynamic_numbers, own_string=own_string)
    return rewriter.text(0, len(tokens))


def join_quantities(expression: str) -> str:
    """Have what is asked of quantities answered by a function of their texts: to hand a quantity over costs more.

    What comes to a value comes to the same; an error has other words.
    """
    tokens = tokenize(expression)
    return _Joiner(tokens, dynamic_numbers=False, own_string=False).text(0, len(tokens))


def in_users_words(message: str) -> str:
    """Give functions in a message the names that the user knows."""
    return _OURS.sub(r"\1", message).replace(_MATCHES, "matches")


class _Rewriter:
    def __init__(self, tokens: Sequence[Token], *, dynamic_numbers: bool, own_string: bool) -> None:
        self._tokens = tokens
        self._dynamic_numbers = dynamic_numbers
        self._own_string = own_string
        self._closing = closing_brackets(tokens)

    def text(self, start: int, end: int) -> str:
        """Write a stretch of tokens anew."""
        out, at = "", start
        while at < end:
            token = self._tokens[at]
            call = self._call(at) if token.kind == "name" else None
            written = self._written(call, at) if call is not None else None
            if call is not None and written is not None:
                out, at = out + written, call.end
            else:
                out, at = out + self._plain(token), at + 1
        return out

    def _plain(self, token: Token) -> str:
        return f"dyn({token.text})" if token.kind == "number" and self._dynamic_numbers else token.text

    def _call(self, at: int) -> _Call | None:
        opening = self._next(at + 1)
        closing = self._closing.get(opening)
        if closing is None or self._tokens[opening].text != "(":
            return None
        return _Call(self._tokens[at].text, tuple(self._arguments(opening + 1, closing)), closing + 1)

    def _arguments(self, start: int, end: int) -> list[tuple[int, int]]:
        if self._next(start) >= end:
            return []
        found, first, at = [], start, start
        while at < end:
            if self._tokens[at].text == ",":
                found.append((first, at))
                first = at + 1
            at = self._closing.get(at, at) + 1
        return [*found, (first, end)]

    def _written(self, call: _Call, at: int) -> str | None:
        """Write a call anew; None: it can stay, and what is in it is looked at on its own."""
        if not self._is_member(at):
            return self._renamed(call) if call.name == "string" and self._own_string else None
        if call.name == "named" and self._owner(at) == "format":
            return f"{self._renamed(call)}[?0]"
        if call.name in _MEMBERS:
            return self._renamed(call) + _MEMBERS[call.name]
        return self._two_variables(call, at)

    def _renamed(self, call: _Call) -> str:
        return f"{call.name}_({self._listed(call)})"

    def _listed(self, call: _Call) -> str:
        return ", ".join(self.text(*argument) for argument in call.arguments)

    def _two_variables(self, call: _Call, at: int) -> str | None:
        sizes = {3} if call.name in _QUANTIFIERS else {3, 4} if call.name in _TRANSFORMERS else set()
        if len(call.arguments) not in sizes:
            return None
        key, value = (self._name(argument) for argument in call.arguments[:2])
        if key is None or value is None:
            return None
        pair = f"pair{at}_"
        *guards, result = (
            f"cel.bind({key}, {pair}[0], cel.bind({value}, {pair}[1], {self.text(*argument)}))"
            for argument in call.arguments[2:]
        )
        if call.name in _QUANTIFIERS:
            return f"pairs_().{_QUANTIFIERS[call.name]}({pair}, {result})"
        if call.name == "transformMap":
            result = f"[dyn({pair}[0]), dyn({result})]"
        steps = ", ".join((pair, *guards, result))
        return f"pairs_().map({steps}){_TRANSFORMERS[call.name]}"

    def _name(self, argument: tuple[int, int]) -> str | None:
        words = [token for token in self._tokens[slice(*argument)] if token.kind != "space"]
        return words[0].text if len(words) == 1 and words[0].kind == "name" else None

    def _is_member(self, at: int) -> bool:
        before = self._previous(at)
        return before >= 0 and self._tokens[before].text == "."

    def _owner(self, at: int) -> str:
        before = self._previous(self._previous(at))
        return self._tokens[before].text if before >= 0 else ""

    def _next(self, at: int) -> int:
        while at < len(self._tokens) and self._tokens[at].kind == "space":
            at += 1
        return at

    def _previous(self, at: int) -> int:
        at -= 1
        while at >= 0 and self._tokens[at].kind == "space":
            at -= 1
        return at


class _Joiner(_Rewriter):
    """Takes `quantity(a).compareTo(quantity(b))` for one call, `compareTo_(a, b)`, and leaves all else."""

    def _call(self, at: int) -> _Call | None:
        call = super()._call(at)
        if call is None or call.name != "quantity" or self._is_member(at):
            return call
        name = self._next(self._next(call.end) + 1)
        asked = super()._call(name)
        if asked is None or asked.name not in _OF_QUANTITIES or not self._is_member(name):
            return call
        others = [self._text_of(argument) for argument in asked.arguments]
        return call if None in others else _Call(f"{asked.name}_", (*call.arguments, *filter(None, others)), asked.end)

    def _text_of(self, argument: tuple[int, int]) -> tuple[int, int] | None:
        """Return the text of the quantity that an argument is; None for any other."""
        call = super()._call(self._next(argument[0]))
        if call is None or call.name != "quantity" or self._next(call.end) < argument[1] or len(call.arguments) != 1:
            return None
        return call.arguments[0]

    def _written(self, call: _Call, at: int) -> str | None:  # noqa: ARG002 - as above
        return f"{call.name}({self._listed(call)})" if call.name[:-1] in _OF_QUANTITIES else None
