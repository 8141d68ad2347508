"""Text into tokens, as Go's text/template/parse/lex.go makes them; TemplateError where it makes none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.gotemplate.problem import TemplateError


class TokenKind(Enum):
    """What a token is. Keywords come last, each with its own."""

    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    ASSIGN = auto()
    DECLARE = auto()
    PIPE = auto()
    CHAR = auto()
    OPEN = auto()
    CLOSE = auto()
    STRING = auto()
    RAW_STRING = auto()
    CHARACTER = auto()
    NUMBER = auto()
    COMPLEX = auto()
    BOOL = auto()
    VARIABLE = auto()
    FIELD = auto()
    IDENTIFIER = auto()
    DOT = auto()
    NIL = auto()
    BLOCK = auto()
    BREAK = auto()
    CONTINUE = auto()
    DEFINE = auto()
    ELSE = auto()
    END = auto()
    IF = auto()
    RANGE = auto()
    TEMPLATE = auto()
    WITH = auto()
    EOF = auto()


class TemplateToken(NamedTuple):
    """A token with the offset that it starts at."""

    kind: TokenKind
    text: str
    offset: int


KEYWORDS: Final = {
    kind.name.lower(): kind
    for kind in (
        TokenKind.BLOCK, TokenKind.BREAK, TokenKind.CONTINUE, TokenKind.DEFINE, TokenKind.ELSE, TokenKind.END,
        TokenKind.IF, TokenKind.NIL, TokenKind.RANGE, TokenKind.TEMPLATE, TokenKind.WITH,
    )
}  # fmt: skip
_WORDS: Final = {**KEYWORDS, "true": TokenKind.BOOL, "false": TokenKind.BOOL}

_LEFT: Final = "{{"
_RIGHT: Final = "}}"
_SPACES: Final = " \t\r\n"
_ENDS: Final = frozenset(" \t\r\n.,|:)(")
_LEFT_TRIM: Final = lazy_pattern(r"-[ \t\r\n]")
_RIGHT_TRIM: Final = lazy_pattern(r"[ \t\r\n]-\}\}")
_SPACE: Final = lazy_pattern(r"[ \t\r\n]+")
_DIGITS: Final = lazy_pattern(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?"
    r"|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?",
    re.ASCII,
)
_SINGLE: Final = {"=": TokenKind.ASSIGN, "|": TokenKind.PIPE}
_MAX_ASCII: Final = 127


def template_tokens(text: str) -> Iterator[TemplateToken]:
    """Read a template token by token, the end included."""
    return _Lexer(text).read()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self) -> Iterator[TemplateToken]:
        while (left := self.text.find(_LEFT, self.at)) >= 0:
            inside = left + len(_LEFT)
            trimmed = bool(_LEFT_TRIM.match(self.text, inside))
            said = self.text[self.at : left]
            said = said.rstrip(_SPACES) if trimmed else said
            if said:
                yield TemplateToken(TokenKind.TEXT, said, self.at)
            self.at = inside + (2 if trimmed else 0)
            if self.text.startswith("/*", self.at):
                self._comment(left)
            else:
                yield TemplateToken(TokenKind.LEFT, _LEFT, left)
                yield from self._action(left)
        if self.at < len(self.text):
            yield TemplateToken(TokenKind.TEXT, self.text[self.at :], self.at)
        yield TemplateToken(TokenKind.EOF, "EOF", len(self.text))

    def _comment(self, left: int) -> None:
        end = self.text.find("*/", self.at + 2)
        if end < 0:
            raise TemplateError(left, "unclosed comment")
        self.at = end + 2
        if not self._right():
            raise TemplateError(left, "comment ends before closing delimiter")

    def _right(self) -> bool:
        """Step over the closing delimiter, and the space that its trim mark takes away; False where there is none."""
        trimmed = bool(_RIGHT_TRIM.match(self.text, self.at))
        if not trimmed and not self.text.startswith(_RIGHT, self.at):
            return False
        self.at += len(_RIGHT) + (2 if trimmed else 0)
        if trimmed and (space := _SPACE.match(self.text, self.at)):
            self.at = space.end()
        return True

    def _action(self, left: int) -> Iterator[TemplateToken]:
        depth = 0
        while True:
            start = self.at
            if depth == 0 and self._right():
                yield TemplateToken(TokenKind.RIGHT, _RIGHT, start)
                return
            token = self._token(left, depth)
            depth += {TokenKind.OPEN: 1, TokenKind.CLOSE: -1}.get(token.kind, 0)
            if depth < 0:
                raise TemplateError(start, "unexpected right paren")
            yield token

    def _token(self, left: int, depth: int) -> TemplateToken:
        start, rest = self.at, self.text[self.at : self.at + 2]
        if not rest:
            raise TemplateError(left, "unclosed action")
        if depth and (rest == _RIGHT or _RIGHT_TRIM.match(self.text, start)):
            raise TemplateError(left, "unclosed left paren")
        first = rest[0]
        if first in _SPACES:
            return self._space()
        if first in _SINGLE:
            return self._take(_SINGLE[first], 1)
        if first == ":":
            if rest != ":=":
                raise TemplateError(start, "expected :=")
            return self._take(TokenKind.DECLARE, 2)
        reader = _READERS.get(first)
        if reader is not None:
            return reader(self)
        if _is_number(rest):
            return self._number()
        if _is_letter(first):
            return self._word()
        if ord(first) <= _MAX_ASCII and first.isprintable():
            return self._take(TokenKind.CHAR, 1)
        raise TemplateError(start, f"unrecognized character in action: U+{ord(first):04X}")

    def _take(self, kind: TokenKind, length: int) -> TemplateToken:
        token = TemplateToken(kind, self.text[self.at : self.at + length], self.at)
        self.at += length
        return token

    def _space(self) -> TemplateToken:
        """Take a run of spaces, but for the last one where that belongs to a trim mark."""
        found = _SPACE.match(self.text, self.at)
        end = found.end() if found else self.at + 1
        if end > self.at + 1 and _RIGHT_TRIM.match(self.text, end - 1):
            end -= 1
        return self._take(TokenKind.SPACE, end - self.at)

    def open(self) -> TemplateToken:
        return self._take(TokenKind.OPEN, 1)

    def close(self) -> TemplateToken:
        return self._take(TokenKind.CLOSE, 1)

    def dot(self) -> TemplateToken:
        following = self.text[self.at + 1 : self.at + 2]
        if not following or following in "0123456789":
            return self._number()  # a lone dot at the very end is no number either
        return self._name(TokenKind.FIELD, TokenKind.DOT)

    def variable(self) -> TemplateToken:
        return self._name(TokenKind.VARIABLE, TokenKind.VARIABLE)

    def _name(self, kind: TokenKind, alone: TokenKind) -> TemplateToken:
        """Take the dot or dollar at hand with the name that follows; `alone` is what it is without one."""
        end = self._word_end(self.at + 1)
        return self._take(kind if end > self.at + 1 else alone, end - self.at)

    def _word(self) -> TemplateToken:
        end = self._word_end(self.at)
        return self._take(_WORDS.get(self.text[self.at : end], TokenKind.IDENTIFIER), end - self.at)

    def _word_end(self, start: int) -> int:
        end = start
        while end < len(self.text) and _is_letter(self.text[end]):
            end += 1
        following = self.text[end : end + 1]
        if following and following not in _ENDS and not self.text.startswith(_RIGHT, end):
            raise TemplateError(end, f"bad character U+{ord(following):04X} {following!r}")
        return end

    def _number(self) -> TemplateToken:
        end = self._number_end(self.at)
        kind = TokenKind.NUMBER
        if self.text[end : end + 1] in {"+", "-"}:  # 1+2i
            kind, end = TokenKind.COMPLEX, self._number_end(end)
            if self.text[end - 1] != "i":
                raise TemplateError(self.at, f"bad number syntax: {self.text[self.at : end]!r}")
        return self._take(kind, end - self.at)

    def _number_end(self, start: int) -> int:
        found = _DIGITS.match(self.text, start)
        end = found.end() if found else start
        if end == start or _is_letter(self.text[end : end + 1] or " "):
            raise TemplateError(start, f"bad number syntax: {self.text[start : end + 1]!r}")
        return end

    def quoted(self) -> TemplateToken:
        return self._delimited(TokenKind.STRING, '"', "unterminated quoted string")

    def character(self) -> TemplateToken:
        return self._delimited(TokenKind.CHARACTER, "'", "unterminated character constant")

    def _delimited(self, kind: TokenKind, quote: str, message: str) -> TemplateToken:
        end = self.at + 1
        while (following := self.text[end : end + 1]) != quote:
            if following == "\\":
                end += 1
                following = self.text[end : end + 1]
            if following in {"", "\n"}:
                raise TemplateError(self.at, message)
            end += 1
        return self._take(kind, end + 1 - self.at)

    def raw(self) -> TemplateToken:
        end = self.text.find("`", self.at + 1)
        if end < 0:
            raise TemplateError(self.at, "unterminated raw quoted string")
        return self._take(TokenKind.RAW_STRING, end + 1 - self.at)


_READERS: Final[dict[str, Callable[[_Lexer], TemplateToken]]] = {
    '"': _Lexer.quoted,
    "`": _Lexer.raw,
    "'": _Lexer.character,
    "$": _Lexer.variable,
    ".": _Lexer.dot,
    "(": _Lexer.open,
    ")": _Lexer.close,
}


def _is_letter(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


def _is_number(rest: str) -> bool:
    return rest[0] in "+-0123456789"
