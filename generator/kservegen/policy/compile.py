"""A policy in, its programs out, or diagnostics at the lines of its expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kservegen.cel.engine import Engine, Program, engine
from kservegen.cel.outcome import CompileError
from kservegen.cel.source import names
from kservegen.diagnostics import Diagnostic
from kservegen.jsontypes import format_path
from kservegen.policy.manual import INVALID, UNSUPPORTED
from kservegen.policy.model import Expression, Policy, Validation

VARIABLES: Final = ("object", "oldObject", "request", "namespaceObject")

# What a request carries and no file tells.
_UNKNOWN: Final = ("request.userInfo", "request.uid", "request.options")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledValidation:
    """A validation's programs; `source` has the texts."""

    source: Validation
    check: Program
    message: Program | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A policy that can be evaluated. `whole` is true where every condition holds and every validation passes."""

    policy: Policy
    engine: Engine
    conditions: tuple[Program, ...]
    validations: tuple[CompiledValidation, ...]
    whole: Program | None
    needs_namespace: bool


def compile_policy(policy: Policy) -> tuple[Compiled | None, tuple[Diagnostic, ...]]:
    """Compile every expression of a policy, and report all that do not."""
    work = _Work(policy, engine((*VARIABLES, "params") if policy.takes_params else VARIABLES))
    for variable in policy.variables:
        if work.program(variable, {"bool", "any"}) is not None:
            work.variables[variable.name] = variable.text
    conditions = [work.program(condition, {"bool"}) for condition in policy.conditions]
    checks = [work.program(validation.check, {"bool"}) for validation in policy.validations]
    messages = [_message(work, validation) for validation in policy.validations]
    if work.diagnostics:
        return None, tuple(work.diagnostics)
    compiled = Compiled(
        policy=policy,
        engine=work.engine,
        conditions=tuple(filter(None, conditions)),
        validations=tuple(
            CompiledValidation(source=source, check=check, message=message)
            for source, check, message in zip(policy.validations, checks, messages, strict=True)
            if check is not None
        ),
        whole=_whole(work),
        needs_namespace=any("namespaceObject" in _roots(item.text) for item in _expressions(policy)),
    )
    return compiled, ()


@dataclass(frozen=True, slots=True)
class _Work:
    policy: Policy
    engine: Engine
    variables: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def program(self, expression: Expression, results: set[str]) -> Program | None:
        if asked := sorted(name for name in names(expression.text) if name in _UNKNOWN):
            error = CompileError(message=f"{asked[0]} is known to a server only", unsupported=True)
            self._refuse(expression, error)
            return None
        program = self.engine.compile(expression.text, variables=self.variables)
        if isinstance(program, CompileError):
            self._refuse(expression, program)
            return None
        if "any" not in results and program.result not in results:
            wanted = " or ".join(sorted(results))
            error = CompileError(message=f"must evaluate to {wanted}, this is of type {program.result}")
            self._refuse(expression, error)
            return None
        return program

    def _refuse(self, expression: Expression, error: CompileError) -> None:
        rule = UNSUPPORTED if error.unsupported else INVALID
        place = f" at {error.line}:{error.column} of the expression" if "\n" in expression.text.strip() else ""
        self.diagnostics.append(
            Diagnostic(
                rule=rule.id,
                severity=rule.severity,
                message=f"policy {self.policy.name}: {error.message}{place}",
                location=self.policy.locate(expression.path),
                path=format_path(expression.path),
                hint=rule.fix,
                seen=" ".join(expression.text.split())[:120],
            )
        )


def _message(work: _Work, validation: Validation) -> Program | None:
    expression = validation.message_expression
    return work.program(expression, {"string"}) if expression else None


def _whole(work: _Work) -> Program | None:
    """Fuse a policy into one expression, so that an object that passes costs one evaluation.

    A conjunction is true only where each part is true, so nothing but a plain pass can hide behind it; whatever else
    comes out, the parts are evaluated one by one.
    """
    checks = _all(validation.check.text for validation in work.policy.validations)
    conditions = _all(condition.text for condition in work.policy.conditions)
    text = f"({conditions}) ? ({checks}) : true" if conditions else checks
    program = work.engine.compile(text, variables=work.variables)
    # Parts that compile may be too deep together: then there is no short cut.
    return program if isinstance(program, Program) else None


def _all(texts: Iterable[str]) -> str:
    return " && ".join(f"(\n{text}\n)" for text in texts)


def _expressions(policy: Policy) -> Iterable[Expression]:
    yield from policy.variables
    yield from policy.conditions
    for validation in policy.validations:
        yield validation.check
        if validation.message_expression:
            yield validation.message_expression


def _roots(text: str) -> set[str]:
    return {name.partition(".")[0] for name in names(text)}


def texts(policy: Policy) -> Mapping[str, str]:
    """Every expression of a policy by its path, for what reads them as text."""
    return {format_path(item.path): item.text for item in _expressions(policy)}
