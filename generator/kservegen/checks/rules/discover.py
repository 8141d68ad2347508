"""The rules that there are: modules `rules/<area>/<slug>.py` in, a `RuleSet` that checks objects out.

A rule is known by standing in its place; there is no list to edit. What does not fit is refused at the start.
"""

from __future__ import annotations

import importlib
import pkgutil
import traceback
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from types import ModuleType
from typing import Final, NamedTuple

from kservegen.checks import rules as rules_package
from kservegen.checks.rules.base import Check, Context, Rule
from kservegen.checks.rules.fields import Judge, Place, to_finding
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import containers_of, forget, pods_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.resource import Resource

RULE_CRASHED: Final = RuleMeta(
    id="internal/rule-crashed",
    title="A check of kservegen itself crashed on this object",
    why="A rule met a shape that its author did not think of. What it would have checked is not checked.",
    fix="Report it with the object and the traceback that --debug prints; the other rules are not affected.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashFinding(Finding):
    """A crash told as a finding; the traceback is for those who mend the rule."""

    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A rule with the stage and the scope that its module states."""

    rule: Rule
    stage: Stage
    scope: Scope = Scope.OBJECT

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.rule.meta.id


class _Judging(NamedTuple):
    """A judge of a field, and the rule that it speaks for."""

    rule: Rule
    judge: Judge


class _Plan:
    """What there is to ask about objects of one kind: whole rules, and judges by the field that they look at."""

    __slots__ = ("checks", "containers", "pods")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.checks: list[tuple[Rule, Check]] = []
        self.pods: defaultdict[str, list[_Judging]] = defaultdict(list)
        self.containers: defaultdict[str, list[_Judging]] = defaultdict(list)
        for rule in rules:
            if rule.check is not None:
                self.checks.append((rule, rule.check))
            for table, judges in ((self.pods, rule.pod), (self.containers, rule.container)):
                for name, judge in judges.items():
                    table[name].append(_Judging(rule, judge))

    def due(self, resource: Resource) -> Iterator[tuple[_Judging, JsonValue, Place]]:
        """List which judges an object calls for: those of the fields that its pods and containers set."""
        wanted = self.pods
        for pod in pods_of(resource):
            for name in pod.spec:
                if name in wanted and (value := pod.spec[name]) is not None:
                    place = Place((*pod.path, name), pod, None)
                    for judging in wanted[name]:
                        yield judging, value, place
        wanted = self.containers
        for at in containers_of(resource):
            for name in at.container:
                if name in wanted and (value := at.container[name]) is not None:
                    place = Place((*at.path, name), at.pod, at)
                    for judging in wanted[name]:
                        yield judging, value, place


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """All rules, ready to run: told apart by kind and by field once, not per object."""

    rules: tuple[Discovered, ...]
    _by_kind: Mapping[str, _Plan] = field(init=False, repr=False)
    _for_any: _Plan = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plain = tuple(found.rule for found in self.rules)
        kinds = {kind for rule in plain for kind in rule.kinds}
        by_kind = {kind: _Plan(r for r in plain if not r.kinds or kind in r.kinds) for kind in kinds}
        object.__setattr__(self, "_by_kind", by_kind)
        object.__setattr__(self, "_for_any", _Plan(r for r in plain if not r.kinds))

    def __iter__(self) -> Iterator[RuleMeta]:
        """Go through the manuals, `internal/rule-crashed` included."""
        yield from (found.rule.meta for found in self.rules)
        yield RULE_CRASHED

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
        found: list[tuple[Resource, Finding]] = []
        for resource in resources:
            plan = self._by_kind.get(resource.id.kind, self._for_any)
            for rule, check in plan.checks:
                try:
                    for finding in check(resource, context):
                        found.append((resource, finding))  # noqa: PERF401 - a crash keeps what came before it
                except Exception as crash:  # noqa: BLE001 - that is the promise
                    found.append((resource, _crashed(rule, crash)))
            if plan.pods or plan.containers:
                found += [(resource, finding) for finding in _judged(resource, plan)]
        forget()
        return found


def _judged(resource: Resource, plan: _Plan) -> Iterator[Finding]:
    for (rule, judge), value, place in plan.due(resource):
        try:
            for mistake in judge(value, place):
                yield to_finding(rule.meta, mistake)
        except Exception as crash:  # noqa: BLE001 - as above
            yield _crashed(rule, crash)


def _crashed(rule: Rule, crash: Exception) -> CrashFinding:
    return CrashFinding(
        rule=RULE_CRASHED.id,
        path=(),
        message=f"rule {rule.meta.id} crashed with {type(crash).__name__}: {crash}",
        hint=RULE_CRASHED.fix,
        traceback="".join(traceback.format_exception(crash)),
    )


@lru_cache(maxsize=1)
def discover() -> RuleSet:
    """Import every rule of this package."""
    return collect(rules_package)


def collect(package: ModuleType) -> RuleSet:
    """Import the rules below a package, sorted by id; RuntimeError where one does not fit its place."""
    found = sorted((_read(name) for name in _module_names(package)), key=lambda rule: rule.id)
    for before, after in pairwise(found):
        if before.id == after.id:
            raise RuntimeError(f"two rules are called {after.id}")
    return RuleSet(tuple(found))


def _module_names(package: ModuleType) -> Iterator[str]:
    for area in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not area.ispkg:
            continue
        for module in pkgutil.iter_modules(importlib.import_module(area.name).__path__, f"{area.name}."):
            if not module.name.rpartition(".")[2].startswith("_"):
                yield module.name


def _read(name: str) -> Discovered:
    module = importlib.import_module(name)
    rule, stage = getattr(module, "RULE", None), getattr(module, "STAGE", None)
    scope = getattr(module, "SCOPE", Scope.OBJECT)
    if not isinstance(rule, Rule):
        raise RuntimeError(f"{name} has no RULE")  # noqa: TRY004 - a wrong module, not a wrong argument
    if not isinstance(stage, Stage):
        raise RuntimeError(f"{name} has no STAGE")  # noqa: TRY004
    if not isinstance(scope, Scope):
        raise RuntimeError(f"{name} has a SCOPE that is none")  # noqa: TRY004
    expected = "/".join(name.split(".")[-2:]).replace("_", "-")
    if rule.meta.id != expected:
        raise RuntimeError(f"{name} holds the rule {rule.meta.id}, its place asks for {expected}")
    return Discovered(rule=rule, stage=stage, scope=scope)
