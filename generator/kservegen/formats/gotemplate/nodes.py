"""What a template consists of: the shapes of its tree that are checked and evaluated."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct


class Control(StrEnum):
    """The actions that hold a list of others."""

    IF = "if"
    RANGE = "range"
    WITH = "with"


class FieldNode(Struct, frozen=True):
    """`.A.B`: names below the dot."""

    names: tuple[str, ...]
    offset: int


class VariableNode(Struct, frozen=True):
    """`$x.A.B`: names below a variable, `$` being the data that the template is given."""

    name: str
    names: tuple[str, ...]
    offset: int


class ChainNode(Struct, frozen=True):
    """`(pipeline).A.B`: names below what a pipeline or a function gives."""

    base: PipeNode | IdentifierNode
    names: tuple[str, ...]
    offset: int


class IdentifierNode(Struct, frozen=True):
    """A function's name; which functions there are is not known here."""

    name: str
    offset: int


class ConstantNode(Struct, frozen=True):
    """A string, a number, a character or a boolean, as it is written."""

    text: str
    offset: int


class NilNode(Struct, frozen=True):
    """`nil`, which is no command by itself."""

    offset: int


class PipeNode(Struct, frozen=True):
    """Commands whose results run from one into the next; each is its operand with arguments.

    `declared` names the variables that get the result: new ones, or known ones where it `assigns`.
    """

    declared: tuple[str, ...]
    commands: tuple[tuple[Operand, ...], ...]
    offset: int
    assigns: bool = False


Operand: TypeAlias = FieldNode | VariableNode | ChainNode | IdentifierNode | ConstantNode | NilNode | PipeNode


class BranchNode(Struct, frozen=True):
    """An `if`, `range` or `with` with what it does, and what it does otherwise."""

    control: Control
    pipeline: PipeNode
    body: tuple[ParseNode, ...]
    otherwise: tuple[ParseNode, ...]


class CommandNode(Struct, frozen=True):
    """`{{template "name" pipeline}}`."""

    name: str
    pipeline: PipeNode | None
    offset: int


class TextNode(Struct, frozen=True):
    """Text between actions, trimmed as their marks say."""

    text: str


class JumpNode(Struct, frozen=True):
    """`{{break}}` or `{{continue}}`, within a range."""

    is_break: bool
    offset: int


ParseNode: TypeAlias = PipeNode | BranchNode | CommandNode | TextNode | JumpNode


class TemplateNode(Struct, frozen=True):
    """A template: its body, and the bodies of those that it defines."""

    body: tuple[ParseNode, ...]
    defined: dict[str, tuple[ParseNode, ...]]
