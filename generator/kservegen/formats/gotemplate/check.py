"""A template against the data that it is filled from: a text and a shape in, the first mistake out.

Go finds a field that is not there only when it gets to it, so a mistake within an `if` is not sure to be met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.formats.gotemplate.nodes import (
    Block,
    Call,
    Chain,
    Control,
    Field,
    Function,
    Nil,
    Node,
    Operand,
    Pipeline,
    Template,
    Variable,
)
from kservegen.formats.gotemplate.parser import parse
from kservegen.formats.gotemplate.problem import TemplateFault
from kservegen.formats.gotemplate.shape import UNKNOWN, MapOf, Scalar, Shape, Struct

# These look at an argument only if those before it do not decide.
_LAZY: Final = frozenset({"and", "or"})


class Mistake(NamedTuple):
    """What is wrong at an offset of the text; `certain` where every filling of the template fails on it."""

    offset: int
    message: str
    certain: bool


def check(text: str, data: Shape) -> Mistake | None:
    """Check a template; a certain mistake goes before one that may never be met."""
    if "{{" not in text:
        return None
    read = parse(text)
    if read is None:
        return None
    if isinstance(read, TemplateFault):
        return Mistake(read.offset, read.message, certain=True)
    found = list(_Checker(read, data).mistakes())
    return min(found, key=lambda mistake: (not mistake.certain, mistake.offset), default=None)


class _Checker:
    def __init__(self, template: Template, data: Shape) -> None:
        self.template = template
        self.data = data
        self.found: list[Mistake] = []
        self.entered: set[str] = set()  # templates on the way here: one may call itself

    def mistakes(self) -> Iterator[Mistake]:
        self.nodes(self.template.body, self.data, {"$": self.data}, certain=True)
        yield from self.found

    def say(self, offset: int, message: str, *, certain: bool) -> None:
        self.found.append(Mistake(offset, message, certain))

    def nodes(self, nodes: tuple[Node, ...], dot: Shape, variables: dict[str, Shape], *, certain: bool) -> None:
        for node in nodes:
            if isinstance(node, Pipeline):
                self.pipeline(node, dot, variables, certain=certain)
            elif isinstance(node, Call):
                self.call(node, dot, variables, certain=certain)
            elif isinstance(node, Block):
                self.block(node, dot, variables, certain=certain)

    def block(self, block: Block, dot: Shape, variables: dict[str, Shape], *, certain: bool) -> None:
        inner = dict(variables)
        value = self.pipeline(block.pipeline, dot, inner, certain=certain)
        if block.control is Control.RANGE:
            value = value.value if isinstance(value, MapOf) else UNKNOWN
            inner.update(dict.fromkeys(block.pipeline.declared, UNKNOWN))
        self.nodes(block.body, dot if block.control is Control.IF else value, inner, certain=False)
        self.nodes(block.otherwise, dot, dict(variables), certain=False)

    def call(self, call: Call, dot: Shape, variables: dict[str, Shape], *, certain: bool) -> None:
        value = self.pipeline(call.pipeline, dot, variables, certain=certain) if call.pipeline else UNKNOWN
        body = self.template.defined.get(call.name)
        if body is None:
            self.say(call.offset, f'template "{call.name}" not defined', certain=certain)
        elif call.name not in self.entered:
            self.entered.add(call.name)
            self.nodes(body, value, {"$": value}, certain=certain)
            self.entered.discard(call.name)

    def pipeline(self, pipeline: Pipeline, dot: Shape, variables: dict[str, Shape], *, certain: bool) -> Shape:
        value: Shape = UNKNOWN
        for stage, command in enumerate(pipeline.commands):
            first = command[0]
            lazy = isinstance(first, Function) and first.name in _LAZY
            for position, argument in enumerate(command[1:]):
                self.operand(argument, dot, variables, called=False, certain=certain and not (lazy and position))
            if isinstance(first, Nil):
                self.say(first.offset, "nil is not a command", certain=certain)
            value = self.operand(first, dot, variables, called=stage > 0 or len(command) > 1, certain=certain)
        for name in pipeline.declared:
            variables[name] = value
        return value

    def operand(
        self, operand: Operand, dot: Shape, variables: dict[str, Shape], *, called: bool, certain: bool
    ) -> Shape:
        if isinstance(operand, Pipeline):
            return self.pipeline(operand, dot, variables, certain=certain)
        if isinstance(operand, Field):
            base = dot
        elif isinstance(operand, Variable):
            base = variables.get(operand.name, UNKNOWN)
        elif isinstance(operand, Chain):
            base = self.operand(operand.base, dot, variables, called=False, certain=certain)
        else:
            return UNKNOWN
        return self.below(base, operand, called=called, certain=certain)

    def below(self, base: Shape, operand: Field | Variable | Chain, *, called: bool, certain: bool) -> Shape:
        """Follow the names below a value."""
        value = base
        for number, name in enumerate(operand.names, 1):
            if called and number == len(operand.names) and _is_plain_field(value, name):
                self.say(operand.offset, f"{name} is not a method but has arguments", certain=certain)
                return UNKNOWN
            if isinstance(value, MapOf):
                value = value.value
            elif isinstance(value, Struct) and name in value.fields:
                value = value.fields[name]
            elif isinstance(value, Scalar) or (isinstance(value, Struct) and not value.has_method(name)):
                self.say(operand.offset, f"can't evaluate field {name} in type {value.name}", certain=certain)
                return UNKNOWN
            else:
                return UNKNOWN
        return value


def _is_plain_field(value: Shape, name: str) -> bool:
    return isinstance(value, MapOf) or (isinstance(value, Struct) and name in value.fields)
