"""An environment's change, read, in; what its budgets and accelerators hold differently out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.model import BudgetChange
from kservegen.checks.budget.account import account
from kservegen.checks.budget.ledger import Line
from kservegen.checks.budget.limits import LIMITED, read_budgets
from kservegen.checks.budget.overview import Row, accelerator_rows, budget_rows
from kservegen.checks.rules.base import Context
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import DefaultedEnvironment, Evaluation, Tools, ledger_of
from kservegen.kserve.defaulting import Defaulted, default
from kservegen.kserve.platform import installed_platform

# Objects that decide what others take.
_SHARED: Final = frozenset({"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig"})
_WORDS: Final[Mapping[str, str]] = {resource: word for word, resource in LIMITED.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BudgetComparison:
    """What one change does to budgets; `evaluation` is of the environment after it, `after` what it comes to."""

    change: EnvironmentChange
    evaluation: Evaluation
    after: DefaultedEnvironment
    tools: Tools

    def changes(self) -> Iterator[BudgetChange]:
        """Yield what differs; nothing in an environment without budgets and accelerators."""
        environment = self.evaluation.environment
        accelerators = environment.mapping("accelerators")
        budgets = tuple(read_budgets(environment.mapping("budgets")))
        if not accelerators and not budgets:
            return
        granted = self._granted_before()
        is_same_grant = granted is None or granted == {budget.name: budget.limits for budget in budgets}
        ledgers = None if is_same_grant and self._takes_the_same() else self._ledgers()
        if ledgers is None:
            return
        for row in budget_rows(*ledgers, budgets):
            was = row.granted if granted is None else granted.get(row.name, {}).get(_WORDS[row.resource])
            if row.change or was != row.granted:
                yield _changed(row, was)
        yield from (_changed(row, None) for row in accelerator_rows(*ledgers, accelerators) if row.change)

    def _granted_before(self) -> Mapping[str, Mapping[str, Fraction]] | None:
        words = self.change.words
        if words is None:
            return None
        return {budget.name: budget.limits for budget in read_budgets(mapping(words.get("budgets")))}

    @property
    def _reaches_others(self) -> bool:
        """Whether the change is of something that decides what other objects take."""
        change = self.change
        shared = any(key.kind in _SHARED for key in (*change.old.objects, *change.new.objects))
        return shared or bool(change.old.values or change.new.values)

    def _takes_the_same(self) -> bool:
        """Whether what changes takes just what it took: then all sums are as they were, and none has to be made."""
        if self._reaches_others:
            return False
        context = self.after.context
        sides = (
            sorted(_takings(self._account(self._defaulted(held.objects.values()), context)))
            for held in (self.change.old, self.change.new)
        )
        return next(sides) == next(sides)

    def _ledgers(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Write the ledgers after and before; what is the same on both sides is counted once."""
        change, context = self.change, self.after.context
        now = ledger_of(self.evaluation)
        if self._reaches_others:
            old = self._defaulted(change.before.values())
            return now, tuple(self._account(old, self._context_before(old, context)))
        subjects = {key.subject for key in (*change.old.objects, *change.new.objects)}
        kept = (line for line in now if line.subject not in subjects)
        return now, (*kept, *self._account(self._defaulted(change.old.objects.values()), context))

    def _account(self, objects: Iterable[Defaulted], context: Context) -> Iterator[Line]:
        return account(self._named(objects), self.evaluation.environment, context)

    def _defaulted(self, resources: Iterable[Resource]) -> list[Defaulted]:
        installation = installation_of(self.after.built.settings)
        return [default(resource, installation) for resource in resources]

    def _named(self, objects: Iterable[Defaulted]) -> Iterator[tuple[str, str, Defaulted]]:
        """Give objects of before their entries and owners, as far as today's catalog knows them."""
        entries = {item.resource.id: item.entry for item in self.after.built.entries}
        for item in objects:
            entry = entries.get(item.written.id)
            owner = text(entry.words.get("owner")) if entry is not None else ""
            yield (entry.key if entry is not None else item.written.id.name), owner, item

    def _context_before(self, objects: Iterable[Defaulted], now: Context) -> Context:
        platform = installed_platform(now.release, self.change.values_before)
        resources: dict[ResourceId, Resource] = {item.resource.id: item.resource for item in objects}
        return replace(now, platform=platform, resources=resources)


def _takings(lines: Iterable[Line]) -> Iterator[str]:
    """Write down of each line what sums are made of."""
    for line in lines:
        yield repr((line.owner, line.subject.namespace, line.types, line.count, sorted(line.each.items())))


def _changed(row: Row, granted_before: Fraction | None) -> BudgetChange:
    before = row.before if row.before is not None else Fraction(0)
    return BudgetChange(row.name, row.resource, before, row.used.maximum, granted_before, row.granted)
