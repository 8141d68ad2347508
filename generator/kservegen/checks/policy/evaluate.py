"""Bound policies and requests in, findings out: `policy/<name>` at the field that a person has to edit.

The order and the words are the API server's: match, parameters, conditions, validations; `failurePolicy` for what ends
in an error; a usable messageExpression, else the message, else the expression.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.checks.policy.admission import Admission
from kservegen.checks.policy.binding import Bound
from kservegen.checks.policy.compile import CompiledPolicy, CompiledValidation
from kservegen.checks.policy.match import MatchAnswer, match
from kservegen.checks.policy.model import Expression
from kservegen.checks.policy.violation_path import Holds, blame
from kservegen.core.diagnostics import Finding
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.manual import written_manuals
from kservegen.core.problem import Problem, to_finding
from kservegen.core.resource import Resource
from kservegen.core.secrets import secrets_in
from kservegen.formats.cel.engine import CelScope, Program
from kservegen.formats.cel.outcome import CelError
from kservegen.formats.cel.source import variable_names

_NO_NAMESPACES: Final[Mapping[str, JsonObject]] = {}
_NOTHING: Final[JsonObject] = {}
_NO_PARAMS: Final = "no params found for policy binding with `Deny` parameterNotFoundAction"

# apiserver/pkg/apis/cel: what a messageExpression may come to.
_LONGEST_MESSAGE: Final = 5 * 1024

# All that a policy reads of the request for an object that is shown to it cut.
CREATION: Final[JsonObject] = {"operation": "CREATE"}


def evaluate_policies(
    bound: Iterable[Bound], request: Resource | Admission, *, namespaces: Mapping[str, JsonObject] = _NO_NAMESPACES
) -> tuple[Finding, ...]:
    """Evaluate a request, or an object as it would be created; `namespaces` are the rendered Namespaces, by name."""
    admission = request if isinstance(request, Admission) else Admission(resource=request)
    namespace = namespaces.get(admission.resource.id.namespace)
    return tuple(finding for policy in bound for finding in _evaluate(policy, admission, namespace))


def _evaluate(policy: Bound, admission: Admission, namespace: JsonObject | None) -> Iterator[Finding]:
    seen = see(policy, admission, namespace)
    if seen is None:
        return
    if policy.compiled.needs_namespace and namespace is None and admission.resource.id.namespace:
        name = admission.resource.id.namespace
        yield _unknown(policy, f"it reads namespaceObject, and namespace {name} is not rendered")
        return
    chosen = choose_params(policy, admission)
    if not chosen:
        if policy.binding.param_ref is not None and policy.binding.param_ref.denies_absence:
            yield _violation(policy, f"failed to configure binding: {_NO_PARAMS}", ())
        return
    for params in chosen:
        case = AdmissionCase(policy.compiled, seen.admission, namespace, params)
        found = tuple(evaluate_case(policy, case))
        if found and seen.unknown:
            yield _unknown(policy, f"{seen.unknown}; if it applies: {found[0].message}")
            return
        yield from found


def see(policy: Bound, admission: Admission, namespace: JsonObject | None) -> MatchAnswer | None:
    """Tell how a policy sees a request through its own constraints and through the binding's; None: not at all."""
    seen = match(policy.compiled.policy.constraints, admission, namespace)
    narrowed = match(policy.binding.constraints, admission, namespace) if seen is not None else None
    if seen is None or narrowed is None:
        return None
    return MatchAnswer(seen.admission, seen.unknown or narrowed.unknown)


def depends_on_object(policy: Bound, resource: Resource) -> bool:
    """Tell whether a policy may look at one object of a kind and not at another: by labels or by name."""
    parts = (policy.compiled.policy.constraints, policy.binding.constraints)
    return any(
        part.objects
        or (part.namespaces and resource.id.kind == "Namespace")
        or any(rule.names for rule in (*part.rules, *part.excluded))
        for part in parts
    )


def choose_params(policy: Bound, admission: Admission) -> tuple[JsonObject | None, ...]:
    """Return the objects that the policy is evaluated with, each in turn; None stands for no parameters at all."""
    reference = policy.binding.param_ref
    return (None,) if reference is None else reference.choose(policy.pool, admission.resource.id.namespace)


class AdmissionCase(Struct, frozen=True):
    """One request before one policy with one set of parameters; its data goes to the interpreter once."""

    compiled: CompiledPolicy
    admission: Admission
    namespace: JsonObject | None
    params: JsonObject | None
    shown: JsonObject | None = None  # the object cut to what the policy reads, and nothing else of the request
    _scope: list[CelScope] = field(default_factory=list)

    @property
    def scope(self) -> CelScope:
        """The data as the interpreter has it."""
        if not self._scope:
            cut = self.shown is not None
            values: dict[str, object] = {
                "object": self.shown if cut else self.admission.object,
                "oldObject": self.admission.old_object,
                "request": CREATION if cut else self.admission.request(),
                "namespaceObject": self.namespace,
            }
            if self.compiled.policy.takes_params:
                values["params"] = self.params
            self._scope.append(self.compiled.engine.scope(values, on_wire=not cut))
        return self._scope[0]

    def whole(self) -> object:
        """Evaluate the whole policy at the price of one expression: true is a plain pass, false a plain violation.

        False means that the conditions hold and a check does not; anything else says nothing yet.
        """
        whole = self.compiled.whole
        return None if whole is None else whole.evaluate(self.scope)

    def holds(self, check: Program) -> Holds:
        """Return how to tell whether a check holds for another object in this one's place."""

        def answer(doc: JsonObject) -> bool:
            resource = replace(self.admission.resource, doc=doc)
            trial = AdmissionCase(
                self.compiled, replace(self.admission, resource=resource), self.namespace, self.params
            )
            return check.evaluate(trial.scope) is True

        return answer


def evaluate_case(policy: Bound, case: AdmissionCase) -> Iterator[Finding]:
    """Evaluate one case: as a whole first, then expression by expression."""
    whole = case.whole()
    if whole is True or (whole is not False and not (yield from _conditions_hold(policy, case))):
        return
    validations = case.compiled.validations
    for validation in validations:
        only = whole is False and len(validations) == 1
        outcome = False if only else validation.check.evaluate(case.scope)
        if outcome is True:
            continue
        path = blame(case.admission.resource.doc, validation.source.places, case.holds(validation.check))
        if isinstance(outcome, CelError):
            yield _failed(policy, outcome, _wording(case, validation.source.check, outcome), path)
        else:
            yield _violation(policy, _message(validation, case.scope), path, case.admission.resource.doc)


def _conditions_hold(policy: Bound, case: AdmissionCase) -> Generator[Finding, None, bool]:
    """Tell whether all conditions come to true; where one ends in an error and none is false, failurePolicy decides."""
    compiled = policy.compiled
    outcomes = [condition.evaluate(case.scope) for condition in compiled.conditions]
    if any(outcome is False for outcome in outcomes):
        return False
    broken = [
        (expression, outcome)
        for expression, outcome in zip(compiled.policy.conditions, outcomes, strict=True)
        if isinstance(outcome, CelError)
    ]
    if broken:
        yield from _broken_conditions(policy, case, broken)
    return not broken


def _broken_conditions(
    policy: Bound, case: AdmissionCase, broken: list[tuple[Expression, CelError]]
) -> Iterator[Finding]:
    messages = [_wording(case, expression, error) for expression, error in broken]
    text = messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
    error = next((error for _, error in broken if error.unsupported), broken[0][1])
    yield _failed(policy, error, text, ())


def _wording(case: AdmissionCase, expression: Expression, error: CelError) -> str:
    """Word an error as the server does: an expression that ends in one, through the variables that led to it."""
    led = "".join(f'composited variable "{name}" fails to evaluate: ' for name in _trail(case, expression.text, error))
    return f"expression '{expression.text}' resulted in error: {led}{error.message}"


def _trail(case: AdmissionCase, text: str, error: CelError) -> Iterator[str]:
    """Name the variables, each used by the one before, whose evaluation ends in this error."""
    used = variable_names(text)
    for variable in case.compiled.policy.variables:
        if f"variables.{variable.name}" in used:
            program = case.compiled.variable(variable.name)
            if isinstance(program, Program) and program.evaluate(case.scope) == error:
                yield variable.name
                yield from _trail(case, variable.text, error)
                return


def _violation(policy: Bound, message: str, path: Path, doc: JsonObject = _NOTHING) -> Finding:
    cause = _cause(message, doc, path)
    return to_finding(policy.compiled.policy.meta, Problem(path, message, severity=policy.severity, cause=cause))


def _cause(message: str, doc: JsonObject, path: Path) -> str:
    """Name the text that a policy refuses, whichever objects hold it; blank where none is refused.

    Two objects that lack a field, or switch something on, are two mistakes. No secret goes in: reports hash causes.
    """
    seen = value_at(doc, path)
    if not isinstance(seen, str) or not seen or any(secrets_in(value_at(doc, path[:-1]))):
        return ""
    return f"{message}: {seen}"


def _failed(policy: Bound, error: CelError, message: str, path: Path) -> Finding:
    """Report an evaluation that ended in an error: failurePolicy says what the server makes of it."""
    if error.unsupported:
        return _unknown(policy, f"it needs {error.message}")
    if policy.compiled.policy.ignores_errors:
        problem = Problem(path, f"policy {policy.name}: {message}")
        return to_finding(written_manuals()["policy/ignored-error"], problem)
    return _violation(policy, message, path)


def _unknown(policy: Bound, reason: str) -> Finding:
    message = f"policy {policy.name} cannot be judged offline: {reason}"
    return to_finding(written_manuals()["policy/unsupported"], Problem((), message, severity=policy.severity))


def _message(validation: CompiledValidation, scope: CelScope) -> str:
    worded = _worded(validation.message, scope)
    return worded or validation.source.message.strip() or f"failed expression: {validation.source.check.text.strip()}"


def _worded(program: Program | None, scope: CelScope) -> str:
    """Return what a messageExpression comes to, or nothing where the server would fall back on the message."""
    value = program.evaluate(scope) if program else None
    message = value.strip() if isinstance(value, str) else ""
    return "" if "\n" in message or len(message.encode()) > _LONGEST_MESSAGE else message
