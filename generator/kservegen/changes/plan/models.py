"""A ledger in; what each model takes of it out: its replicas, what its pods hold, and the price of a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from kservegen.changes.plan.model import ModelUse
from kservegen.checks.budget.ledger import Line, grouped, serving_replicas
from kservegen.checks.budget.overview import accelerator_rows
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import ResourceId

NO_USE: Final = ModelUse(0, 0, {})


def uses(ledger: Iterable[Line], accelerators: JsonObject) -> Mapping[ResourceId, ModelUse]:
    """Sum a ledger by object; `accelerators` are the environment's words, which may state prices."""
    by_subject = grouped(ledger, lambda line: line.subject)
    return {subject: _use(lines, accelerators) for subject, lines in by_subject.items()}


def _use(lines: list[Line], accelerators: JsonObject) -> ModelUse:
    least, most = serving_replicas(lines)
    rows = tuple(accelerator_rows(lines, None, accelerators))
    costs = [row.cost for row in rows if row.cost is not None]
    return ModelUse(
        least=least,
        most=most,
        accelerators={row.name: row.used.maximum for row in rows},
        cost=sum(costs, Fraction(0)) if costs else None,
    )
