"""An environment's change, read, in; what its budgets, accelerators and node pools hold differently out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.resolve import Entry
from kservegen.changes.plan.environment import EnvironmentChange
from kservegen.changes.plan.model import (
    BudgetChange,
    ModelChange,
    ModelFit,
    ObjectChange,
    PoolChange,
    PoolSide,
    Verb,
)
from kservegen.changes.plan.models import NO_USE, uses
from kservegen.checks.budget.account import DECIDING, RequestedAmounts, account, requested_amounts
from kservegen.checks.budget.ledger import Line
from kservegen.checks.budget.limits import LIMITED, read_budgets
from kservegen.checks.budget.overview import Row, accelerator_rows, budget_rows
from kservegen.checks.queues import Queues
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import queues_of
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.base import BaseRevision
from kservegen.evaluate.defaulted import installation_of
from kservegen.evaluate.environment import DefaultedEnvironment, Evaluation, Tools, ledger_of
from kservegen.kserve.defaulting import Defaulted, default
from kservegen.kserve.platform import installed_platform
from kservegen.render.objects.pins import served_addresses

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore

# Words of a pod that say nothing of its node: what its containers ask for is counted.
_NO_PLACE: Final = frozenset({"containers", "initContainers", "volumes"})
# The key of an object's entry, its owner, and the object.
_Owned: TypeAlias = tuple[str, str, Defaulted]
_Entries: TypeAlias = Mapping[ResourceId, Entry]
_WORDS: Final[Mapping[str, str]] = {resource: word for word, resource in LIMITED.items()}


class BudgetComparison(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """What one change does to budgets.

    `evaluation` is of the environment after it, `after` what it comes to, `revision` the commit before it (None: what
    is rendered is compared with, and today's catalog says whose it was).
    """

    change: EnvironmentChange
    evaluation: Evaluation
    after: DefaultedEnvironment
    tools: Tools
    revision: BaseRevision | None = None
    _known: dict[int, Defaulted] = field(default_factory=dict)

    def changes(self) -> Iterator[BudgetChange]:
        """Yield what differs; nothing in an environment without budgets and accelerators."""
        environment = self.evaluation.environment
        accelerators = environment.mapping("accelerators")
        budgets = tuple(read_budgets(environment.mapping("budgets"), queues_of(self.after.context), accelerators))
        if not accelerators and not budgets:
            return
        granted = self._granted_before()
        is_same_grant = granted is None or granted == {budget.name: budget.limits for budget in budgets}
        # Owners are asked for in budgets alone, and the whole catalog of before has to be read for them.
        then = self._entries_before() if any(budget.owner for budget in budgets) else self._entries
        ledgers = None if is_same_grant and self._takes_the_same(then) else self._ledgers(then)
        if ledgers is None:
            return
        for row in budget_rows(*ledgers, budgets):
            was = row.granted if granted is None else granted.get(row.name, {}).get(_WORDS[row.resource])
            if row.change or was != row.granted:
                yield _changed(row, was)
        yield from (_changed(row, None) for row in accelerator_rows(*ledgers, accelerators) if row.change)

    def models(self, objects: Iterable[ObjectChange]) -> Iterator[ModelChange]:
        """Yield what each model of these changes takes before and after."""
        models = [item for item in objects if item.is_model]
        if not models:
            return
        change, context = self.change, self.after.context
        then = (
            self._context_before(self._defaulted(change.before.values()), context)
            if self._reaches_others
            else self._past
        )
        prices = self.evaluation.environment.mapping("accelerators")
        known = prices | mapping((change.words or {}).get("accelerators"))
        keys = {item.key for item in models} | {item.old_key for item in models if item.old_key is not None}
        old = self._defaulted(resource for key, resource in change.old.objects.items() if key in keys)
        new = self._judged(resource for key, resource in change.new.objects.items() if key in keys)
        stored = {item.written.id: item for item in new} if change.differences.was_there else {}
        before = uses(self._account(_owned(old, {}), then), known)
        after = uses(self._account(_owned(new, {}), context), prices)
        for item in models:
            was = before.get((item.old_key or item.key).subject, NO_USE)
            now = after.get(item.key.subject, NO_USE)
            served = change.after.get(item.key)
            is_there = item.verb is not Verb.REMOVED
            yield ModelChange(
                item.key.subject,
                None if item.verb is Verb.ADDED else was,
                now if is_there else None,
                served_addresses(served.spec) if served is not None else (),
                _owner(self._entries.get(item.key.subject)),
                self._fit(stored[item.key.subject]) if is_there and item.key.subject in stored else None,
            )

    def pools(self) -> Iterator[PoolChange]:
        """Yield the node pools that are filled otherwise; nothing where more pods want nodes than are placed."""
        environment, change = self.evaluation.environment, self.change
        words, accelerators = environment.mapping("nodePools"), environment.mapping("accelerators")
        stated = change.words if change.words is not None else {"nodePools": words, "accelerators": accelerators}
        words_then, accelerators_then = mapping(stated.get("nodePools")), mapping(stated.get("accelerators"))
        if not words and not words_then:
            return
        is_same = (words, accelerators) == (words_then, accelerators_then)
        if is_same and change.differences.was_there and self._wants_the_same():
            return
        now, then = list(self._requested(self.after.objects, self.after.context)), self._requested_before
        after = _sides(words, accelerators, now)
        before = _sides(words_then, accelerators_then, then(now) if change.differences.was_there else [])
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield PoolChange(name, before.get(name), after.get(name))

    def _wants_the_same(self) -> bool:
        """Whether the pods of what changes want of nodes just what they wanted: then all stand as they stood."""
        if self._reaches_others:
            return False
        old, new = self._defaulted(self.change.old.objects.values()), self._judged(self.change.new.objects.values())
        before, after = self._requested(old, self._past), self._requested(new, self.after.context)
        return sorted(_wishes(before)) == sorted(_wishes(after))

    def _requested(self, objects: Iterable[Defaulted], context: Context) -> Iterator[RequestedAmounts]:
        return requested_amounts((("", "", item) for item in objects), self.evaluation.environment, context)

    def _requested_before(self, now: Iterable[RequestedAmounts]) -> list[RequestedAmounts]:
        """List what pods asked for before; what is the same on both sides asks for what it does now."""
        change, context = self.change, self.after.context
        if self._reaches_others:
            old = self._defaulted(change.before.values())
            return list(self._requested(old, self._context_before(old, context)))
        subjects = {key.subject for key in (*change.old.objects, *change.new.objects)}
        kept = [item for item in now if item.defaulted.written.id not in subjects]
        return [*kept, *self._requested(self._defaulted(change.old.objects.values()), self._past)]

    def _fit(self, item: Defaulted) -> ModelFit:
        from kservegen.changes.plan.fits import fit_of  # noqa: PLC0415 - brings estimates of GPU memory

        return fit_of(item.resource, self.evaluation, self.after, self._facts)

    @cached_property
    def _facts(self) -> FactStore:
        environment = self.after.built.environment
        return self.tools.facts().under(environment.locked, environment.lock_file)

    def _granted_before(self) -> Mapping[str, Mapping[str, Fraction]] | None:
        words = self.change.words
        if words is None:
            return None
        stood = {resource.id: resource for resource in self.change.before.values()}
        queues = Queues({**self._unmanaged, **stood}, self.after.context.inventory)
        budgets = read_budgets(mapping(words.get("budgets")), queues, mapping(words.get("accelerators")))
        return {budget.name: budget.limits for budget in budgets}

    @property
    def _reaches_others(self) -> bool:
        """Whether the change is of something that decides what other objects take."""
        change = self.change
        shared = any(key.kind in DECIDING for key in (*change.old.objects, *change.new.objects))
        return shared or bool(change.old.values or change.new.values)

    def _takes_the_same(self, then: _Entries) -> bool:
        """Whether what changes takes just what it took: then all sums are as they were, and none has to be made."""
        if self._reaches_others:
            return False
        context = self.after.context
        now = self._entries
        if any(_owner(entry) != _owner(then[subject]) for subject, entry in now.items() if subject in then):
            return False
        old, new = self._defaulted(self.change.old.objects.values()), self._judged(self.change.new.objects.values())
        before, after = self._account(_owned(old, then), self._past), self._account(_owned(new, now), context)
        return sorted(_takings(before)) == sorted(_takings(after))

    def _ledgers(self, then: _Entries) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Write the ledgers after and before; what is the same on both sides is counted once."""
        change, context = self.change, self.after.context
        now = ledger_of(self.evaluation)
        if self._reaches_others:
            old = self._defaulted(change.before.values())
            return now, tuple(self._account(_owned(old, then), self._context_before(old, context)))
        subjects = {key.subject for key in (*change.old.objects, *change.new.objects)}
        kept = (_as_before(line, then) for line in now if line.subject not in subjects)
        old = self._defaulted(change.old.objects.values())
        return now, (*kept, *self._account(_owned(old, then), self._past))

    def _account(self, objects: Iterable[_Owned], context: Context) -> Iterator[Line]:
        environment = self.evaluation.environment
        return account(requested_amounts(objects, environment, context), environment, context)

    @cached_property
    def _past(self) -> Context:
        """The context as it is: what ran of objects before the change is kept here, beside what runs of them now."""
        return replace(self.after.context)

    def _defaulted(self, resources: Iterable[Resource]) -> list[Defaulted]:
        """Default objects of before, each once: what is made of it hangs on which one it is."""
        installation, listed = installation_of(self.after.built.settings), tuple(resources)
        for resource in listed:
            if id(resource) not in self._known:
                self._known[id(resource)] = default(resource, installation)
        return [self._known[id(resource)] for resource in listed]

    def _judged(self, resources: Iterable[Resource]) -> list[Defaulted]:
        """Default objects of after; one that was judged is known, and what is made of it hangs on which one it is."""
        known = {item.written.id: item for item in self.after.objects}
        pairs = ((resource, known.get(resource.id)) for resource in resources)
        installation = installation_of(self.after.built.settings)
        return [
            item if item is not None and item.written.doc == resource.doc else default(resource, installation)
            for resource, item in pairs
        ]

    def _entries_before(self) -> _Entries:
        """Return the entries of before by their objects, as far as a catalog knows them."""
        past = () if self.revision is None else self.revision.entries_of(self.evaluation.environment.name)
        return {
            **self._entries,
            **{ResourceId(entry.info.kind, entry.namespace, entry.name): entry for entry in past},
        }

    @property
    def _entries(self) -> _Entries:
        return {item.resource.id: item.entry for item in self.after.built.entries}

    def _context_before(self, objects: Iterable[Defaulted], now: Context) -> Context:
        platform = installed_platform(now.release, self.change.values_before, namespace=now.platform.namespace)
        resources = {**self._unmanaged, **{item.resource.id: item.resource for item in objects}}
        return replace(now, platform=platform, resources=resources)

    @property
    def _unmanaged(self) -> dict[ResourceId, Resource]:
        """Return the objects of others, as they stand today."""
        return {item.defaulted.resource.id: item.defaulted.resource for item in self.after.unmanaged}


def _owned(objects: Iterable[Defaulted], entries: _Entries) -> Iterator[_Owned]:
    """Give objects their entries' keys and owners; what no catalog knows goes by its own name, and is nobody's."""
    for item in objects:
        entry = entries.get(item.written.id)
        yield (entry.key if entry is not None else item.written.id.name), _owner(entry), item


def _owner(entry: Entry | None) -> str:
    return text(entry.words.get("owner")) if entry is not None else ""


def _as_before(line: Line, then: _Entries) -> Line:
    """Return a line of what stays as it is, of whoever it was."""
    entry = then.get(line.subject)
    return line if entry is None or _owner(entry) == line.owner else replace(line, owner=_owner(entry))


def _takings(lines: Iterable[Line]) -> Iterator[str]:
    """Write down of each line what sums are made of."""
    for line in lines:
        yield repr((line.owner, line.subject.namespace, line.queue, line.types, line.count, sorted(line.each.items())))


def _sides(
    words: JsonObject, accelerators: JsonObject, requested: Iterable[RequestedAmounts]
) -> dict[str, PoolSide | None]:
    """Place pods on the node pools of an environment; None for pools with more pods than are placed."""
    if not words:
        return {}
    from kservegen.checks.placement.filling import nodes_filled, requests_for  # noqa: PLC0415 - few environments have pools
    from kservegen.checks.placement.pools import read_pools  # noqa: PLC0415

    pools = read_pools(words, accelerators)
    held = nodes_filled(pools, requests_for(pools, requested))
    return {
        pool.name: PoolSide(held[number].filled, held[number].waiting, pool.most) if held is not None else None
        for number, pool in enumerate(pools)
    }


def _wishes(requested: Iterable[RequestedAmounts]) -> Iterator[str]:
    """Write down of each group of pods what placement looks at."""
    for item in requested:
        for group in item.groups:
            words = {word: value for word, value in group.pod.items() if word not in _NO_PLACE}
            namespace = item.defaulted.resource.id.namespace
            yield repr((namespace, words, group.requests, group.claims, group.count, group.labels))


def _changed(row: Row, granted_before: Fraction | None) -> BudgetChange:
    before = row.before if row.before is not None else Fraction(0)
    return BudgetChange(row.name, row.resource, before, row.used.maximum, granted_before, row.granted)
