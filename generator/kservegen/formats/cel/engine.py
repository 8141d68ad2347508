"""The interpreter: an expression in, a program out; a program and data in, a value or an error out.

Two environments, because Kubernetes' own types cannot be had at run time: one checks an expression with the exact
types, the other compiles and runs it with maps in their place, and takes all that the first one takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import is_
from typing import TYPE_CHECKING, Final

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.declare import checked, running
from kservegen.formats.cel.outcome import CelError, CompileError, in_servers_words
from kservegen.formats.cel.rewrite import in_users_words, rewrite
from kservegen.formats.cel.source import Composed, compose, variable_names

if TYPE_CHECKING:
    from cel_expr_python.cel import Activation, Env, Expression

# What the API server knows and nobody else: its `authorizer`, and functions that only it offers.
_ABSENT: Final = frozenset({"authorizer", "unwrap", "unwrapOpt"})
_NUMBERS: Final = lazy_pattern(
    r"overload for '_(?:<|<=|>|>=)_' applied to '\((?:int|uint|double), (?:int|uint|double)\)'"
)
_ADDRESS: Final = lazy_pattern(r"overload for 'string' applied to '\(net\.(?:IP|CIDR)\)'")
_POSITION: Final = lazy_pattern(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_STATUS: Final = lazy_pattern(r"^[A-Z_]+: ")
_TRAILER: Final = lazy_pattern(r" \[[A-Z_]+\]$")
_INT64: Final = 2**63


class CelScope:
    """Values for the names of an engine, converted once and shared by all programs that look at them."""

    __slots__ = ("activation",)

    def __init__(self, activation: Activation) -> None:
        self.activation = activation


class Program:
    """A compiled expression. `result` is the type that the checker found: `bool`, `string`, `dyn`, ..."""

    __slots__ = ("_expression", "result")

    def __init__(self, expression: Expression, result: str) -> None:
        self._expression = expression
        self.result = result

    def evaluate(self, scope: CelScope) -> object | CelError:
        """Compute the value as plain data; an error of the expression is a value, too."""
        try:
            outcome = self._expression.eval(scope.activation)
        except RuntimeError as error:  # a value that the interpreter cannot hand over
            return CelError(message=_STATUS.sub("", str(error)), unsupported=True)
        try:
            value: object = outcome.plain_value()
        except TypeError:
            return CelError(message=f"a value of type {outcome.type().name()} as a result", unsupported=True)
        if isinstance(value, str) and outcome.type().name() == "ERROR":
            return _evaluation_error(value)
        return value


class DeferredProgram(Program):
    """An expression that is known to compile, by another one that it is part of: compiled when it is first asked."""

    __slots__ = ("_compile", "_compiled")

    def __init__(self, compile_now: Callable[[], Program | CompileError], result: str) -> None:
        self.result = result
        self._compile = compile_now
        self._compiled: Program | CompileError | None = None

    def evaluate(self, scope: CelScope) -> object | CelError:
        """Compute the value, as a program does."""
        if self._compiled is None:
            self._compiled = self._compile()
        if isinstance(self._compiled, CompileError):
            return CelError(message=self._compiled.message, unsupported=True)
        return self._compiled.evaluate(scope)


class CelEngine:
    """Compiles expressions over a fixed set of names; all of them are dynamically typed."""

    def __init__(self, variables: tuple[str, ...]) -> None:
        self._variables = variables
        # Policies share conditions and variables to the letter.
        self._known: dict[str, Program | str] = {}

    @cached_property
    def _checker(self) -> Env:
        return _environment(self._variables, exact=True)

    @cached_property
    def _runner(self) -> Env:
        return _environment(self._variables, exact=False)

    def scope(self, values: Mapping[str, object], *, on_wire: bool = True) -> CelScope:
        """Bind plain data to names; `on_wire` takes numbers as the JSON on the server's wire has them."""
        bound = {name: wire(value) for name, value in values.items()} if on_wire else dict(values)
        return CelScope(self._runner.Activation(bound))

    def compile(
        self,
        expression: str,
        *,
        variables: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
        is_read: bool = False,
        is_sound: bool = False,
    ) -> Program | CompileError:
        """Compile an expression that may use `variables.x`, each an expression itself, in order of definition.

        `aliases` gives further names that stand for expressions. `is_read` says that the text is an expression if it
        is one in parentheses; `is_sound` that it compiles: its types are not asked then.
        """
        refused = _refused(expression, variables or {})
        if refused is not None:
            return refused
        # Alone first: a text such as `a) || (b` is no expression, though it is one in parentheses.
        if not is_read and (unread := self._unread(expression)):
            return _compile_error(unread, offset=0)
        return self.link(compose(expression, variables or {}, aliases or {}), is_sound=is_sound)

    @lru_cache(maxsize=1024)  # noqa: B019 - engines are few, and kept
    def _unread(self, expression: str) -> str:
        """Say why a text is no expression; blank for one."""
        try:
            self._checker.compile(expression, disable_check=True)
        except RuntimeError as error:
            return str(error)
        return ""

    def link(self, composed: Composed, *, is_sound: bool = False) -> Program | CompileError:
        """Check and link a text; where the checker wants types that the server does not want, leave it to run time.

        One that `is_sound` is linked as it is, at half the price.
        """
        compiled = self._sound if is_sound else self._compiled
        outcome = compiled(rewrite(composed.text))
        if isinstance(outcome, str) and (numbers := bool(_NUMBERS.search(outcome))) | bool(_ADDRESS.search(outcome)):
            outcome = compiled(rewrite(composed.text, dynamic_numbers=numbers, own_string=not numbers))
        return _compile_error(outcome, offset=composed.offset) if isinstance(outcome, str) else outcome

    def _compiled(self, text: str) -> Program | str:
        """Compile a text, or say what is wrong with it; one that was compiled before is the same program."""
        if text not in self._known:
            self._known[text] = self._linked(text)
        return self._known[text]

    @lru_cache(maxsize=1024)  # noqa: B019 - engines are few, and kept
    def _sound(self, text: str) -> Program | str:
        try:
            program = self._runner.compile(text)
        except RuntimeError as error:
            return str(error)
        return Program(program, program.return_type().name().lower())

    def _linked(self, text: str) -> Program | str:
        try:
            checked = self._checker.compile(text)
            program = self._runner.compile(text)  # what was checked elsewhere takes half as long again to run
        except RuntimeError as error:
            return str(error)
        return Program(program, checked.return_type().name().lower())


@lru_cache(maxsize=8)
def engine(variables: tuple[str, ...]) -> CelEngine:
    """Return the engine for a set of names; what it compiles with takes milliseconds, and is built when it compiles."""
    return CelEngine(variables)


def wire(value: object) -> object:
    """Read numbers as a Kubernetes client's JSON does: 1.0 is the integer 1, what exceeds 64 bits is a double.

    What has no such number is handed back as it is, not copied.
    """
    if isinstance(value, dict):
        read = [wire(item) for item in value.values()]
        return value if _same(read, value.values()) else dict(zip(value, read, strict=True))
    if isinstance(value, list):
        read = [wire(item) for item in value]
        return value if _same(read, value) else read
    if isinstance(value, float) and value.is_integer() and -_INT64 <= value < _INT64:
        return int(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return float(value)
    return value


def _same(left: Iterable[object], right: Iterable[object]) -> bool:
    return all(map(is_, left, right))


def _environment(variables: Sequence[str], *, exact: bool) -> Env:
    from cel_expr_python import cel  # noqa: PLC0415
    from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings  # noqa: PLC0415

    return cel.NewEnv(
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[ext_strings.ExtStrings(2), ext_optional.ExtOptional(), ext_bindings.ExtBindings()],
        functions=checked() if exact else running(),
    )


def _refused(expression: str, variables: Mapping[str, str]) -> CompileError | None:
    """Refuse what would compile here and means something else on the server."""
    used = variable_names(expression)
    if "cel.bind" in used:
        return CompileError(message="undeclared reference to 'cel': the API server has no cel.bind")
    if hidden := used & {f"variables_{name}" for name in variables}:
        name = min(hidden)
        return CompileError(message=f"the name {name} stands for variables.{name[10:]} here", unsupported=True)
    return None


def _compile_error(text: str, *, offset: int) -> CompileError:
    unsupported = _is_unsupported(text)
    match = _POSITION.search(text)
    if match is None:
        return CompileError(message=in_users_words(_STATUS.sub("", text)), unsupported=unsupported)
    line, column = int(match[1]) - offset, int(match[2])
    message = in_users_words(_TRAILER.sub("", match[3]).replace(" (in container '')", ""))
    return CompileError(message=message, line=max(line, 1), column=max(column, 1), unsupported=unsupported)


def _is_unsupported(text: str) -> bool:
    if "recursion" in text or "UNIMPLEMENTED" in text or _NUMBERS.search(text):
        return True
    undeclared = {name.split(".")[0] for name in re.findall(r"undeclared reference to '([^']+)'", text)}
    return bool(undeclared & _ABSENT)


def _evaluation_error(text: str) -> CelError:
    return CelError(message=in_servers_words(in_users_words(_STATUS.sub("", text))))
