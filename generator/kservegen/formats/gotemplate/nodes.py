"""What a template consists of: the few shapes of its tree that a check looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Control(StrEnum):
    """The actions that hold a list of others."""

    IF = "if"
    RANGE = "range"
    WITH = "with"


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`: names below the dot."""

    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.A.B`: names below a variable, `$` being the data that the template is given."""

    name: str
    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).A.B`: names below what a pipeline or a function gives."""

    base: Pipeline | Function
    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name; which functions there are is not known here."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, a number, a character or a boolean."""

    offset: int


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`, which is no command by itself."""

    offset: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands whose results run from one into the next; each is its operand with arguments."""

    declared: tuple[str, ...]
    commands: tuple[tuple[Operand, ...], ...]
    offset: int


Operand: TypeAlias = Field | Variable | Chain | Function | Constant | Nil | Pipeline


@dataclass(frozen=True, slots=True)
class Block:
    """An `if`, `range` or `with` with what it does, and what it does otherwise."""

    control: Control
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: Pipeline | None
    offset: int


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is more than space; it makes a definition one that a second may not replace."""


Node: TypeAlias = Pipeline | Block | Call | Text


@dataclass(frozen=True, slots=True)
class Template:
    """A template: its body, and the bodies of those that it defines."""

    body: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]]
