"""Tokens into a tree, as Go's text/template/parse/parse.go does it: a text in, a template or what is wrong with it out.

Functions are taken as they come: which ones a program adds cannot be seen in the text.
"""

from __future__ import annotations

from typing import Final, NoReturn

from kservegen.formats.gotemplate.lexer import TemplateToken, TokenKind, template_tokens
from kservegen.formats.gotemplate.literals import is_character, is_string, number_error
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
from kservegen.formats.gotemplate.problem import TemplateError, TemplateFault, TooDeepError

# Go follows 10,000; what is written by hand stays far below.
_DEEPEST: Final = 60

_CONTROLS: Final = {TokenKind.IF: Control.IF, TokenKind.RANGE: Control.RANGE, TokenKind.WITH: Control.WITH}
_OPERANDS: Final = frozenset(
    {
        TokenKind.BOOL, TokenKind.CHARACTER, TokenKind.COMPLEX, TokenKind.DOT, TokenKind.FIELD,
        TokenKind.IDENTIFIER, TokenKind.NUMBER, TokenKind.NIL, TokenKind.RAW_STRING, TokenKind.STRING,
        TokenKind.VARIABLE, TokenKind.OPEN,
    }
)  # fmt: skip
_CONSTANTS: Final = frozenset(
    {TokenKind.BOOL, TokenKind.CHARACTER, TokenKind.COMPLEX, TokenKind.NUMBER, TokenKind.STRING, TokenKind.RAW_STRING}
)
_STRINGS: Final = frozenset({TokenKind.STRING, TokenKind.RAW_STRING})
# Where the list of actions stops: who opened it decides whether that was its end.
_STOPS: Final = frozenset({TokenKind.END, TokenKind.ELSE})


def parse_template(text: str) -> TemplateNode | TemplateFault | None:
    """Read a template; the first mistake where there is one, None where it nests too deeply to be checked."""
    try:
        return _Parser(text).template()
    except TemplateError as error:
        return error.problem
    except TooDeepError:
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[TemplateToken] = list(template_tokens(text))
        self.at = 0
        self.depth = 0
        self.ranges = 0
        self.variables = ["$"]
        self.defined: dict[str, tuple[ParseNode, ...]] = {}

    # Tokens

    def peek(self) -> TemplateToken:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def next(self) -> TemplateToken:
        token = self.peek()
        self.at += 1
        return token

    def skip_space(self) -> TemplateToken:
        """Step over spaces and return what is next, without taking it."""
        while self.peek().kind is TokenKind.SPACE:
            self.at += 1
        return self.peek()

    def next_word(self) -> TemplateToken:
        self.skip_space()
        return self.next()

    def expect(self, kind: TokenKind, context: str) -> TemplateToken:
        token = self.next_word()
        return token if token.kind is kind else self.unexpected(token, context)

    def unexpected(self, token: TemplateToken, context: str) -> NoReturn:
        what = token.text if token.kind is TokenKind.EOF else f"{token.text!r}"
        raise TemplateError(token.offset, f"unexpected {what} in {context}")

    # Lists of actions

    def template(self) -> TemplateNode:
        body: list[ParseNode] = []
        while self.peek().kind is not TokenKind.EOF:
            if self.peek().kind is TokenKind.LEFT and self._is_definition():
                self.define()
                continue
            stop = self.action_into(body)
            if stop is not None:
                raise TemplateError(stop.offset, f"unexpected {{{{{stop.text}}}}}")
        return TemplateNode(tuple(body), self.defined)

    def _is_definition(self) -> bool:
        following = (token.kind for token in self.tokens[self.at + 1 :] if token.kind is not TokenKind.SPACE)
        return next(following, None) is TokenKind.DEFINE

    def define(self) -> None:
        self.next_word()
        self.next_word()
        name = self.name("define clause")
        self.expect(TokenKind.RIGHT, "define clause")
        self.add(name, self.separate("define clause"))

    def separate(self, context: str) -> tuple[ParseNode, ...]:
        """Read a body that knows no variables but its own."""
        outer, self.variables, ranges, self.ranges = self.variables, ["$"], self.ranges, 0
        body, stop = self.items()
        if stop.kind is not TokenKind.END:
            raise TemplateError(stop.offset, f"unexpected {{{{else}}}} in {context}")
        self.variables, self.ranges = outer, ranges
        return body

    def add(self, name: TemplateToken, body: tuple[ParseNode, ...]) -> None:
        key, empty = name.text[1:-1], _is_empty(body)
        if not empty and not _is_empty(self.defined.get(key, ())):
            raise TemplateError(name.offset, f'multiple definition of template "{key}"')
        if not empty or key not in self.defined:
            self.defined[key] = body

    def name(self, context: str) -> TemplateToken:
        token = self.next_word()
        if token.kind not in _STRINGS:
            self.unexpected(token, context)
        self.check_constant(token)
        return token

    def items(self) -> tuple[tuple[ParseNode, ...], TemplateToken]:
        """Read actions up to an end or an else, which is returned."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooDeepError
        body: list[ParseNode] = []
        while self.skip_space().kind is not TokenKind.EOF:
            stop = self.action_into(body)
            if stop is not None:
                self.depth -= 1
                return tuple(body), stop
        raise TemplateError(self.peek().offset, "unexpected EOF")

    def action_into(self, body: list[ParseNode]) -> TemplateToken | None:
        """Read text or one action; an end or an else is returned instead of being added."""
        token = self.next_word()
        if token.kind is TokenKind.TEXT:
            body.append(TextNode(token.text))
            return None
        if token.kind is not TokenKind.LEFT:
            self.unexpected(token, "input")
        word = self.next_word()
        if word.kind in _STOPS:
            self.stop(word)
            return word
        if word.kind in _CONTROLS:
            body.append(self.control(_CONTROLS[word.kind]))
        elif word.kind is TokenKind.BLOCK:
            body.append(self.block())
        elif word.kind is TokenKind.TEMPLATE:
            body.append(self.call())
        elif word.kind in (TokenKind.BREAK, TokenKind.CONTINUE):
            body.append(self.jump(word))
        else:
            self.at -= 1
            body.append(self.pipeline("command", TokenKind.RIGHT))
        return None

    def stop(self, word: TemplateToken) -> None:
        # {{else if ...}} and {{else with ...}} go on after the else.
        if word.kind is TokenKind.ELSE and self.skip_space().kind in (TokenKind.IF, TokenKind.WITH):
            return
        self.expect(TokenKind.RIGHT, word.text)

    def jump(self, word: TemplateToken) -> JumpNode:
        context = f"{{{{{word.text}}}}}"
        self.expect(TokenKind.RIGHT, context)
        if not self.ranges:
            raise TemplateError(word.offset, f"{context} outside {{{{range}}}}")
        return JumpNode(word.kind is TokenKind.BREAK, word.offset)

    def control(self, control: Control) -> BranchNode:
        known = len(self.variables)
        pipeline = self.pipeline(control, TokenKind.RIGHT)
        self.ranges += control is Control.RANGE
        body, stop = self.items()
        self.ranges -= control is Control.RANGE
        otherwise = self.otherwise(control) if stop.kind is TokenKind.ELSE else ()
        del self.variables[known:]
        return BranchNode(control, pipeline, body, otherwise)

    def otherwise(self, control: Control) -> tuple[ParseNode, ...]:
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
        if stop.kind is not TokenKind.END:
            raise TemplateError(stop.offset, f"expected end; found {{{{{stop.text}}}}}")
        return body

    def block(self) -> CommandNode:
        name = self.name("block clause")
        pipeline = self.pipeline("block clause", TokenKind.RIGHT)
        self.add(name, self.separate("block clause"))
        return CommandNode(name.text[1:-1], pipeline, name.offset)

    def call(self) -> CommandNode:
        name = self.name("template clause")
        pipeline = None
        if self.next_word().kind is not TokenKind.RIGHT:
            self.at -= 1
            pipeline = self.pipeline("template clause", TokenKind.RIGHT)
        return CommandNode(name.text[1:-1], pipeline, name.offset)

    # Pipelines

    def pipeline(self, context: str, end: TokenKind) -> PipeNode:
        offset = self.skip_space().offset
        declared = self.declarations(context)
        assigns = bool(declared) and self.tokens[self.at - 1].kind is TokenKind.ASSIGN
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
            if isinstance(first, (ConstantNode, NilNode)) or (isinstance(first, FieldNode) and not first.names):
                raise TemplateError(offset, f"non executable command in pipeline stage {number}")
        return PipeNode(declared, tuple(commands), offset, assigns)

    def declarations(self, context: str) -> tuple[str, ...]:
        declared: list[str] = []
        while self.skip_space().kind is TokenKind.VARIABLE:
            start = self.at
            variable = self.next()
            sign = self.skip_space()
            is_comma = sign.kind is TokenKind.CHAR and sign.text == ","
            if not is_comma and sign.kind not in (TokenKind.ASSIGN, TokenKind.DECLARE):
                self.at = start
                break
            self.next()
            declared.append(variable.text)
            self.variables.append(variable.text)
            if not is_comma:
                break
            self.second_variable(context, sign, len(declared))
        return tuple(declared)

    def second_variable(self, context: str, comma: TemplateToken, count: int) -> None:
        if context != Control.RANGE or count > 1:
            raise TemplateError(comma.offset, f"too many declarations in {context}")
        if self.skip_space().kind not in (TokenKind.VARIABLE, TokenKind.RIGHT, TokenKind.CLOSE):
            raise TemplateError(comma.offset, "range can only initialize variables")

    def command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while True:
            offset = self.skip_space().offset
            operand = self.operand()
            if operand is not None:
                operands.append(operand)
            token = self.next()
            if token.kind is TokenKind.SPACE:
                continue
            if token.kind in (TokenKind.RIGHT, TokenKind.CLOSE):
                self.at -= 1
            elif token.kind is not TokenKind.PIPE:
                self.unexpected(token, "operand")
            if not operands:
                raise TemplateError(offset, "empty command")
            return tuple(operands)

    def operand(self) -> Operand | None:
        start = self.skip_space()
        term = self.term()
        if term is None or self.peek().kind is not TokenKind.FIELD:
            return term
        names: list[str] = []
        while self.peek().kind is TokenKind.FIELD:
            names.append(self.next().text[1:])
        if isinstance(term, FieldNode) and term.names:
            return FieldNode((*term.names, *names), term.offset)
        if isinstance(term, VariableNode):
            return VariableNode(term.name, (*term.names, *names), term.offset)
        if isinstance(term, (PipeNode, IdentifierNode)):
            return ChainNode(term, tuple(names), start.offset)
        raise TemplateError(start.offset, f"unexpected . after term {start.text!r}")

    def term(self) -> Operand | None:
        token = self.next_word()
        kind, offset = token.kind, token.offset
        if kind in _CONSTANTS:
            self.check_constant(token)
            return ConstantNode(token.text, offset)
        if kind is TokenKind.IDENTIFIER:
            return IdentifierNode(token.text, offset)
        if kind in (TokenKind.FIELD, TokenKind.DOT):
            return FieldNode((token.text[1:],) if kind is TokenKind.FIELD else (), offset)
        if kind is TokenKind.NIL:
            return NilNode(offset)
        if kind is TokenKind.VARIABLE:
            if token.text not in self.variables:
                raise TemplateError(offset, f'undefined variable "{token.text}"')
            return VariableNode(token.text, (), offset)
        if kind is TokenKind.OPEN:
            return self.parenthesized()
        self.at -= 1
        return None

    def parenthesized(self) -> PipeNode:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooDeepError
        pipeline = self.pipeline("parenthesized pipeline", TokenKind.CLOSE)
        self.depth -= 1
        return pipeline

    def check_constant(self, token: TemplateToken) -> None:
        error: str | None = None
        if token.kind in (TokenKind.NUMBER, TokenKind.COMPLEX):
            error = number_error(token.text)
        elif token.kind is TokenKind.STRING and not is_string(token.text):
            error = "invalid syntax"
        elif token.kind is TokenKind.CHARACTER and not is_character(token.text):
            error = f"malformed character constant: {token.text}"
        if error:
            raise TemplateError(token.offset, error)


def _is_empty(body: tuple[ParseNode, ...]) -> bool:
    """Whether a definition holds nothing but space, so that a second one may replace it."""
    return all(isinstance(node, TextNode) and not node.text.strip() for node in body)
