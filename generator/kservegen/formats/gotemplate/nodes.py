"""What a template consists of: the shapes of its tree that are checked and evaluated."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from kservegen.core.records import dataclass


class Control(StrEnum):
    """The actions that hold a list of others."""

    IF = "if"
    RANGE = "range"
    WITH = "with"


@dataclass(frozen=True, slots=True)
class FieldNode:
    """`.A.B`: names below the dot."""

    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class VariableNode:
    """`$x.A.B`: names below a variable, `$` being the data that the template is given."""

    name: str
    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class ChainNode:
    """`(pipeline).A.B`: names below what a pipeline or a function gives."""

    base: PipeNode | IdentifierNode
    names: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class IdentifierNode:
    """A function's name; which functions there are is not known here."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class ConstantNode:
    """A string, a number, a character or a boolean, as it is written."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class NilNode:
    """`nil`, which is no command by itself."""

    offset: int


@dataclass(frozen=True, slots=True)
class PipeNode:
    """Commands whose results run from one into the next; each is its operand with arguments.

    `declared` names the variables that get the result: new ones, or known ones where it `assigns`.
    """

    declared: tuple[str, ...]
    commands: tuple[tuple[Operand, ...], ...]
    offset: int
    assigns: bool = False


Operand: TypeAlias = FieldNode | VariableNode | ChainNode | IdentifierNode | ConstantNode | NilNode | PipeNode


@dataclass(frozen=True, slots=True)
class BranchNode:
    """An `if`, `range` or `with` with what it does, and what it does otherwise."""

    control: Control
    pipeline: PipeNode
    body: tuple[ParseNode, ...]
    otherwise: tuple[ParseNode, ...]


@dataclass(frozen=True, slots=True)
class CommandNode:
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: PipeNode | None
    offset: int


@dataclass(frozen=True, slots=True)
class TextNode:
    """Text between actions, trimmed as their marks say."""

    text: str


@dataclass(frozen=True, slots=True)
class JumpNode:
    """`{{break}}` or `{{continue}}`, within a range."""

    is_break: bool
    offset: int


ParseNode: TypeAlias = PipeNode | BranchNode | CommandNode | TextNode | JumpNode


@dataclass(frozen=True, slots=True)
class TemplateNode:
    """A template: its body, and the bodies of those that it defines."""

    body: tuple[ParseNode, ...]
    defined: dict[str, tuple[ParseNode, ...]]
