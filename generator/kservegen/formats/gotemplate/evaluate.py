"""A template and its data in, the text that Go makes of them out, or the first thing that goes wrong.

As text/template/exec.go does it with `missingkey=error`. Bounded: in steps and in what is written, since the text of a
template comes from whoever wrote the object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from kservegen.formats.gotemplate.functions import BUILT_IN, NOT_EVALUATED, CallError, TemplateFunction
from kservegen.formats.gotemplate.literals import constant_value
from kservegen.formats.gotemplate.nodes import (
    BranchNode,
    ChainNode,
    CommandNode,
    ConstantNode,
    Control,
    FieldNode,
    IdentifierNode,
    JumpNode,
    NilNode,
    Operand,
    ParseNode,
    PipeNode,
    TemplateNode,
    TextNode,
    VariableNode,
)
from kservegen.formats.gotemplate.problem import TemplateError, TemplateFault
from kservegen.formats.gotemplate.values import NO_FIELD, GoNil, GoStruct, GoValue, is_true, pointed_to, printed

_MOST_STEPS: Final = 50_000
_LONGEST: Final = 1_000_000
_DEEPEST: Final = 50
# The innermost last: a name that is declared again hides the one before.
_Variables: TypeAlias = list[tuple[str, GoValue]]
_SHORT_CIRCUIT: Final = frozenset({"and", "or"})


class _Jump(Exception):  # noqa: N818 - no failure: leaves the round of a loop
    def __init__(self, *, is_break: bool) -> None:
        super().__init__()
        self.is_break = is_break


def evaluate_template(
    template: TemplateNode, data: GoValue, functions: Mapping[str, TemplateFunction]
) -> str | TemplateFault:
    """Fill a template; `functions` are those that the program adds to Go's own."""
    known = {**BUILT_IN, **functions}
    try:
        for body in (template.body, *template.defined.values()):
            _check_functions(body, known.keys() | NOT_EVALUATED | _SHORT_CIRCUIT)
        evaluation = _Evaluation(template, known)
        evaluation.nodes(template.body, data, [("$", data)])
    except TemplateError as error:
        return error.problem
    return "".join(evaluation.out)


def _check_functions(nodes: Sequence[ParseNode | Operand], known: frozenset[str] | set[str]) -> None:
    """Refuse a function that there is none of, wherever it stands: Go does so while it parses."""
    for node in nodes:
        if isinstance(node, IdentifierNode) and node.name not in known:
            raise TemplateError(node.offset, f'function "{node.name}" not defined')
        if isinstance(node, PipeNode):
            for command in node.commands:
                _check_functions(command, known)
        elif isinstance(node, BranchNode):
            _check_functions((node.pipeline, *node.body, *node.otherwise), known)
        elif isinstance(node, ChainNode):
            _check_functions((node.base,), known)
        elif isinstance(node, CommandNode) and node.pipeline is not None:
            _check_functions((node.pipeline,), known)


class _Evaluation:
    def __init__(self, template: TemplateNode, functions: Mapping[str, TemplateFunction]) -> None:
        self.template = template
        self.functions = functions
        self.out: list[str] = []
        self.left = _LONGEST
        self.steps = _MOST_STEPS
        self.depth = 0

    def step(self, offset: int) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise TemplateError(offset, f"takes more than {_MOST_STEPS:,} steps")

    def write(self, text: str, offset: int) -> None:
        self.left -= len(text)
        if self.left < 0:
            raise TemplateError(offset, f"writes more than {_LONGEST:,} characters")
        self.out.append(text)

    def nodes(self, nodes: Sequence[ParseNode], dot: GoValue, variables: _Variables) -> None:
        for node in nodes:
            if isinstance(node, TextNode):
                self.write(node.text, 0)
            elif isinstance(node, PipeNode):
                value = self.pipeline(node, dot, variables)
                if not node.declared:
                    self.write(printed(value), node.offset)
            elif isinstance(node, BranchNode):
                self.branch(node, dot, variables)
            elif isinstance(node, JumpNode):
                raise _Jump(is_break=node.is_break)
            else:
                self.call(node, dot, variables)

    def call(self, call: CommandNode, dot: GoValue, variables: _Variables) -> None:
        body = self.template.defined.get(call.name)
        if body is None:
            raise TemplateError(call.offset, f'template "{call.name}" not defined')
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TemplateError(call.offset, "exceeded maximum template depth")
        value = self.pipeline(call.pipeline, dot, variables) if call.pipeline else None
        self.nodes(body, value, [("$", value)])
        self.depth -= 1

    def branch(self, branch: BranchNode, dot: GoValue, variables: _Variables) -> None:
        known = len(variables)
        value = self.pipeline(branch.pipeline, dot, variables)
        if branch.control is Control.RANGE:
            self.rounds(branch, value, dot, variables)
        elif is_true(value):
            self.nodes(branch.body, dot if branch.control is Control.IF else value, variables)
        else:
            self.nodes(branch.otherwise, dot, variables)
        del variables[known:]

    def rounds(self, branch: BranchNode, value: GoValue, dot: GoValue, variables: _Variables) -> None:
        entries = list(self.entries(value, branch.pipeline.offset))
        if not entries:
            self.nodes(branch.otherwise, dot, variables)
        known = len(variables)
        for entry in entries:
            self.step(branch.pipeline.offset)
            declared = branch.pipeline.declared
            for name, part in zip(declared, entry if len(declared) > 1 else entry[1:], strict=False):
                _assign(variables, name, part)
            try:
                self.nodes(branch.body, entry[1], variables)
            except _Jump as jump:
                if jump.is_break:
                    return
            finally:
                del variables[known:]

    def entries(self, value: GoValue, offset: int) -> Iterator[tuple[GoValue, GoValue]]:
        if isinstance(value, Mapping):
            yield from ((key, value[key]) for key in sorted(value))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from enumerate(value)
        elif value is not None and not isinstance(value, GoNil):
            raise TemplateError(offset, f"range can't iterate over {printed(value)}")

    def pipeline(self, pipeline: PipeNode, dot: GoValue, variables: _Variables) -> GoValue:
        value: GoValue = None
        for stage, command in enumerate(pipeline.commands):
            value = self.command(command, dot, variables, (value,) if stage else ())
        for name in pipeline.declared:
            if pipeline.assigns:
                _assign(variables, name, value)
            else:
                variables.append((name, value))
        return value

    def command(
        self, command: tuple[Operand, ...], dot: GoValue, variables: _Variables, last: tuple[GoValue, ...]
    ) -> GoValue:
        first, rest = command[0], command[1:]
        self.step(first.offset)
        if isinstance(first, IdentifierNode):
            if first.name in _SHORT_CIRCUIT:
                return self.short_circuit(first, rest, dot, variables, last)
            return self.apply(first, (*(self.operand(each, dot, variables) for each in rest), *last))
        if isinstance(first, NilNode):
            raise TemplateError(first.offset, "nil is not a command")
        if rest or last:
            name = first.names[-1] if isinstance(first, FieldNode | VariableNode | ChainNode) and first.names else "it"
            raise TemplateError(first.offset, f"{name} is not a method but has arguments")
        return self.operand(first, dot, variables)

    def short_circuit(
        self,
        function: IdentifierNode,
        rest: tuple[Operand, ...],
        dot: GoValue,
        variables: _Variables,
        last: tuple[GoValue, ...],
    ) -> GoValue:
        value: GoValue = None
        for operand in rest:
            value = self.operand(operand, dot, variables)
            if is_true(value) is (function.name == "or"):
                return value
        if last:
            return last[0]
        if not rest:
            raise TemplateError(function.offset, f"wrong number of args for {function.name}: want at least 1 got 0")
        return value

    def apply(self, function: IdentifierNode, arguments: Sequence[GoValue]) -> GoValue:
        known = self.functions.get(function.name)
        if known is None:
            raise TemplateError(function.offset, f"{function.name} is not evaluated here")
        try:
            return known(arguments)
        except CallError as error:
            raise TemplateError(function.offset, f"error calling {function.name}: {error}") from error

    def operand(self, operand: Operand, dot: GoValue, variables: _Variables) -> GoValue:
        if isinstance(operand, ConstantNode):
            return constant_value(operand.text)
        if isinstance(operand, PipeNode):
            return self.pipeline(operand, dot, variables)
        if isinstance(operand, FieldNode):
            return self.below(dot, operand)
        if isinstance(operand, VariableNode):
            return self.below(_last(variables, operand.name), operand)
        if isinstance(operand, ChainNode):
            return self.below(self.operand(operand.base, dot, variables), operand)
        return None if isinstance(operand, NilNode) else self.apply(operand, ())

    def below(self, value: GoValue, operand: FieldNode | VariableNode | ChainNode) -> GoValue:
        for name in operand.names:
            self.step(operand.offset)
            value = _field(value, name, operand.offset)
        return value


def _last(variables: _Variables, name: str) -> GoValue:
    return next(value for known, value in reversed(variables) if known == name)


def _assign(variables: _Variables, name: str, value: GoValue) -> None:
    place = max(place for place, (known, _) in enumerate(variables) if known == name)
    variables[place] = (name, value)


def _field(value: GoValue, name: str, offset: int) -> GoValue:
    if isinstance(value, GoStruct):
        found = value.read(name)
        if found is NO_FIELD:
            raise TemplateError(offset, f"can't evaluate field {name} in type {value.name}")
        return found
    if isinstance(value, Mapping):
        if name not in value:
            raise TemplateError(offset, f'map has no entry for key "{name}"')
        return value[name]
    if isinstance(value, GoNil):
        raise TemplateError(offset, f"nil pointer evaluating {value.name}.{name}")
    if value is None:
        raise TemplateError(offset, f"nil data; no entry for key {name!r}")
    raise TemplateError(offset, f"can't evaluate field {name} in type {type(pointed_to(value)).__name__}")
