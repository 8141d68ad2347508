"""What a template is filled with: Go's values as far as templates tell them apart, and how Go prints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct


class UntoldError(Exception):
    """A template asks for what is not known here, whether or not the program knows it."""


class GoStruct(Struct, frozen=True, eq=False):
    """A struct, or a pointer to one.

    `read` gives the value of a field, `NO_FIELD` where the type has none; UntoldError where that is not known.
    """

    name: str
    read: Callable[[str], GoValue]
    raw: object = None  # what a function of the program gets to see


class GoPointer(Struct, frozen=True):
    """A pointer to a plain value, which is true however empty the value is."""

    value: str | int | float


class GoNil(Struct, frozen=True):
    """A pointer of a type that points to nothing."""

    name: str


class _NoField(Struct, frozen=True):
    """The answer of a struct that is asked for a field of another type."""


NO_FIELD: Final = _NoField()

GoValue: TypeAlias = (
    "str | int | float | GoStruct | GoPointer | GoNil | _NoField | Mapping[str, GoValue] | Sequence[GoValue] | None"
)


def is_true(value: GoValue) -> bool:
    """Whether an `if` takes a value for true (text/template exec.go IsTrue)."""
    if isinstance(value, GoStruct | GoPointer):
        return True
    return not isinstance(value, GoNil) and bool(value)


def pointed_to(value: GoValue) -> GoValue:
    """Return what a pointer points to; any other value is itself."""
    return value.value if isinstance(value, GoPointer) else value


def printed(value: GoValue) -> str:
    """Print a value as fmt.Print prints it alone; a struct, whose form is of no use, by its type's name."""
    value = pointed_to(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(value, ".17g") if value != int(value) else format(value, "g")
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{printed(value[key])}' for key in sorted(value))}]"
    if isinstance(value, Sequence):
        return f"[{' '.join(map(printed, value))}]"
    if isinstance(value, GoStruct):
        return f"{{{value.name}}}"
    return "<nil>" if isinstance(value, GoNil) else "<no value>"
