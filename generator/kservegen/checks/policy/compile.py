"""A policy in, its programs out, or diagnostics at the lines of its expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from kservegen.checks.policy.block_position import locate_inside
from kservegen.checks.policy.model import Expression, Policy, Validation
from kservegen.checks.policy.syntax import is_expression, is_truth
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import format_path
from kservegen.core.manual import by_manual
from kservegen.core.records import dataclass, field
from kservegen.formats.cel.engine import CelEngine, DeferredProgram, Program, engine
from kservegen.formats.cel.outcome import CompileError
from kservegen.formats.cel.source import variable_names

VARIABLES: Final = ("object", "oldObject", "request", "namespaceObject")

# What a request carries and no file tells.
_UNKNOWN: Final = ("request.userInfo", "request.uid", "request.options")

_BOOL: Final = frozenset({"bool"})
_STRING: Final = frozenset({"string"})
_AUDIT: Final = frozenset({"string", "null", "null_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledValidation:
    """A validation's programs; `source` has the texts."""

    source: Validation
    check: Program
    message: Program | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
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
    work = _Work(policy, engine((*VARIABLES, "params") if policy.takes_params else VARIABLES))
    conditions = [work.program(condition, _BOOL) for condition in policy.conditions]
    whole, proven = _compile_whole(work, _whole_text(policy))
    for variable in policy.variables:
        if variable.name in proven or work.program(variable, None) is not None:
            work.variables[variable.name] = variable.text
    checks = [work.check(validation.check, is_proven=whole is not None) for validation in policy.validations]
    messages = [_message(work, validation) for validation in policy.validations]
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
        needs_namespace=any("namespaceObject" in _roots(item.text) for item in _expressions(policy)),
    )
    return compiled, ()


def _compile_whole(work: _Work, text: str) -> tuple[Program | None, frozenset[str]]:
    """Compile a policy in one; with it, the variables that this proves to be sound, so that they need no more.

    Parts that compile may be too deep together: then there is no short cut, and nothing is proven.
    """
    every = {variable.name: variable.text for variable in work.policy.variables}
    needed = _needed(text, every)
    whole = work.engine.compile(text, variables=needed)
    if isinstance(whole, CompileError):
        return None, frozenset()
    return whole, frozenset(name for name, one in needed.items() if not _asked(one) and is_expression(one))


@dataclass(frozen=True, slots=True)
class _Work:
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
        if not is_proven or _asked(text) or not is_truth(text):
            return self.program(expression, _BOOL)
        needed = _needed(text, self.variables)
        return DeferredProgram(partial(self.engine.compile, text, variables=needed), "bool")

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


def _message(work: _Work, validation: Validation) -> Program | None:
    expression = validation.message_expression
    return work.program(expression, _STRING) if expression else None


def _whole_text(policy: Policy) -> str:
    """Fuse a policy into one expression, so that an object that passes costs one evaluation.

    A conjunction is true only where each part is true, so nothing but a plain pass can hide behind it; whatever else
    comes out, the parts are evaluated one by one.
    """
    checks = _all(validation.check.text for validation in policy.validations) or "true"
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


def _roots(text: str) -> set[str]:
    return {name.partition(".")[0] for name in variable_names(text)}


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
