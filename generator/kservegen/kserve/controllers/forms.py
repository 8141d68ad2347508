"""The text of a shape that is known, and an object as text in; what stands in the places of its tokens out.

To find what is free in an object and to write it with tokens costs as much as all that follows. An object whose text is
that of a shape, but for texts of the same forms in the places of tokens, would be written with the same tokens.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

# Free texts are made of these: without them all objects of a shape look the same.
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:,-"
_MOST_ALIKE: Final = 8


class Slot(Struct, frozen=True):
    """What may stand in a token's place: what has a form together with what stands `before` it."""

    form: re.Pattern[str]
    before: str = ""


class Tokens(Struct):
    """What tokens may stand for, each by itself and among each other.

    Of each pair that is `rising` the second stands for a larger number, and all that are `apart` for different texts.
    `fields` are the texts that are looked at together: each with its token, blank where it has none.
    """

    slots: dict[str, Slot] = field(default_factory=dict)
    rising: list[tuple[str, str]] = field(default_factory=list)
    apart: tuple[str, ...] = ()
    fields: list[tuple[str, str | None]] = field(default_factory=list)


class Form:
    """The text of a shape, which is known by a `key`: tokens, and what stands before, between and behind them."""

    def __init__(self, key: tuple[Any, Any, str], pieces: Sequence[str], tokens: Tokens) -> None:
        self.key = key
        self.tokens = tokens
        self._start = pieces[0]
        slots = [(token, tokens.slots[token]) for token in pieces[1::2]]
        self._steps = [
            (token, slot.form.fullmatch, slot.before, after, len(after))
            for (token, slot), after in zip(slots, pieces[2::2], strict=True)
        ]

    def values(self, text: str) -> Mapping[str, str] | None:
        """Return what the tokens stand for in the text of an object; None where it is not surely of this shape."""
        if not text.startswith(self._start):
            return None
        found: dict[str, str] = {}
        at = len(self._start)
        for token, matches, before, after, size in self._steps:
            end = text.find(after, at)
            said = text[at:end]
            if end < 0 or matches(before + said) is None or found.setdefault(token, said) != said:
                return None
            at = end + size
        if at != len(text) or any(int(found[low]) >= int(found[high]) for low, high in self.tokens.rising):
            return None
        apart = self.tokens.apart
        return found if len({found[token] for token in apart}) == len(apart) else None

    def texts(self, values: Mapping[str, str]) -> list[str | None]:
        """Return the free texts of the object that values are of; None for absent ones."""
        slots = self.tokens.slots
        return [slots[token].before + values[token] if token else said for token, said in self.tokens.fields]


class Forms:
    """The forms that are known, so many at most, by what their objects look like."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = 0
        self._known: dict[tuple[Hashable, bytes], list[Form]] = {}

    def alike(self, platform: Hashable, text: str) -> Sequence[Form]:
        """Return those that an object may have on a platform."""
        return self._known.get((platform, _look(text)), ())

    def add(self, platform: Hashable, text: str, form: Form) -> None:
        """Know a form by the text of one of its objects, unless too many look like it."""
        if self._number >= self._most:
            self._known.clear()
            self._number = 0
        alike = self._known.setdefault((platform, _look(text)), [])
        if len(alike) < _MOST_ALIKE:
            alike.append(form)
            self._number += 1


def _look(text: str) -> bytes:
    return text.encode().translate(None, _LETTERS)
