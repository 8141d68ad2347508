"""The rules that there are: modules `rules/<area>/<slug>.py` in, a `RuleSet` that checks objects out.

A rule is known by standing in its place; there is no list to edit. What does not fit is refused at the start.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks import rules as rules_package
from kservegen.checks.rules._cached import forget
from kservegen.checks.rules.base import Check, Context, Rule, Scope, Stage, id_of, manual_of
from kservegen.checks.rules.view import containers_of, pods_of
from kservegen.core.crashes import crash_finding
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem, to_finding
from kservegen.core.resource import Resource
from kservegen.core.values import is_template
from kservegen.kubernetes.fields import FieldLaw, FieldPlace

# The area of rules that look for what is wrong in a release, where the release has it.
DEFECTS: Final = "defect"


class Discovered(Struct, frozen=True, kw_only=True, dict=True):
    """A rule, its id, and what reads its manual: a run tells of a few rules, and of the others nobody reads it."""

    id: str
    rule: Rule
    read: Callable[[], RuleMeta]

    @cached_property
    def meta(self) -> RuleMeta:
        """The rule's manual; ValueError where it is none."""
        return self.read()

    @property
    def defect(self) -> str:
        """The slug of the known defect of KServe that the rule looks for; blank for any other rule."""
        area, _, slug = self.id.partition("/")
        return slug if area == DEFECTS else ""

    @property
    def stage(self) -> Stage:
        """When the rule bites."""
        return self.rule.stage

    @property
    def scope(self) -> Scope:
        """How far the rule looks."""
        return self.rule.scope


class _RuleCheck(NamedTuple):
    """What a rule looks for in a whole object; `defect` is the known defect that it looks for, if any."""

    found: Discovered
    check: Check
    defect: str


def _of_defect(found: Discovered, check: Check) -> Check:
    """Return the check of a known defect, asked where the release has it.

    What a release does to pods after it has made them is no fault of a manifest that is looked at by itself, so it
    is a warning there; whoever runs that release in an environment has to decide.
    """

    def lighter(problem: Problem) -> Problem:
        weight = found.meta.severity if problem.severity is None else problem.severity
        return problem._replace(severity=Severity.WARNING) if weight is Severity.ERROR else problem

    def weighed(resource: Resource, context: Context) -> Iterable[Problem]:
        problems = check(resource, context)
        return problems if context.environment else map(lighter, problems)

    return weighed if found.stage is Stage.RUN else check


class _RuleLaw(NamedTuple):
    """A law of a field, and the rule that it speaks for."""

    found: Discovered
    law: FieldLaw


class _Plan:
    """What there is to ask about objects of one kind: whole rules, and laws by the field that they look at."""

    __slots__ = ("checks", "containers", "pods")

    def __init__(self, rules: Iterable[Discovered]) -> None:
        self.checks: list[_RuleCheck] = []
        self.pods: defaultdict[str, list[_RuleLaw]] = defaultdict(list)
        self.containers: defaultdict[str, list[_RuleLaw]] = defaultdict(list)
        for found in rules:
            rule = found.rule
            if rule.check is not None:
                check = _of_defect(found, rule.check) if found.defect else rule.check
                self.checks.append(_RuleCheck(found, check, found.defect))
            for table, laws in ((self.pods, rule.pod), (self.containers, rule.container)):
                for name, law in laws.items():
                    table[name].append(_RuleLaw(found, law))

    def due(self, resource: Resource) -> Iterator[tuple[_RuleLaw, JsonValue, FieldPlace]]:
        """List which laws an object calls for: those of the fields that its pods and containers set."""
        wanted = self.pods
        for pod in pods_of(resource):
            for name in pod.spec:
                if name in wanted and (value := pod.spec[name]) is not None:
                    place = FieldPlace((*pod.path, name), pod, None)
                    for rule_law in wanted[name]:
                        yield rule_law, value, place
        wanted = self.containers
        for at in containers_of(resource):
            for name in at.container:
                if name in wanted and (value := at.container[name]) is not None:
                    place = FieldPlace((*at.path, name), at.pod, at)
                    for rule_law in wanted[name]:
                        yield rule_law, value, place


class RuleSet(Struct, frozen=True, eq=False, dict=True):
    """All rules, ready to run: told apart by kind and by field once, not per object."""

    rules: tuple[Discovered, ...]

    @cached_property
    def _plans(self) -> dict[str, _Plan]:
        return {}

    def _plan(self, kind: str) -> _Plan:
        if kind not in self._plans:
            asked = (found for found in self.rules if not found.rule.kinds or kind in found.rule.kinds)
            self._plans[kind] = _Plan(asked)
        return self._plans[kind]

    def stage(self, rule: str) -> Stage | None:
        """Say when a rule bites; None for an id that is not a rule's."""
        return next((found.stage for found in self.rules if found.id == rule), None)

    def at(self, *stages: Stage) -> RuleSet:
        """Keep the rules of some stages."""
        return RuleSet(tuple(found for found in self.rules if found.stage in stages))

    def within(self, scope: Scope) -> RuleSet:
        """Keep the rules of one scope."""
        return RuleSet(tuple(found for found in self.rules if found.scope is scope))

    def run(self, resources: Iterable[Resource], context: Context) -> list[tuple[Resource, Finding]]:
        """Check every object; a rule that crashes is a finding and stops nobody else."""
        forget()
        findings: list[tuple[Resource, Finding]] = []
        known = context.release.defects
        for resource in resources:
            plan = self._plan(resource.id.kind)
            for found, check, defect in plan.checks:
                if defect and defect not in known:
                    continue
                try:
                    for problem in check(resource, context):
                        findings.append((resource, to_finding(found.meta, problem)))  # noqa: PERF401 - a crash keeps these
                except Exception as crash:  # noqa: BLE001 - that is the promise
                    findings.append((resource, _crashed(found, crash)))
            if plan.pods or plan.containers:
                findings += [(resource, finding) for finding in _field_findings(resource, plan)]
        forget()
        return findings


def _field_findings(resource: Resource, plan: _Plan) -> Iterator[Finding]:
    for (found, law), value, place in plan.due(resource):
        try:
            for problem in law(value, place):
                if not is_template(problem.seen):  # KServe fills it in before Kubernetes sees it
                    yield to_finding(found.meta, problem)
        except Exception as crash:  # noqa: BLE001 - as above
            yield _crashed(found, crash)


def _crashed(found: Discovered, crash: Exception) -> Finding:
    return crash_finding(f"rule {found.id}", crash, "internal/rule-crashed")


@lru_cache(maxsize=1)
def discover() -> RuleSet:
    """Import every rule of this package; tests read their manuals."""
    return _rules_in(rules_package)


def collect(package: ModuleType) -> RuleSet:
    """Import the rules below a package, sorted by id; RuntimeError where one does not fit its place."""
    rules = _rules_in(package)
    for found in rules.rules:
        try:
            _ = found.meta
        except ValueError as error:
            raise RuntimeError(f"{found.id}: {error}") from error
    return rules


def _rules_in(package: ModuleType) -> RuleSet:
    return RuleSet(tuple(sorted(map(_read, _module_names(package)), key=lambda rule: rule.id)))


def _module_names(package: ModuleType) -> Iterator[str]:
    for area in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not area.ispkg:
            continue
        for folder in importlib.import_module(area.name).__path__:
            slugs = (file.stem for file in Path(folder).iterdir() if file.suffix == ".py")
            yield from (f"{area.name}.{slug}" for slug in sorted(slugs) if not slug.startswith("_"))


def _read(name: str) -> Discovered:
    module = importlib.import_module(name)
    rules = {id(value): value for value in vars(module).values() if isinstance(value, Rule)}
    if len(rules) != 1:
        raise RuntimeError(f"{name} has {len(rules) or 'no'} rule{'s' * (len(rules) > 1)}, it has to have one")
    (rule,) = rules.values()
    return Discovered(id=id_of(module), rule=rule, read=partial(manual_of, module))
