"""What a page draws in; bars as numbers of a picture out: where each part of a bar begins, how wide it is, its meaning.

A bar is drawn in a picture that is `CHART_WIDTH` wide, whatever the page's width. Its numbers stand beside it as text:
a picture is never the only place of what it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from kservegen.changes.plan.model import Plan
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.budget.overview import Row
from kservegen.checks.gpu.check import gib
from kservegen.checks.gpu.model import GIB
from kservegen.checks.placement.filling import PoolFilling
from kservegen.commands.gpu import Account
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.report.gpu import BEYOND, parts_of
from kservegen.report.summary import plural

CHART_WIDTH: Final = 1000
_GAP: Final = 2  # between two parts, so that no colour alone tells them apart
_MOST_BARS: Final = 60
_PARTS: Final[Mapping[str, str]] = {
    "weights": "c1", "KV cache": "c2", "activation": "c3", "overhead": "c4", "free": "c0",
}  # fmt: skip
_SEVERITIES: Final[Mapping[Severity, str]] = {Severity.ERROR: "c5", Severity.WARNING: "c3", Severity.INFO: "c1"}


class BarPart(NamedTuple):
    """A part of a bar: how much, its colour (a class of the stylesheet), and what it is."""

    amount: Fraction
    colour: str
    title: str


class ChartBar(NamedTuple):
    """A bar with its name, its parts, what they are parts of, and its numbers in words; `mark` is a limit, if any."""

    label: str
    parts: tuple[BarPart, ...]
    whole: Fraction
    value: str
    mark: Fraction | None = None
    is_wrong: bool = False


class PageChart(NamedTuple):
    """Bars of one kind; `legend` are colours and what they mean, `note` what the bars do not say."""

    name: str
    title: str
    note: str
    bars: tuple[ChartBar, ...]
    legend: tuple[tuple[str, str], ...]

    def data(self) -> dict[str, object]:
        """Return what a template gets."""
        shown = self.bars[:_MOST_BARS]
        left = len(self.bars) - len(shown)
        return {
            "name": self.name,
            "title": self.title,
            "note": self.note,
            "bars": [_bar(bar) for bar in shown],
            "left": f"… and {plural(left, 'more bar')}" if left else "",
            "legend": [{"colour": colour, "meaning": meaning} for colour, meaning in self.legend],
        }


def _bar(bar: ChartBar) -> dict[str, object]:
    whole = max(bar.whole, sum((part.amount for part in bar.parts), Fraction(0)), bar.mark or Fraction(0))

    def place(amount: Fraction) -> int:
        return round(amount / whole * CHART_WIDTH) if whole else 0

    segments, drawn = [], Fraction(0)
    for part in bar.parts:
        start, end = place(drawn), place(drawn + part.amount)
        drawn += part.amount
        if part.amount > 0:
            width = max(end - start - _GAP, 1)
            segments.append({"x": start, "width": width, "colour": part.colour, "title": part.title})
    return {
        "label": bar.label,
        "value": bar.value,
        "segments": segments,
        "mark": min(place(bar.mark), CHART_WIDTH - 3) if bar.mark is not None else 0,
        "has_mark": bar.mark is not None,
        "wrong": bar.is_wrong,
    }


def charts_of(
    servers: Sequence[Account],
    budgets: Sequence[tuple[str, Row]],
    plan: Plan | None,
    pools: Sequence[tuple[str, PoolFilling]],
    findings: Sequence[Diagnostic],
) -> Iterator[PageChart]:
    """Yield the plots of which there is something to draw."""
    drawn = (
        PageChart(
            "gpu-memory",
            "GPU memory of each model",
            "One GPU of each server, as estimated; kservegen gpu explains the figures.",
            tuple(_memory(servers)),
            (*((colour, part) for part, colour in _PARTS.items()), ("mark", "all that the GPU has")),
        ),
        PageChart(
            "budgets",
            "Budgets",
            "Everything at maxReplicas." if plan is None else "Everything at maxReplicas, before and after the change.",
            tuple(_budgets(budgets, plan)),
            (("c1", "used before and after"), ("c3", "added"), ("c4", "freed"), ("c0", "left"), ("mark", "the limit")),
        ),
        PageChart(
            "nodes",
            "How full the node pools are",
            "At maxReplicas. A bar sums the resource of which the most is taken; nodes are filled that hold pods where "
            "these stand as densely as was found.",
            tuple(_pools(pools, plan)),
            (("c1", "pods that only this pool takes"), ("c3", "pods that another pool takes, too"), ("c0", "free")),
        ),
        PageChart(
            "causes",
            "Findings by cause",
            "Places by rule, or by what caused several.",
            tuple(_causes(findings)),
            tuple((colour, severity.value) for severity, colour in _SEVERITIES.items()),
        ),
    )
    return (chart for chart in drawn if chart.bars)


def _memory(servers: Iterable[Account]) -> Iterator[ChartBar]:
    """Draw each server once for the environments in which it is the same."""
    alike: dict[tuple[object, ...], list[Account]] = {}
    for account in servers:
        done, gpu = account.fit.estimate, account.fit.gpu
        if done is not None and gpu is not None:
            key = (account.key, account.fit.workload.role, gpu.name, done.memory, parts_of(done))
            alike.setdefault(key, []).append(account)
    for accounts in alike.values():
        first = accounts[0]
        done, gpu = first.fit.estimate, first.fit.gpu
        if done is None or gpu is None:
            continue
        role = "" if first.fit.workload.role in {"main", "predictor"} else f" {first.fit.workload.role}"
        parts = parts_of(done)
        said = " · ".join(f"{part.name} {part.size / GIB:.1f}" for part in parts if part.size)
        yield ChartBar(
            label=f"{first.key}{role} ({', '.join(account.environment for account in accounts)})",
            parts=tuple(
                BarPart(Fraction(part.size), _PARTS[part.name], f"{part.name}: {gib(part.size)}")
                for part in parts
                if part.name in _PARTS  # what is missing is how far the others go beyond the mark
            ),
            whole=Fraction(done.memory),
            value=f"{gib(done.memory)} {gpu.name}: {said}",
            mark=Fraction(done.memory) if parts[-1].name == BEYOND else None,
            is_wrong=parts[-1].name == BEYOND or bool(first.fit.refuses),
        )


def _budgets(budgets: Iterable[tuple[str, Row]], plan: Plan | None) -> Iterator[ChartBar]:
    changed = {
        (environment.name, budget.name, budget.resource): budget.before
        for environment in (plan.environments if plan is not None else ())
        for budget in environment.budgets
    }
    for environment, row in budgets:
        granted = row.granted or Fraction(0)
        after = row.used.maximum
        before = changed.get((environment, row.name, row.resource), after)

        def write(amount: Fraction, resource: str = row.resource) -> str:
            return write_amount(resource, amount)

        parts = (
            BarPart(min(before, after), "c1", f"used before and after: {write(min(before, after))}"),
            BarPart(max(after - before, Fraction(0)), "c3", f"added: {write(after - before)}"),
            BarPart(max(before - after, Fraction(0)), "c4", f"freed: {write(before - after)}"),
        )
        left = max(granted - max(before, after), Fraction(0))
        used = write(after) if before == after else f"{write(before)} → {write(after)}"
        share = f", {round(after / granted * 100):,} %" if granted else ""
        yield ChartBar(
            label=f"{row.name}: {row.resource} ({environment})",
            parts=(*parts, BarPart(left, "c0", f"left: {write(left)}")),
            whole=granted,
            value=f"{used} of {write(granted)}{share}",
            mark=granted,
            is_wrong=after > granted,
        )


def _pools(pools: Iterable[tuple[str, PoolFilling]], plan: Plan | None) -> Iterator[ChartBar]:
    changed = {
        (environment.name, pool.name): pool.before.filled if pool.before is not None else 0
        for environment in (plan.environments if plan is not None else ())
        for pool in environment.pools
    }
    for environment, pool in pools:
        taken = pool.own + pool.shared
        whole = taken if pool.whole is None else pool.whole

        def write(amount: int, resource: str = pool.resource) -> str:
            return write_amount(resource, Fraction(amount, 1000 if resource == "cpu" else 1))

        nodes = _nodes(pool, changed.get((environment, pool.pool)))
        of = f"{write(taken)} of {write(whole)}" if pool.whole is not None else write(taken)
        share = f", {round(Fraction(taken, whole) * 100):,} %" if whole and pool.whole is not None else ""
        free = max(whole - taken, 0)
        yield ChartBar(
            label=f"{pool.pool} ({environment})",
            parts=(
                BarPart(Fraction(pool.own), "c1", f"pods that only this pool takes: {write(pool.own)}"),
                BarPart(Fraction(pool.shared), "c3", f"pods that another pool takes, too: {write(pool.shared)}"),
                BarPart(Fraction(free), "c0", f"free: {write(free)}"),
            ),
            whole=Fraction(whole),
            value=f"{of} {pool.resource}{share}; {nodes}",
            mark=Fraction(whole) if taken > whole else None,
            is_wrong=pool.own > whole or bool(pool.nodes and pool.nodes.waiting),
        )


def _nodes(pool: PoolFilling, before: int | None) -> str:
    """Say how many nodes are filled, and were before a change that fills others, and how many pods find none."""
    held = pool.nodes
    if held is None:
        return "nodes filled not known" if pool.most is None else f"nodes filled of {pool.most:,} not known"
    was = f"{before:,} → " if before is not None and before != held.filled else ""
    end = "" if pool.most is None else f" of {pool.most:,}"
    waiting = f", {plural(held.waiting, 'pod')} without one" if held.waiting else ""
    return f"{was}{held.filled:,}{end} nodes filled{waiting}"


def _causes(findings: Iterable[Diagnostic]) -> Iterator[ChartBar]:
    """Draw places by what caused several, else by rule."""
    places = Counter[tuple[Severity, str]]()
    for item in findings:
        if item.waived is None:
            named = item.cause if len(item.everywhere) > 1 and item.cause not in {item.rule, item.message} else ""
            places[item.severity, f"{item.rule}: {named}" if named else item.rule] += len(item.everywhere)
    most = max(places.values(), default=0)
    for (severity, label), count in sorted(places.items(), key=lambda item: (item[0][0].rank, -item[1], item[0][1])):
        said = f"{plural(count, 'place')}, {severity.value}"
        part = BarPart(Fraction(count), _SEVERITIES[severity], said)
        yield ChartBar(label=label, parts=(part,), whole=Fraction(most), value=said)
