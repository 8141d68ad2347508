"""A ledger now and before, budgets and prices in; the rows of a budget report out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from msgspec import Struct

from kservegen.checks.budget.ledger import ACCELERATORS, NOTHING, Line, Moments, grouped, total
from kservegen.checks.budget.limits import LIMITED, Budget
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject

# Hours of a month: a year's by twelve.
HOURS: Final = 730
_RESOURCES: Final = (ACCELERATORS, "cpu", "memory", "ephemeral-storage")
NO_OWNER: Final = "(no owner)"


class Row(Struct, frozen=True, kw_only=True):
    """One line of the report: who takes how much of what, what was taken before, and what was granted.

    `before` is the amount at maxReplicas in what is rendered; None where nothing is. `cost` is per month, at
    maxReplicas.
    """

    name: str
    scope: str = ""
    resource: str
    used: Moments
    before: Fraction | None = None
    granted: Fraction | None = None
    cost: Fraction | None = None

    @property
    def left(self) -> Fraction | None:
        """What may still be taken; negative where it is too much already."""
        return None if self.granted is None else self.granted - self.used.maximum

    @property
    def change(self) -> Fraction | None:
        """What rendering would add."""
        return None if self.before is None else self.used.maximum - self.before


class Overview(Struct, frozen=True, kw_only=True):
    """What one environment takes: against its budgets, by accelerator, by owner."""

    environment: str
    budgets: tuple[Row, ...]
    accelerators: tuple[Row, ...]
    owners: tuple[Row, ...]


def overview(
    environment: str,
    ledger: Sequence[Line],
    before: Sequence[Line] | None,
    budgets: Iterable[Budget],
    accelerators: JsonObject,
) -> Overview:
    """Sum a ledger in the ways that people ask for."""
    return Overview(
        environment=environment,
        budgets=tuple(budget_rows(ledger, before, budgets)),
        accelerators=tuple(accelerator_rows(ledger, before, accelerators)),
        owners=tuple(_owner_rows(ledger, before)),
    )


def budget_rows(ledger: Sequence[Line], before: Sequence[Line] | None, budgets: Iterable[Budget]) -> Iterator[Row]:
    """Yield what each budget limits."""
    for budget in budgets:
        for word, granted in budget.limits.items():
            resource = LIMITED[word]
            yield Row(
                name=budget.name,
                scope=budget.scope,
                resource=resource,
                used=total(budget.chosen(ledger), resource),
                before=None if before is None else total(budget.chosen(before), resource).maximum,
                granted=granted,
            )


def accelerator_rows(ledger: Sequence[Line], before: Sequence[Line] | None, facts: JsonObject) -> Iterator[Row]:
    """Yield what is taken of each type of accelerator; `facts` are the environment's words for them."""

    def by_type(line: Line) -> str:
        return " or ".join(line.types)

    now, was = _with_devices(ledger, by_type), _with_devices(before or (), by_type)
    for name in sorted(now.keys() | was.keys()):
        used = total(now[name], ACCELERATORS) if name in now else NOTHING
        price = mapping(facts.get(name)).get("pricePerHour")
        yield Row(
            name=name,
            resource=ACCELERATORS,
            used=used,
            before=None if before is None else total(was.get(name, ()), ACCELERATORS).maximum,
            cost=used.maximum * Fraction(str(price)) * HOURS if isinstance(price, int | float) else None,
        )


def _with_devices(ledger: Iterable[Line], key: Callable[[Line], str]) -> dict[str, list[Line]]:
    return grouped((line for line in ledger if line.each.get(ACCELERATORS)), key)


def _owner_rows(ledger: Sequence[Line], before: Sequence[Line] | None) -> Iterator[Row]:
    def by_owner(line: Line) -> str:
        return line.owner or NO_OWNER

    now, was = grouped(ledger, by_owner), grouped(before or (), by_owner)
    for owner in sorted(now.keys() | was.keys()):
        for resource in _RESOURCES:
            used = total(now.get(owner, ()), resource)
            past = total(was.get(owner, ()), resource).maximum
            if used.maximum or past:
                yield Row(name=owner, resource=resource, used=used, before=None if before is None else past)
