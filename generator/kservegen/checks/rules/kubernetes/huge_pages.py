"""An object in; findings out where a container asks for huge pages in a way that no container may."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.fields import is_overlaid
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE
from kservegen.checks.rules.kubernetes._resources import HUGE_PAGES
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import Amount, amounts_in, exotic_amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.quantity import Quantity, parse
from kservegen.core.resource import Resource

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/huge-pages",
    title="Huge pages are not asked for in whole pages, as many as the limit, beside cpu or memory",
    why="Huge pages are never overcommitted: requests equal limits, amounts are multiples of the page, and the "
    "container asks for cpu or memory too. The object is admitted, its Deployment is refused.",
    fix="Write the same multiple of the page's size under limits and requests, or under limits alone.",
    bad="resources: {limits: {hugepages-2Mi: 3Mi, memory: 1Gi}}",
    good="resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}",
    upstream=SOURCE,
)

_ORDINARY: Final = frozenset({"cpu", "memory"})


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for amount in exotic_amounts_of(resource):
        if amount.name.startswith(HUGE_PAGES) and amount.quantity is not None:
            yield from _amount(amount, amount.quantity, overlaid=is_overlaid(amount.at.pod))


def _amount(amount: Amount, quantity: Quantity, *, overlaid: bool) -> Iterator[Finding]:
    name, limit = amount.name, amount.limit
    if not _divides(name, quantity):
        yield _finding(amount, f"{amount.value} is not a multiple of {name}", "whole pages")
    if amount.side == "requests" and limit is None and not overlaid:
        yield _finding(amount, f"{name} is requested without a limit", "a limit of the same amount")
    elif limit is not None and limit.quantity is not None and quantity.compare(limit.quantity):
        yield _finding(amount, f"{name} is not requested as it is limited", f"the limit of {limit.value}")
    if not overlaid and not any(other.name in _ORDINARY for other in amounts_in(amount.at)):
        yield _finding(amount, "huge pages require cpu or memory", "")


@lru_cache(maxsize=256)
def _divides(name: str, quantity: Quantity) -> bool:
    page = parse(name.removeprefix(HUGE_PAGES))
    if page is None or page.sign <= 0 or not page.is_whole:
        return False
    return quantity.value % page.value == 0


def _finding(amount: Amount, message: str, allowed: str) -> Finding:
    return Finding(
        rule=META.id, path=amount.path, message=message, hint=META.fix, seen=str(amount.value), allowed=allowed
    )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
