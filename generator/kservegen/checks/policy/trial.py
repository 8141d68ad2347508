"""A policy and its test cases in; what each case came to, and which expressions no case has put to the test, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from kservegen.checks.policy import evaluate
from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.cases import PolicyCase
from kservegen.checks.policy.compile import locate_expression
from kservegen.checks.policy.cost import excesses
from kservegen.checks.policy.model import Expression, Policy
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.manual import by_manual
from kservegen.formats.cel.outcome import CelError
from kservegen.formats.cel.source import variable_names


class TrialOutcome(Struct, frozen=True, kw_only=True):
    """What one case came to; `diagnostic` says how that differs from what it expects."""

    case: PolicyCase
    diagnostic: Diagnostic | None = None


class Trial(Struct, frozen=True, kw_only=True):
    """What the cases of one policy came to."""

    policy: str
    outcomes: tuple[TrialOutcome, ...]
    diagnostics: tuple[Diagnostic, ...]

    def count(self, *, fails: bool) -> int:
        """Return how many cases expect the verdict."""
        return sum(1 for outcome in self.outcomes if bool(outcome.case.expected) is fails)

    @property
    def wrong(self) -> int:
        """How many cases did not get their verdict."""
        return sum(1 for outcome in self.outcomes if outcome.diagnostic is not None)


def run_trial(policy: Policy, cases: Iterable[PolicyCase], *, whole: bool) -> Trial:
    """Run cases; with `whole`, they are all that the policy has, and what they leave out is a finding."""
    bench = _Bench(policy)
    outcomes = tuple(TrialOutcome(case=case, diagnostic=bench.run(case)) for case in cases)
    trial = Trial(policy=policy.name, outcomes=outcomes, diagnostics=())
    gaps = (*_missing(policy, trial), *bench.unexercised(), *_dear(policy)) if whole and not bench.broken else ()
    wrong = tuple(outcome.diagnostic for outcome in outcomes if outcome.diagnostic is not None)
    return Trial(policy=policy.name, outcomes=outcomes, diagnostics=(*bench.broken, *wrong, *gaps))


class _Bench(Struct, frozen=True):
    """Runs the cases of one policy and remembers which outcomes its expressions have had."""

    policy: Policy
    bound: dict[str, Bound | None] = field(default_factory=dict)
    broken: list[Diagnostic] = field(default_factory=list)
    seen: dict[str, set[object]] = field(default_factory=dict)

    def run(self, case: PolicyCase) -> Diagnostic | None:
        bound = self._bound(case)
        if bound is None:
            return None
        namespaces = {case.admission.resource.id.namespace: case.namespace} if case.namespace else {}
        findings = evaluate.evaluate_policies([bound], case.admission, namespaces=namespaces)
        self._exercise(bound, case)
        got = tuple((format_path(finding.path), finding.message) for finding in findings)
        if got == case.expected:
            return None
        return by_manual(
            "policy/case",
            f"case {case.name} does not get its verdict from policy {self.policy.name}",
            case.location,
            seen=_verdict(got),
            allowed=_verdict(case.expected),
        )

    def _bound(self, case: PolicyCase) -> Bound | None:
        key = repr(case.params)
        if key not in self.bound:
            binding: JsonObject = {"actions": ["Deny"], "params": case.params or None}
            found = bind_policies(
                [self.policy], {"bindings": {self.policy.name: binding}}, locate=lambda _: case.location
            )
            self.broken.extend(d for d in found.diagnostics if d not in self.broken)
            self.bound[key] = found.bound[0] if found.bound else None
        return self.bound[key]

    def _exercise(self, bound: Bound, case: PolicyCase) -> None:
        seen = evaluate.see(bound, case.admission, case.namespace)
        if seen is None:
            return
        for params in evaluate.choose_params(bound, case.admission):
            trial = evaluate.AdmissionCase(bound.compiled, seen.admission, case.namespace, params)
            conditions = [condition.evaluate(trial.scope) for condition in bound.compiled.conditions]
            for expression, outcome in zip(self.policy.conditions, conditions, strict=True):
                self._saw(expression, outcome)
            if all(outcome is True for outcome in conditions):
                for validation in bound.compiled.validations:
                    outcome = validation.check.evaluate(trial.scope)
                    self._saw(validation.source.check, outcome)
                    if outcome is False and validation.message and validation.source.message_expression:
                        self._saw(validation.source.message_expression, validation.message.evaluate(trial.scope))

    def _saw(self, expression: Expression, outcome: object) -> None:
        kind = "error" if isinstance(outcome, CelError) else outcome
        self.seen.setdefault(format_path(expression.path), set()).add(kind)

    def unexercised(self) -> Iterator[Diagnostic]:
        """List conditions and checks that never came to one of true and false, messages never said, idle variables."""
        for check in (*self.policy.conditions, *(validation.check for validation in self.policy.validations)):
            outcomes = self.seen.get(format_path(check.path), set())
            missing = [str(wanted).lower() for wanted in (True, False) if not any(o is wanted for o in outcomes)]
            if missing:
                yield self._gap(check, f"no case makes it {' or '.join(missing)}")
        for validation in self.policy.validations:
            said = validation.message_expression
            if said and not any(isinstance(o, str) and o != "error" for o in self.seen.get(format_path(said.path), ())):
                yield self._gap(said, "no case makes it a message")
        used = self._used()
        for variable in self.policy.variables:
            if variable.name not in used:
                yield self._gap(variable, "nothing that a case evaluates uses it")

    def _used(self) -> set[str]:
        """Name the variables behind the expressions that were evaluated."""
        texts = [e.text for e in self._evaluated()]
        used: set[str] = set()
        for variable in reversed(self.policy.variables):
            if any(f"variables.{variable.name}" in variable_names(text) for text in texts):
                used.add(variable.name)
                texts.append(variable.text)
        return used

    def _evaluated(self) -> Iterator[Expression]:
        for validation in self.policy.validations:
            for expression in (validation.check, validation.message_expression):
                if expression is not None and format_path(expression.path) in self.seen:
                    yield expression

    def _gap(self, expression: Expression, why: str) -> Diagnostic:
        path = format_path(expression.path)
        return by_manual(
            "policy/unexercised",
            f"policy {self.policy.name}: {path} is not put to the test: {why}",
            locate_expression(self.policy, expression),
            path=path,
        )


def _missing(policy: Policy, trial: Trial) -> Iterator[Diagnostic]:
    for verdict, fails in (("passes", False), ("fails", True)):
        if not trial.count(fails=fails):
            yield by_manual(
                "policy/untested",
                f"policy {policy.name} has no case that {verdict}",
                policy.source.locate(("metadata", "name")),
                path="metadata.name",
            )


def _dear(policy: Policy) -> Iterator[Diagnostic]:
    for expression, cost, limit in excesses(policy):
        path = expression.path if expression is not None else ("metadata", "name")
        yield by_manual(
            "policy/cost",
            f"policy {policy.name} costs about {cost:,} on a large object, and the server allows {limit:,}",
            policy.source.locate(path) if expression is None else locate_expression(policy, expression),
            path=format_path(path),
        )


def _verdict(findings: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(f"fail {path or '-'} | {message}" for path, message in findings) or "pass"
