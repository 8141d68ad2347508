"""A template against the data that it is filled from: a text and a shape in, the first mistake out.

Go finds a field that is not there only when it gets to it, so a mistake within an `if` is not sure to be met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.formats.gotemplate.nodes import (
    BranchNode,
    ChainNode,
    CommandNode,
    Control,
    FieldNode,
    IdentifierNode,
    NilNode,
    Operand,
    ParseNode,
    PipeNode,
    TemplateNode,
    VariableNode,
)
from kservegen.formats.gotemplate.parser import parse_template
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.shape import UNKNOWN_SHAPE, MapOf, ScalarShape, Struct, TemplateShape

# These look at an argument only if those before it do not decide.
_LAZY: Final = frozenset({"and", "or"})


class TemplateMistake(NamedTuple):
    """What is wrong at an offset of the text; `certain` where every filling of the template fails on it."""

    offset: int
    message: str
    certain: bool


def check_template(text: str, data: TemplateShape) -> TemplateMistake | None:
    """Check a template; a certain mistake goes before one that may never be met."""
    if "{{" not in text:
        return None
    read = parse_template(text)
    if read is None:
        return None
    if isinstance(read, TemplateFault):
        return TemplateMistake(read.offset, read.message, certain=True)
    found = list(_Checker(read, data).mistakes())
    return min(found, key=lambda mistake: (not mistake.certain, mistake.offset), default=None)


class _Checker:
    def __init__(self, template: TemplateNode, data: TemplateShape) -> None:
        self.template = template
        self.data = data
        self.found: list[TemplateMistake] = []
        self.entered: set[str] = set()  # templates on the way here: one may call itself

    def mistakes(self) -> Iterator[TemplateMistake]:
        self.nodes(self.template.body, self.data, {"$": self.data}, certain=True)
        yield from self.found

    def say(self, offset: int, message: str, *, certain: bool) -> None:
        self.found.append(TemplateMistake(offset, message, certain))

    def nodes(
        self, nodes: tuple[ParseNode, ...], dot: TemplateShape, variables: dict[str, TemplateShape], *, certain: bool
    ) -> None:
        for node in nodes:
            if isinstance(node, PipeNode):
                self.pipeline(node, dot, variables, certain=certain)
            elif isinstance(node, CommandNode):
                self.call(node, dot, variables, certain=certain)
            elif isinstance(node, BranchNode):
                self.block(node, dot, variables, certain=certain)

    def block(
        self, block: BranchNode, dot: TemplateShape, variables: dict[str, TemplateShape], *, certain: bool
    ) -> None:
        inner = dict(variables)
        value = self.pipeline(block.pipeline, dot, inner, certain=certain)
        if block.control is Control.RANGE:
            value = value.value if isinstance(value, MapOf) else UNKNOWN_SHAPE
            inner.update(dict.fromkeys(block.pipeline.declared, UNKNOWN_SHAPE))
        self.nodes(block.body, dot if block.control is Control.IF else value, inner, certain=False)
        self.nodes(block.otherwise, dot, dict(variables), certain=False)

    def call(
        self, call: CommandNode, dot: TemplateShape, variables: dict[str, TemplateShape], *, certain: bool
    ) -> None:
        value = self.pipeline(call.pipeline, dot, variables, certain=certain) if call.pipeline else UNKNOWN_SHAPE
        body = self.template.defined.get(call.name)
        if body is None:
            self.say(call.offset, f'template "{call.name}" not defined', certain=certain)
        elif call.name not in self.entered:
            self.entered.add(call.name)
            self.nodes(body, value, {"$": value}, certain=certain)
            self.entered.discard(call.name)

    def pipeline(
        self, pipeline: PipeNode, dot: TemplateShape, variables: dict[str, TemplateShape], *, certain: bool
    ) -> TemplateShape:
        value: TemplateShape = UNKNOWN_SHAPE
        for stage, command in enumerate(pipeline.commands):
            first = command[0]
            lazy = isinstance(first, IdentifierNode) and first.name in _LAZY
            for position, argument in enumerate(command[1:]):
                self.operand(argument, dot, variables, called=False, certain=certain and not (lazy and position))
            if isinstance(first, NilNode):
                self.say(first.offset, "nil is not a command", certain=certain)
            value = self.operand(first, dot, variables, called=stage > 0 or len(command) > 1, certain=certain)
        for name in pipeline.declared:
            variables[name] = value
        return value

    def operand(
        self, operand: Operand, dot: TemplateShape, variables: dict[str, TemplateShape], *, called: bool, certain: bool
    ) -> TemplateShape:
        if isinstance(operand, PipeNode):
            return self.pipeline(operand, dot, variables, certain=certain)
        if isinstance(operand, FieldNode):
            base = dot
        elif isinstance(operand, VariableNode):
            base = variables.get(operand.name, UNKNOWN_SHAPE)
        elif isinstance(operand, ChainNode):
            base = self.operand(operand.base, dot, variables, called=False, certain=certain)
        else:
            return UNKNOWN_SHAPE
        return self.below(base, operand, called=called, certain=certain)

    def below(
        self, base: TemplateShape, operand: FieldNode | VariableNode | ChainNode, *, called: bool, certain: bool
    ) -> TemplateShape:
        """Follow the names below a value."""
        value = base
        for number, name in enumerate(operand.names, 1):
            if called and number == len(operand.names) and _is_plain_field(value, name):
                self.say(operand.offset, f"{name} is not a method but has arguments", certain=certain)
                return UNKNOWN_SHAPE
            if isinstance(value, MapOf):
                value = value.value
            elif isinstance(value, Struct) and name in value.fields:
                value = value.fields[name]
            elif isinstance(value, ScalarShape) or (isinstance(value, Struct) and not value.has_method(name)):
                self.say(operand.offset, f"can't evaluate field {name} in type {value.name}", certain=certain)
                return UNKNOWN_SHAPE
            else:
                return UNKNOWN_SHAPE
        return value


def _is_plain_field(value: TemplateShape, name: str) -> bool:
    return isinstance(value, MapOf) or (isinstance(value, Struct) and name in value.fields)
