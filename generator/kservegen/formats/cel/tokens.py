"""An expression of CEL in, its tokens and their brackets out; text that is no CEL has tokens, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""(?P<text>[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
                |[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      |(?P<space>//[^\n]*|\s+)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<number>0x[0-9a-fA-F]+[uU]?|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
      |(?P<sign>&&|\|\||[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
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
