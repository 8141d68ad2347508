"""Bound policies and one object in, findings out: `policy/<name>` at the field that a person has to edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.cel.engine import Program, Scope
from kservegen.cel.outcome import CelError
from kservegen.diagnostics import Finding
from kservegen.jsontypes import JsonObject, Path
from kservegen.policy.binding import Bound
from kservegen.policy.compile import CompiledValidation
from kservegen.policy.manual import IGNORED, UNSUPPORTED
from kservegen.policy.match import Target, matches, target
from kservegen.policy.place import best

_NO_NAMESPACES: Final[Mapping[str, JsonObject]] = {}


def evaluate(
    bound: Iterable[Bound], resource: Resource, *, namespaces: Mapping[str, JsonObject] = _NO_NAMESPACES
) -> tuple[Finding, ...]:
    """Judge one object as it would be created; `namespaces` are the Namespace objects that are rendered, by name."""
    case = _Case(resource, target(resource), namespaces.get(resource.id.namespace), {})
    return tuple(finding for policy in bound for finding in _judge(policy, case))


class _Case(NamedTuple):
    """One object, and its data in the interpreter: once per policy with parameters, once for all others."""

    resource: Resource
    target: Target
    namespace: JsonObject | None
    scopes: dict[str, Scope]

    def scope(self, policy: Bound) -> Scope:
        key = policy.name if policy.params is not None else ""
        scope = self.scopes.get(key)
        if scope is None:
            values: dict[str, object] = {
                "object": self.resource.doc,
                "oldObject": None,
                "request": _request(self.target, self.resource.kind),
                "namespaceObject": self.namespace,
            }
            if policy.params is not None:
                values["params"] = policy.params
            scope = self.scopes[key] = policy.compiled.engine.scope(values)
        return scope


def _request(seen: Target, kind: str) -> JsonObject:
    kinds: JsonObject = {"group": seen.group, "version": seen.version, "kind": kind}
    resource: JsonObject = {"group": seen.group, "version": seen.version, "resource": seen.resource}
    return {
        "operation": "CREATE",
        "name": seen.name,
        "namespace": seen.namespace,
        "kind": kinds,
        "requestKind": kinds,
        "resource": resource,
        "requestResource": resource,
        "subResource": "",
        "requestSubResource": "",
        "dryRun": False,
    }


def _judge(policy: Bound, case: _Case) -> Iterator[Finding]:
    compiled = policy.compiled
    verdict = matches(compiled.policy.constraints, case.target, case.namespace)
    if verdict is False:
        return
    if isinstance(verdict, str):
        yield _unknown(policy, verdict)
        return
    if compiled.needs_namespace and case.namespace is None and case.target.namespace:
        yield _unknown(policy, f"it reads namespaceObject, and namespace {case.target.namespace} is not rendered")
        return
    scope = case.scope(policy)
    if compiled.whole is not None and compiled.whole.evaluate(scope) is True:
        return
    yield from _judge_parts(policy, case, scope)


def _judge_parts(policy: Bound, case: _Case, scope: Scope) -> Iterator[Finding]:
    outcomes = [condition.evaluate(scope) for condition in policy.compiled.conditions]
    if any(outcome is False for outcome in outcomes):
        return
    broken = [
        _failed(policy, outcome, f"match condition {condition.name}", ())
        for outcome, condition in zip(outcomes, policy.compiled.policy.conditions, strict=True)
        if isinstance(outcome, CelError)
    ]
    if broken:
        yield from broken
        return
    for validation in policy.compiled.validations:
        outcome = validation.check.evaluate(scope)
        path = best(validation.source.places, case.resource.doc) if outcome is not True else ()
        if isinstance(outcome, CelError):
            yield _failed(policy, outcome, f"expression {_short(validation)}", path)
        elif outcome is not True:
            yield _violation(policy, _message(validation, scope), path)


def _violation(policy: Bound, message: str, path: Path) -> Finding:
    meta = policy.compiled.policy.meta
    return Finding(rule=meta.id, path=path, message=message, hint=meta.fix, severity=policy.severity)


def _failed(policy: Bound, error: CelError, what: str, path: Path) -> Finding:
    """Report an evaluation that ended in an error: failurePolicy says what the server makes of it."""
    if error.unsupported:
        return _unknown(policy, f"it needs {error.message}")
    if policy.compiled.policy.ignores_errors:
        message = f"policy {policy.name}: {what} resulted in error: {error.message}"
        return Finding(rule=IGNORED.id, path=path, message=message, hint=IGNORED.fix, severity=IGNORED.severity)
    return _violation(policy, f"{what} resulted in error: {error.message} (failurePolicy is Fail)", path)


def _unknown(policy: Bound, reason: str) -> Finding:
    message = f"policy {policy.name} cannot be judged offline: {reason}"
    return Finding(rule=UNSUPPORTED.id, path=(), message=message, hint=UNSUPPORTED.fix, severity=policy.severity)


def _message(validation: CompiledValidation, scope: Scope) -> str:
    """Say what the server would say: a usable messageExpression, else the message, else the expression itself."""
    said = _said(validation.message, scope)
    return said or validation.source.message.strip() or f"failed expression: {_short(validation)}"


def _said(program: Program | None, scope: Scope) -> str:
    value = program.evaluate(scope) if program else None
    return value.strip() if isinstance(value, str) and "\n" not in value.strip() else ""


def _short(validation: CompiledValidation) -> str:
    return " ".join(validation.source.check.text.split())
