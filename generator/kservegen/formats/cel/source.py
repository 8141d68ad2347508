"""CEL as text: its tokens, the variables of a policy that it uses, and one text that carries their definitions.

`variables.x` becomes the identifier `variables_x` (as long as before, so columns stay true), bound by CEL's own lazy
`cel.bind` around the expression: evaluated at most once, and an error only where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.patterns import lazy_pattern

# A text of CEL: raw or not, of bytes or not, between any of its quotes.
_TEXT: Final = r"""(?P<text>[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
            |[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
_TOKEN: Final = lazy_pattern(
    _TEXT
    + r"""
      |(?P<space>//[^\n]*|\s+)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<number>0x[0-9a-fA-F]+[uU]?|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
      |(?P<sign>&&|\|\||[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
# A name with its first field, which is what tells variables apart.
_CHAIN: Final = lazy_pattern(
    _TEXT
    + r"""
      |(?P<comment>//[^\n]*)
      |(?P<name>(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)?)""",
    re.VERBOSE | re.DOTALL,
)
_CALL: Final = lazy_pattern(r"\s*\(")
# A call of the member `matches`, behind its dot; texts and comments are matched without one.
MEMBER_MATCHES: Final = lazy_pattern(_TEXT + r"|//[^\n]*|(?P<dot>\.\s*)matches(?=\s*\()", re.VERBOSE | re.DOTALL)
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


class Token(Struct, frozen=True):
    """A piece of an expression; its kind is text, space (or a comment), name, number or sign."""

    kind: str
    text: str


def tokenize(expression: str) -> list[Token]:
    """Split an expression; the tokens' texts make it whole again."""
    return [Token(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(expression)]


def closing_brackets(tokens: Sequence[Token]) -> dict[int, int]:
    """Find the closing bracket of each opening one; those without one are left out."""
    found: dict[int, int] = {}
    open_ones: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in _OPENING:
            open_ones.append(index)
        elif open_ones and token.text == _OPENING[tokens[open_ones[-1]].text]:
            found[open_ones.pop()] = index
    return found


class Composed(Struct, frozen=True, kw_only=True):
    """A text to compile; `offset` lines stand before the expression's own first line."""

    text: str
    offset: int


@lru_cache(maxsize=1024)
def variable_names(expression: str) -> frozenset[str]:
    """List the identifiers that start a chain, with their first field: `object.spec`, `size`, `request.userInfo`."""
    return frozenset(
        "".join(match["name"].split()) for match in _CHAIN.finditer(expression) if match.lastgroup == "name"
    )


def fields_read(expression: str, name: str) -> frozenset[str] | None:
    """List the fields of a variable that an expression reads; None: it may read the variable as a whole."""
    fields = set()
    for match in _CHAIN.finditer(expression):
        owner, _, field = (match["name"] or "").partition(".")
        if owner.strip() != name:
            continue
        if not field or _CALL.match(expression, match.end()):
            return None
        fields.add(field.strip())
    return frozenset(fields)


def compose(expression: str, variables: Mapping[str, str], aliases: Mapping[str, str]) -> Composed:
    """Wrap an expression into the definitions that it needs; `variables` are in the order of definition.

    `aliases` are names of their own that stand for an expression, in any definition, too.
    """
    needed, names = _needed(expression, variables), frozenset(variables)
    head = "".join(f"cel.bind({name}, (\n{text}\n), " for name, text in aliases.items())
    head += "".join(f"cel.bind(variables_{name}, (\n{_renamed(variables[name], names)}\n), " for name in needed)
    text = f"{head}(\n{_renamed(expression, names)}\n)" + ")" * (len(aliases) + len(needed))
    return Composed(text=text, offset=head.count("\n") + 1)


def _needed(expression: str, variables: Mapping[str, str]) -> list[str]:
    wanted = _used(expression, variables)
    for name in reversed(tuple(variables)):
        if name in wanted:
            wanted |= _used(variables[name], variables)
    return [name for name in variables if name in wanted]


def _used(expression: str, variables: Mapping[str, str]) -> set[str]:
    found = variable_names(expression)
    return {name for name in variables if f"variables.{name}" in found}


@lru_cache(maxsize=1024)
def _renamed(expression: str, variables: frozenset[str]) -> str:
    if "variables" not in expression:
        return expression

    def rename(match: re.Match[str]) -> str:
        owner, _, field = (match["name"] or "").partition(".")
        if owner.strip() != "variables" or field.strip() not in variables:
            return match[0]
        return f"variables_{field.strip()}".ljust(len(match[0]))

    return _CHAIN.sub(rename, expression)
