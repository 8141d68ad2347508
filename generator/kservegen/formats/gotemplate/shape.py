"""What a template is filled from: the types of Go as far as a template's fields can go wrong on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec


class Struct(msgspec.Struct, frozen=True, eq=False):
    """A struct by its fields, those of what it embeds included; `methods` are the beginnings of its methods' names.

    Each is a type of its own, equal to itself alone, so that what was found out for one can be kept.
    """

    name: str
    fields: Mapping[str, TemplateShape]
    methods: tuple[str, ...] = ()

    def has_method(self, name: str) -> bool:
        """Whether a name may be that of a method."""
        return name.startswith(self.methods)


class MapOf(msgspec.Struct, frozen=True):
    """A map from strings; a key that it lacks is no mistake here."""

    name: str
    value: TemplateShape


class ScalarShape(msgspec.Struct, frozen=True):
    """A text or a number: it has no fields."""

    name: str


class Unknown(msgspec.Struct, frozen=True):
    """A value of which nothing is known, and nothing is said."""


TemplateShape: TypeAlias = Struct | MapOf | ScalarShape | Unknown

UNKNOWN_SHAPE: Final = Unknown()
STRING: Final = ScalarShape("string")
STRINGS: Final = MapOf("map[string]string", STRING)
