"""What a person wants at the end: files, environments, problems; what the verdict stands on, what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from kservegen.commands.result import FilePlan, Result
from kservegen.core.assumptions import Assumption, Unchecked, assuming
from kservegen.core.diagnostics import Severity, Waived
from kservegen.core.exit_codes import CLEAN

if TYPE_CHECKING:
    from kservegen.evaluate.manifests import Documents

_GOES_ON: Final = " " * 4
_WIDEST: Final = 64  # names in a line that says more
_WAIVERS: Final = 3  # waivers in a line


def summarise(result: Result) -> str:
    """Write the closing line of a command; `standing_lines` go below it."""
    parts = [_environments(result) if result.documents is None else _documents(result.documents, result)]
    if result.plan is not None:
        parts.append(_files(result.plan, result))
    parts.append(problem_counts(result))
    return f"{result.command}: " + " · ".join(parts)


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _documents(documents: Documents, result: Result) -> str:
    against = f" against {', '.join(result.environments)}" if result.environments else ""
    said = f"{plural(len(documents.reports), 'document')} in {plural(documents.files, 'file')}{against}"
    counts = (
        (documents.not_admitted, "not admitted"),
        (documents.not_deployable, "not deployable"),
        (documents.not_checked, "of unknown kinds"),
    )
    return ", ".join([said, *(f"{count:,} {what}" for count, what in counts if count)])


def _environments(result: Result) -> str:
    names = ", ".join(result.environments)
    objects = f" · {plural(result.objects, 'object')}" if result.objects else ""
    return f"{names or 'no environment'}{objects}"


def _files(plan: FilePlan, result: Result) -> str:
    is_gate = bool(result.verdict)  # its plan is against the base, its files are those on disk
    if not (plan.written or plan.removed if is_gate else plan.drift):
        return f"{plural(plan.unchanged, 'file')}, all current"
    blocked = not plan.applied and not result.drift_fails and not is_gate
    will = "would be " if not plan.applied else ""
    said = [f"{len(plan.written):,} {will}written"]
    if plan.removed:
        said.append(f"{len(plan.removed):,} {will}removed")
    said.append(f"{plan.unchanged:,} unchanged")
    return ", ".join(said) + (" (nothing was written)" if blocked else "")


def in_places(result: Result, least: Severity) -> str:
    """Say in how many places findings stand that weigh at least so much; blank where each stands in one."""
    places = result.places(least)
    return f" in {plural(places, 'place')}" if places else ""


def problem_counts(result: Result) -> str:
    """Count what was found, by weight; where something stands in several places, those too."""
    said = [
        plural(count, noun)
        for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
        if (count := result.count(severity))
    ]
    least = Severity.WARNING if said else Severity.INFO
    if notes := result.count(Severity.INFO) if not said else 0:
        said.append(plural(notes, "note"))
    if said:
        said[-1] += in_places(result, least)
    if result.waived:
        said.append(f"{result.waived:,} waived")
    if not said:
        said.append("no problems")
    return ", ".join(said)


def standing_lines(result: Result, width: int = 0) -> Iterator[str]:
    """List how much is waived, what the verdict stands on, kind by kind, and what was not looked at.

    With a width no line is wider. Lines are broken at blanks alone, so that a name can be copied.
    """
    for line in _standing_lines(result):
        yield from broken(line, width, indent=_GOES_ON) if width else (line,)


def broken(line: str, width: int, indent: str = "", first: str = "") -> list[str]:
    """Break a line at its blanks, so that a name can be copied; it begins with `first`, what goes on with `indent`."""
    import textwrap  # noqa: PLC0415 - for lines of some width alone

    return textwrap.wrap(
        line,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def waived_line(result: Result) -> str:
    """Count the places of waived findings by waiver, the most first; of many name the first. Blank where none is."""
    waived: Counter[Waived] = Counter()
    for item in result.diagnostics:
        if item.waived is not None:
            waived[item.waived] += len(item.everywhere)
    if not waived:
        return ""
    places = f" in {plural(waived.total(), 'place')}" if waived.total() > result.waived else ""
    ordered = sorted(waived.items(), key=lambda item: (-item[1], item[0].waiver, item[0].expires, item[0].owner))
    named = [
        f"{each.waiver} {count:,} (until {each.expires} by {each.owner}{', of this change' if each.of_change else ''})"
        for each, count in ordered
    ]
    by = f"{plural(len(named), 'waiver')}: {listed(named, _WAIVERS)}"
    return f"waived: {plural(result.waived, 'finding')}{places} by {by}"


def _standing_lines(result: Result) -> Iterator[str]:
    if not result.lists_waived and (said := waived_line(result)):
        yield said
    if result.assumptions:
        is_judged = not result.verdict and (result.plan is None or result.plan.changes is None)
        green = "green, " if is_judged and result.exit_code == CLEAN else ""
        yield f"{green}{assuming(len(result.assumptions))}:"
        yield from (f"  {line}" for line in assumption_lines(result.assumptions))
    yield from unchecked_lines(result.unchecked)


def assumption_lines(assumptions: Sequence[Assumption]) -> Iterator[str]:
    """Write a line for each kind and each word that it stands on: how many, which, why; of many the first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in assumptions:
        groups.setdefault((each.kind, each.why), []).append(each.name)
    for (kind, why), names in groups.items():
        yield f"{plural(len(names), kind, plural_of(kind))}: {folded(names)} ({why})"


def unchecked_lines(unchecked: Iterable[Unchecked]) -> Iterator[str]:
    """Write a line for each thing that was not looked at."""
    return (f"not checked: {each}" for each in unchecked)


def plural_of(noun: str) -> str:
    """Write the plural of a kind."""
    if noun.endswith("s"):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou") else f"{noun}s"


def folded(names: Sequence[str], width: int = _WIDEST) -> str:
    """Name as many as fit in a width, one at least, and count the others."""
    shown, wide = 1, len(names[0])
    while shown < len(names) and (wide := wide + 2 + len(names[shown])) <= width:
        shown += 1
    return listed(names, shown)


def listed(names: Sequence[str], most: int) -> str:
    """Name the first, so many at most, and count the others."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
