"""A plan in; what it does to models and budgets, as rows of tables, out: the same for every page of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.changes.impact.model import Restart
from kservegen.changes.plan.model import (
    BudgetChange,
    EnvironmentPlan,
    Fate,
    FieldChange,
    ModelChange,
    ModelFit,
    ModelUse,
    ObjectChange,
    Plan,
    PoolChange,
    PoolSide,
    Presence,
    Verb,
)
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.budget.ledger import ACCELERATORS
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.core.resource import ResourceId
from kservegen.report import plan_words as words
from kservegen.report.summary import listed, plural

BLANK: Final = "-"
_VERBS: Final[Mapping[Verb, str]] = {
    Verb.ADDED: "new",
    Verb.CHANGED: "changes",
    Verb.REMOVED: "removed",
    Verb.MOVED: "moves",
    Verb.RENAMED: "renamed",
}
_FATES: Final = {Fate.DELETED: "deleted from the cluster", Fate.LEFT: "stays in the cluster"}
_ROOM: Final[Mapping[str, str]] = {"fits": "found", "full": "not enough", "unsure": "not certain"}
_OWNERS: Final = 3
_STEPS: Final = 20  # cells of a bar


class ModelChangeRow(NamedTuple):
    """What happens to one model, or to several alike, in environments of which the same is told.

    `about` is the kind and the namespace of one, and who answers for what is there after the change; `names` are those
    of several. `file` is the rendered one of
    the first environment, blank where there is none.
    `said` says more than the verb: addresses and replicas of what is new, the field that makes it restart.
    """

    environments: tuple[str, ...]
    name: str
    about: str
    names: tuple[str, ...]
    file: str
    verb: str
    said: tuple[str, ...]
    fields: tuple[FieldChange, ...]
    restarts: str
    accelerators: str
    fits: tuple[str, ...]
    cost: str


class BudgetChangeRow(NamedTuple):
    """What a budget, a type of accelerator without one, or the nodes of a pool hold before and after, at maxReplicas.

    `granted` is None where nothing limits it.
    """

    environments: tuple[str, ...]
    name: str
    resource: str
    before: Fraction
    after: Fraction
    granted: Fraction | None
    granted_before: Fraction | None

    @property
    def share(self) -> Fraction | None:
        """How much of what is granted is used after the change; None where nothing limits it."""
        return self.after / self.granted if self.granted else None

    @property
    def bar(self) -> str:
        """Draw what was used, what the change adds or frees, and what is left; blank where nothing limits it.

        What is beyond the limit stands behind a line.
        """
        if not self.granted:
            return ""
        whole = max(self.granted, self.before, self.after)
        end, before, after = (round(amount / whole * _STEPS) for amount in (self.granted, self.before, self.after))
        kept, more, freed = min(before, after), max(after - before, 0), max(before - after, 0)
        cells = "█" * kept + "▓" * more + "▒" * freed
        return cells[:end].ljust(end, "░") + (f"▏{cells[end:]}" if cells[end:] else "")

    def written(self, amount: Fraction | None) -> str:
        """Write an amount of its resource."""
        return BLANK if amount is None else write_amount(self.resource, amount)

    @property
    def limit(self) -> str:
        """Write what is granted, and what was where that differs."""
        if self.granted == self.granted_before:
            return self.written(self.granted)
        return f"{self.written(self.granted)} (was {self.written(self.granted_before)})"


def model_change_rows(plan: Plan) -> tuple[ModelChangeRow, ...]:
    """List what happens to models; rows that differ in nothing but the environment are one."""
    alike: dict[str, list[ModelChangeRow]] = {}
    for environment in plan.changing:
        for row in _rows(environment):
            alike.setdefault(repr(row._replace(environments=(), file="")), []).append(row)
    return tuple(
        rows[0]._replace(environments=tuple(name for row in rows for name in row.environments))
        for rows in alike.values()
    )


def budget_change_rows(plan: Plan) -> tuple[BudgetChangeRow, ...]:
    """List the budgets, accelerators and node pools of which a change takes more or less; equal ones are one row."""
    alike: dict[BudgetChangeRow, list[str]] = {}
    for environment in plan.changing:
        for budget in environment.budgets:
            alike.setdefault(_budget(budget, environment.gpus), []).append(environment.name)
        for pool in environment.pools:
            alike.setdefault(_pool(pool), []).append(environment.name)
    return tuple(row._replace(environments=tuple(names)) for row, names in alike.items())


def _budget(budget: BudgetChange, gpus: Mapping[str, str]) -> BudgetChangeRow:
    is_limited = budget.granted is not None or budget.granted_before is not None
    name = budget.name if is_limited else gpus.get(budget.name, budget.name)
    return BudgetChangeRow(
        (), name, budget.resource, budget.before, budget.after, budget.granted, budget.granted_before
    )


def _pool(pool: PoolChange) -> BudgetChangeRow:
    name = f"node pool {pool.name}{words.pods_waiting(pool)}"
    before, after = pool.before, pool.after
    return BudgetChangeRow(
        (),
        name,
        "nodes",
        Fraction(before.filled if before is not None else 0),
        Fraction(after.filled if after is not None else 0),
        _limit(after),
        _limit(before),
    )


def _limit(side: PoolSide | None) -> Fraction | None:
    return None if side is None or side.most is None else Fraction(side.most)


def _rows(environment: EnvironmentPlan) -> Iterator[ModelChangeRow]:
    uses = {model.subject: model for model in environment.models}
    restarts = {restart.subject: restart for restart in environment.impact.restarts}
    whole = {Presence.NEW: Verb.ADDED, Presence.GONE: Verb.REMOVED}.get(environment.presence)
    if whole is not None:
        subjects = [change.key.subject for change in environment.objects if change.is_model]
        if subjects:
            row = _row(environment, subjects, None, (), uses, restarts)
            yield row._replace(name="all models", verb=f"{_VERBS[whole]}, with the environment")
        return
    for group in words.object_groups(environment, folds=True):
        subjects = list(group.subjects)
        if subjects[0].kind in MODEL_KINDS:
            yield _row(environment, subjects, group.changes[0] if group.changes else None, group.fields, uses, restarts)


def _row(
    environment: EnvironmentPlan,
    subjects: Sequence[ResourceId],
    change: ObjectChange | None,
    fields: tuple[FieldChange, ...],
    uses: Mapping[ResourceId, ModelChange],
    restarts: Mapping[ResourceId, Restart],
) -> ModelChangeRow:
    found = [uses[subject] for subject in subjects if subject in uses]
    own = [restarts[subject] for subject in subjects if subject in restarts]
    name, names = words.called(subjects)
    first, is_one = subjects[0], not names
    file = ""
    if is_one and change is not None and change.verb is not Verb.REMOVED:
        file = f"{OUTPUT_FOLDER}/{environment.name}/{change.file}"
    return ModelChangeRow(
        environments=(environment.name,),
        name=first.name if is_one else name,
        about=_about(first if is_one else None, found),
        names=names,
        file=file,
        verb=_VERBS[change.verb] if change is not None else "unchanged",
        said=tuple(_said(change, found, own)),
        fields=fields,
        restarts=_restarting(own),
        accelerators=_accelerators(found, own, environment.gpus),
        fits=_fits(found),
        cost=_cost(found),
    )


def _about(one: ResourceId | None, found: Iterable[ModelChange]) -> str:
    """Say what one model is, and who answers for those that are there after the change."""
    owners = dict.fromkeys(model.owner or "not stated" for model in found if model.after is not None)
    own = f"{one.kind} in {one.namespace}" if one is not None else ""
    return ", ".join(filter(None, (own, f"owner: {listed(list(owners), _OWNERS)}" if owners else "")))


def _fits(found: Sequence[ModelChange]) -> tuple[str, ...]:
    """Say whether models have the memory and the nodes that they ask for; of several alike, how many."""
    lines = Counter(line for model in found if model.fit is not None for line in _fitting(model.fit))
    several = len(found) > 1
    return tuple(f"{count:,} x {line}" if several else line for line, count in lines.items()) or (BLANK,)


def _fitting(fit: ModelFit) -> Iterator[str]:
    yield f"memory: {fit.memory}, {fit.figures}" if fit.memory else "no GPU"
    yield f"nodes: {_ROOM[fit.nodes]}" if fit.nodes else "nodes: not known"


def _said(change: ObjectChange | None, found: Sequence[ModelChange], restarts: Sequence[Restart]) -> Iterator[str]:
    """Say of what is new what it serves and how many pods it has; of what restarts unchanged, through what."""
    if change is None:
        yield from dict.fromkeys(cause.through for item in restarts for cause in item.causes if cause.through)
    elif change.verb is Verb.ADDED:
        for model in found:
            yield from model.sources
            if model.after is not None:
                yield _replicas(model.after)
    elif change.old_key is not None:
        yield f"was {change.old_key}"
    elif change.fate is not Fate.UNKNOWN:
        yield _FATES[change.fate]


def _replicas(use: ModelUse) -> str:
    if use.least == use.most:
        return plural(use.most, "replica")
    return f"{use.least:,} to {plural(use.most, 'replica')}"


def _restarting(restarts: Sequence[Restart]) -> str:
    if not restarts:
        return BLANK
    pods = f"{sum(item.pods for item in restarts):,}"
    return pods if all(item.certain for item in restarts) else f"{pods} may"


def _accelerators(found: Sequence[ModelChange], restarts: Sequence[Restart], gpus: Mapping[str, str]) -> str:
    before = _devices((model.before for model in found), gpus)
    after = _devices((model.after for model in found), gpus)
    if not found:
        before = after = _devices((ModelUse(0, 0, _fractions(item.accelerators)) for item in restarts), gpus)
    said = []
    for name in sorted({*before, *after}):
        was, now = (write_amount(ACCELERATORS, side.get(name, Fraction(0))) for side in (before, after))
        said.append(f"{now} {name}" if was == now else f"{was} → {now} {name}")
    return ", ".join(said) or BLANK


def _fractions(counts: Mapping[str, int]) -> dict[str, Fraction]:
    return {name: Fraction(count) for name, count in counts.items() if count}


def _devices(uses: Iterable[ModelUse | None], gpus: Mapping[str, str]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for use in uses:
        for name, amount in (use.accelerators if use is not None else {}).items():
            called = gpus.get(name, name)
            found[called] = found.get(called, Fraction(0)) + amount
    return {name: amount for name, amount in found.items() if amount}


def _cost(found: Sequence[ModelChange]) -> str:
    before = _price(model.before for model in found)
    after = _price(model.after for model in found)
    if before is None and after is None:
        return BLANK
    was, now = (f"{round(amount or 0):,}" for amount in (before, after))
    return now if was == now else f"{was} → {now}"


def _price(uses: Iterable[ModelUse | None]) -> Fraction | None:
    costs = [use.cost for use in uses if use is not None and use.cost is not None]
    return sum(costs, Fraction(0)) if costs else None
