"""Tokens into a tree, as Go's text/template/parse/parse.go does it: a text in, a template or what is wrong with it out.

Functions are taken as they come: which ones a program adds cannot be seen in the text.
"""

from __future__ import annotations

from typing import Final, NoReturn

from kservegen.formats.gotemplate.lexer import Kind, Token, tokens
from kservegen.formats.gotemplate.literals import is_character, is_string, number_error
from kservegen.formats.gotemplate.nodes import (
    Block,
    Call,
    Chain,
    Constant,
    Control,
    Field,
    Function,
    Nil,
    Node,
    Operand,
    Pipeline,
    Template,
    Text,
    Variable,
)
from kservegen.formats.gotemplate.problem import TemplateError, TemplateFault, TooDeepError

# Go follows 10,000; what is written by hand stays far below.
_DEEPEST: Final = 60

_CONTROLS: Final = {Kind.IF: Control.IF, Kind.RANGE: Control.RANGE, Kind.WITH: Control.WITH}
_OPERANDS: Final = frozenset(
    {
        Kind.BOOL, Kind.CHARACTER, Kind.COMPLEX, Kind.DOT, Kind.FIELD, Kind.IDENTIFIER, Kind.NUMBER, Kind.NIL,
        Kind.RAW_STRING, Kind.STRING, Kind.VARIABLE, Kind.OPEN,
    }
)  # fmt: skip
_CONSTANTS: Final = frozenset({Kind.BOOL, Kind.CHARACTER, Kind.COMPLEX, Kind.NUMBER, Kind.STRING, Kind.RAW_STRING})
_STRINGS: Final = frozenset({Kind.STRING, Kind.RAW_STRING})
# Where the list of actions stops: who opened it decides whether that was its end.
_STOPS: Final = frozenset({Kind.END, Kind.ELSE})


def parse(text: str) -> Template | TemplateFault | None:
    """Read a template; the first mistake where there is one, None where it nests too deeply to be judged."""
    try:
        return _Parser(text).template()
    except TemplateError as error:
        return error.problem
    except TooDeepError:
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = list(tokens(text))
        self.at = 0
        self.depth = 0
        self.ranges = 0
        self.variables = ["$"]
        self.defined: dict[str, tuple[Node, ...]] = {}

    # Tokens

    def peek(self) -> Token:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def skip_space(self) -> Token:
        """Step over spaces and return what is next, without taking it."""
        while self.peek().kind is Kind.SPACE:
            self.at += 1
        return self.peek()

    def next_word(self) -> Token:
        self.skip_space()
        return self.next()

    def expect(self, kind: Kind, context: str) -> Token:
        token = self.next_word()
        return token if token.kind is kind else self.unexpected(token, context)

    def unexpected(self, token: Token, context: str) -> NoReturn:
        what = token.text if token.kind is Kind.EOF else f"{token.text!r}"
        raise TemplateError(token.offset, f"unexpected {what} in {context}")

    # Lists of actions

    def template(self) -> Template:
        body: list[Node] = []
        while self.peek().kind is not Kind.EOF:
            if self.peek().kind is Kind.LEFT and self._is_definition():
                self.define()
                continue
            stop = self.action_into(body)
            if stop is not None:
                raise TemplateError(stop.offset, f"unexpected {{{{{stop.text}}}}}")
        return Template(tuple(body), self.defined)

    def _is_definition(self) -> bool:
        following = (token.kind for token in self.tokens[self.at + 1 :] if token.kind is not Kind.SPACE)
        return next(following, None) is Kind.DEFINE

    def define(self) -> None:
        self.next_word()
        self.next_word()
        name = self.name("define clause")
        self.expect(Kind.RIGHT, "define clause")
        self.add(name, self.separate("define clause"))

    def separate(self, context: str) -> tuple[Node, ...]:
        """Read a body that knows no variables but its own."""
        outer, self.variables, ranges, self.ranges = self.variables, ["$"], self.ranges, 0
        body, stop = self.items()
        if stop.kind is not Kind.END:
            raise TemplateError(stop.offset, f"unexpected {{{{else}}}} in {context}")
        self.variables, self.ranges = outer, ranges
        return body

    def add(self, name: Token, body: tuple[Node, ...]) -> None:
        key = name.text[1:-1]
        if self.defined.get(key) and body:
            raise TemplateError(name.offset, f'multiple definition of template "{key}"')
        if body or key not in self.defined:
            self.defined[key] = body

    def name(self, context: str) -> Token:
        token = self.next_word()
        if token.kind not in _STRINGS:
            self.unexpected(token, context)
        self.check_constant(token)
        return token

    def items(self) -> tuple[tuple[Node, ...], Token]:
        """Read actions up to an end or an else, which is returned."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooDeepError
        body: list[Node] = []
        while self.skip_space().kind is not Kind.EOF:
            stop = self.action_into(body)
            if stop is not None:
                self.depth -= 1
                return tuple(body), stop
        raise TemplateError(self.peek().offset, "unexpected EOF")

    def action_into(self, body: list[Node]) -> Token | None:
        """Read text or one action; an end or an else is returned instead of being added."""
        token = self.next_word()
        if token.kind is Kind.TEXT:
            if token.text.strip():
                body.append(Text())
            return None
        if token.kind is not Kind.LEFT:
            self.unexpected(token, "input")
        word = self.next_word()
        if word.kind in _STOPS:
            self.stop(word)
            return word
        if word.kind in _CONTROLS:
            body.append(self.control(_CONTROLS[word.kind]))
        elif word.kind is Kind.BLOCK:
            body.append(self.block())
        elif word.kind is Kind.TEMPLATE:
            body.append(self.call())
        elif word.kind in (Kind.BREAK, Kind.CONTINUE):
            self.jump(word)
        else:
            self.at -= 1
            body.append(self.pipeline("command", Kind.RIGHT))
        return None

    def stop(self, word: Token) -> None:
        # {{else if ...}} and {{else with ...}} go on after the else.
        if word.kind is Kind.ELSE and self.skip_space().kind in (Kind.IF, Kind.WITH):
            return
        self.expect(Kind.RIGHT, word.text)

    def jump(self, word: Token) -> None:
        context = f"{{{{{word.text}}}}}"
        self.expect(Kind.RIGHT, context)
        if not self.ranges:
            raise TemplateError(word.offset, f"{context} outside {{{{range}}}}")

    def control(self, control: Control) -> Block:
        known = len(self.variables)
        pipeline = self.pipeline(control, Kind.RIGHT)
        self.ranges += control is Control.RANGE
        body, stop = self.items()
        self.ranges -= control is Control.RANGE
        otherwise = self.otherwise(control) if stop.kind is Kind.ELSE else ()
        del self.variables[known:]
        return Block(control, pipeline, body, otherwise)

    def otherwise(self, control: Control) -> tuple[Node, ...]:
        chained = _CONTROLS.get(self.peek().kind)
        if chained is control and control is not Control.RANGE:
            self.next()
            self.depth += 1
            if self.depth > _DEEPEST:
                raise TooDeepError
            nested = self.control(control)
            self.depth -= 1
            return (nested,)
        body, stop = self.items()
        if stop.kind is not Kind.END:
            raise TemplateError(stop.offset, f"expected end; found {{{{{stop.text}}}}}")
        return body

    def block(self) -> Call:
        name = self.name("block clause")
        pipeline = self.pipeline("block clause", Kind.RIGHT)
        self.add(name, self.separate("block clause"))
        return Call(name.text[1:-1], pipeline, name.offset)

    def call(self) -> Call:
        name = self.name("template clause")
        pipeline = None
        if self.next_word().kind is not Kind.RIGHT:
            self.at -= 1
            pipeline = self.pipeline("template clause", Kind.RIGHT)
        return Call(name.text[1:-1], pipeline, name.offset)

    # Pipelines

    def pipeline(self, context: str, end: Kind) -> Pipeline:
        offset = self.skip_space().offset
        declared = self.declarations(context)
        commands: list[tuple[Operand, ...]] = []
        while True:
            token = self.next_word()
            if token.kind is end:
                break
            if token.kind not in _OPERANDS:
                self.unexpected(token, context)
            self.at -= 1
            commands.append(self.command())
        if not commands:
            raise TemplateError(offset, f"missing value for {context}")
        for number, command in enumerate(commands[1:], 2):
            first = command[0]
            if isinstance(first, (Constant, Nil)) or (isinstance(first, Field) and not first.names):
                raise TemplateError(offset, f"non executable command in pipeline stage {number}")
        return Pipeline(declared, tuple(commands), offset)

    def declarations(self, context: str) -> tuple[str, ...]:
        declared: list[str] = []
        while self.skip_space().kind is Kind.VARIABLE:
            start = self.at
            variable = self.next()
            sign = self.skip_space()
            is_comma = sign.kind is Kind.CHAR and sign.text == ","
            if not is_comma and sign.kind not in (Kind.ASSIGN, Kind.DECLARE):
                self.at = start
                break
            self.next()
            declared.append(variable.text)
            self.variables.append(variable.text)
            if not is_comma:
                break
            self.second_variable(context, sign, len(declared))
        return tuple(declared)

    def second_variable(self, context: str, comma: Token, count: int) -> None:
        if context != Control.RANGE or count > 1:
            raise TemplateError(comma.offset, f"too many declarations in {context}")
        if self.skip_space().kind not in (Kind.VARIABLE, Kind.RIGHT, Kind.CLOSE):
            raise TemplateError(comma.offset, "range can only initialize variables")

    def command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while True:
            offset = self.skip_space().offset
            operand = self.operand()
            if operand is not None:
                operands.append(operand)
            token = self.next()
            if token.kind is Kind.SPACE:
                continue
            if token.kind in (Kind.RIGHT, Kind.CLOSE):
                self.at -= 1
            elif token.kind is not Kind.PIPE:
                self.unexpected(token, "operand")
            if not operands:
                raise TemplateError(offset, "empty command")
            return tuple(operands)

    def operand(self) -> Operand | None:
        start = self.skip_space()
        term = self.term()
        if term is None or self.peek().kind is not Kind.FIELD:
            return term
        names: list[str] = []
        while self.peek().kind is Kind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, Field) and term.names:
            return Field((*term.names, *names), term.offset)
        if isinstance(term, Variable):
            return Variable(term.name, (*term.names, *names), term.offset)
        if isinstance(term, (Pipeline, Function)):
            return Chain(term, tuple(names), start.offset)
        raise TemplateError(start.offset, f"unexpected . after term {start.text!r}")

    def term(self) -> Operand | None:
        token = self.next_word()
        kind, offset = token.kind, token.offset
        if kind in _CONSTANTS:
            self.check_constant(token)
            return Constant(offset)
        if kind is Kind.IDENTIFIER:
            return Function(token.text, offset)
        if kind in (Kind.FIELD, Kind.DOT):
            return Field((token.text[1:],) if kind is Kind.FIELD else (), offset)
        if kind is Kind.NIL:
            return Nil(offset)
        if kind is Kind.VARIABLE:
            if token.text not in self.variables:
                raise TemplateError(offset, f'undefined variable "{token.text}"')
            return Variable(token.text, (), offset)
        if kind is Kind.OPEN:
            return self.parenthesized()
        self.at -= 1
        return None

    def parenthesized(self) -> Pipeline:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooDeepError
        pipeline = self.pipeline("parenthesized pipeline", Kind.CLOSE)
        self.depth -= 1
        return pipeline

    def check_constant(self, token: Token) -> None:
        error: str | None = None
        if token.kind in (Kind.NUMBER, Kind.COMPLEX):
            error = number_error(token.text)
        elif token.kind is Kind.STRING and not is_string(token.text):
            error = "invalid syntax"
        elif token.kind is Kind.CHARACTER and not is_character(token.text):
            error = f"malformed character constant: {token.text}"
        if error:
            raise TemplateError(token.offset, error)
