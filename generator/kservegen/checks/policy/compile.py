"""A policy in, its programs out, or diagnostics at the lines of its expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct, field

from kservegen.checks.policy.block_position import locate_inside
from kservegen.checks.policy.model import Expression, Policy, Validation
from kservegen.checks.policy.syntax import is_expression, is_text, is_truth
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import format_path
from kservegen.core.manual import by_manual
from kservegen.formats.cel.engine import CelEngine, DeferredProgram, Program, engine
from kservegen.formats.cel.outcome import CompileError
from kservegen.formats.cel.source import variable_names

VARIABLES: Final = ("object", "oldObject", "request", "namespaceObject")

# What a request carries and no file tells.
_UNKNOWN: Final = ("request.userInfo", "request.uid", "request.options")

_BOOL: Final = frozenset({"bool"})
_STRING: Final = frozenset({"string"})
_AUDIT: Final = frozenset({"string", "null", "null_type"})


class CompiledValidation(Struct, frozen=True, kw_only=True):
    """A validation's programs; `source` has the texts."""

    source: Validation
    check: Program
    message: Program | None


class CompiledPolicy(Struct, frozen=True, kw_only=True):
    """A policy that can be evaluated. `whole` is true where a condition fails or every validation passes."""

    policy: Policy
    engine: CelEngine
    conditions: tuple[Program, ...]
    validations: tuple[CompiledValidation, ...]
    whole: Program | None
    needs_namespace: bool
    variables: dict[str, Program | CompileError] = field(default_factory=dict)

    def variable(self, name: str) -> Program | CompileError:
        """Return a variable's own program, which only an error asks for: it is compiled then."""
        if name not in self.variables:
            texts = {variable.name: variable.text for variable in self.policy.variables}
            earlier = dict(list(texts.items())[: list(texts).index(name)])
            self.variables[name] = self.engine.compile(texts[name], variables=earlier)
        return self.variables[name]


def compile_policy(policy: Policy) -> tuple[CompiledPolicy | None, tuple[Diagnostic, ...]]:
    """Compile every expression of a policy, and report all that do not."""
    # What takes no parameters has no `params`; where it does not say so either, it shares the engine of the others.
    undeclared = not policy.takes_params and _names(policy, "params")
    work = _Work(policy, engine(VARIABLES if undeclared else (*VARIABLES, "params")))
    whole, proven = _compile_whole(work)
    # A condition sees no variables, though the whole does.
    conditions = [
        work.check(each, is_proven=whole is not None and not _is_named(each.text, "variables"))
        for each in policy.conditions
    ]
    for variable in policy.variables:
        if variable.name in proven or work.program(variable, None) is not None:
            work.variables[variable.name] = variable.text
    checks = [work.check(validation.check, is_proven=whole is not None) for validation in policy.validations]
    messages = [_message(work, validation, proven) for validation in policy.validations]
    for audit in policy.audits:
        work.program(audit, _AUDIT)
    if work.diagnostics:
        return None, tuple(work.diagnostics)
    compiled = CompiledPolicy(
        policy=policy,
        engine=work.engine,
        conditions=tuple(filter(None, conditions)),
        validations=tuple(
            CompiledValidation(source=source, check=check, message=message)
            for source, check, message in zip(policy.validations, checks, messages, strict=True)
            if check is not None
        ),
        whole=whole,
        needs_namespace=_names(policy, "namespaceObject"),
    )
    return compiled, ()


def _compile_whole(work: _Work) -> tuple[Program | None, frozenset[str]]:
    """Compile a policy in one; with it, the names of variables and texts of messages that this proves to be sound.

    Parts that compile may be too deep together: then there is no short cut, or messages are compiled apart. A policy
    that is known to compile does so when it is first asked: many are asked as parts of one program only.
    """
    every = {variable.name: variable.text for variable in work.policy.variables}
    messages = [each.message_expression.text for each in work.policy.validations if each.message_expression]
    if work.policy.compiles:
        return DeferredProgram(partial(_whole_of, work, every), "bool"), frozenset((*every, *messages))
    texts = tuple(each for each in messages if not _asked(each) and is_text(each))
    for together in (texts, ()) if texts else ((),):
        text = whole_text(work.policy, together)
        needed = _needed(text, every)
        whole = work.engine.compile(text, variables=needed, is_read=True)
        if not isinstance(whole, CompileError):
            sound = (name for name, one in needed.items() if not _asked(one) and is_expression(one))
            return whole, frozenset((*sound, *together))
    return None, frozenset()


def _whole_of(work: _Work, every: Mapping[str, str]) -> Program | CompileError:
    text = whole_text(work.policy)
    return work.engine.compile(text, variables=_needed(text, every), is_read=True, is_sound=True)


class _Work(Struct, frozen=True):
    policy: Policy
    engine: CelEngine
    variables: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def program(self, expression: Expression, results: frozenset[str] | None) -> Program | None:
        if asked := _asked(expression.text):
            error = CompileError(message=f"{asked[0]} is known to a server only", unsupported=True)
            self._refuse(expression, error)
            return None
        program = self.engine.compile(expression.text, variables=_needed(expression.text, self.variables))
        if isinstance(program, CompileError):
            self._refuse(expression, program)
            return None
        if results is not None and program.result not in results:
            wanted = " or ".join(sorted(results - {"null_type"}))
            error = CompileError(message=f"must evaluate to {wanted}, this is of type {program.result}")
            self._refuse(expression, error)
            return None
        return program

    def check(self, expression: Expression, *, is_proven: bool) -> Program | None:
        """Compile a check; not before it is asked where its policy compiles in one and its form makes it a truth."""
        text = expression.text
        if not is_proven or not (self.policy.compiles or (not _asked(text) and is_truth(text))):
            return self.program(expression, _BOOL)
        return self.deferred(expression, "bool")

    def deferred(self, expression: Expression, result: str) -> Program:
        needed = _needed(expression.text, self.variables)
        return DeferredProgram(partial(self.engine.compile, expression.text, variables=needed), result)

    def _refuse(self, expression: Expression, error: CompileError) -> None:
        place = f" at {error.line}:{error.column} of the expression" if "\n" in expression.text.strip() else ""
        self.diagnostics.append(
            by_manual(
                "policy/unsupported" if error.unsupported else "policy/invalid",
                f"policy {self.policy.name}: {error.message}{place}",
                locate_expression(self.policy, expression, error.line, error.column),
                path=format_path(expression.path),
                seen=" ".join(expression.text.split())[:120],
            )
        )


def locate_expression(policy: Policy, expression: Expression, line: int = 1, column: int = 1) -> Location:
    """Return where a character of an expression stands in the policy's file."""
    start = policy.source.locate(expression.path)
    return locate_inside(policy.source.raw, start, expression.text, line, column) if policy.source.raw else start


def _message(work: _Work, validation: Validation, proven: frozenset[str]) -> Program | None:
    expression = validation.message_expression
    if expression is None:
        return None
    return work.deferred(expression, "string") if expression.text in proven else work.program(expression, _STRING)


def whole_text(policy: Policy, messages: tuple[str, ...] = ()) -> str:
    """Fuse a policy into one expression, so that an object that passes costs one evaluation.

    A conjunction is true only where each part is true, so nothing but a plain pass can hide behind it; whatever else
    comes out, the parts are evaluated one by one. Messages stand in it to be checked with the rest, never to be made.
    """
    checks = _all(validation.check.text for validation in policy.validations) or "true"
    if messages:
        checks = f"({checks}) || (false && [{', '.join(f'({chr(10)}{text}{chr(10)})' for text in messages)}] == [])"
    conditions = _all(condition.text for condition in policy.conditions)
    return f"({conditions}) ? ({checks}) : true" if conditions else checks


def _all(texts: Iterable[str]) -> str:
    return " && ".join(f"(\n{text}\n)" for text in texts)


def _expressions(policy: Policy) -> Iterable[Expression]:
    yield from policy.variables
    yield from policy.conditions
    for validation in policy.validations:
        yield validation.check
        if validation.message_expression:
            yield validation.message_expression
    yield from policy.audits


def _names(policy: Policy, root: str) -> bool:
    return any(_is_named(item.text, root) for item in _expressions(policy))


def _is_named(text: str, root: str) -> bool:
    """Whether a text speaks of a variable; where the word is nowhere in it, names are not looked for."""
    return root in text and any(name.partition(".")[0] == root for name in variable_names(text))


def _needed(text: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a text leads to, in order of definition; the others cost the engine a search."""
    wanted = {name for name in variables if f"variables.{name}" in variable_names(text)}
    for name in reversed(tuple(variables)):
        if name in wanted:
            wanted |= {other for other in variables if f"variables.{other}" in variable_names(variables[name])}
    return {name: value for name, value in variables.items() if name in wanted}


def _asked(text: str) -> list[str]:
    """List what a text asks for and no file tells."""
    return sorted(variable_names(text) & set(_UNKNOWN))


def expression_texts(policy: Policy) -> Mapping[str, str]:
    """Every expression of a policy by its path, for what reads them as text."""
    return {format_path(item.path): item.text for item in _expressions(policy)}
