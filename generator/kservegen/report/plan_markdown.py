"""A plan as a comment on a pull request: the verdict first, details folded, never longer than GitHub takes.

The first line is a marker by which a later run finds the comment and replaces it: it stands above whatever a template
writes. Where everything does not fit, fields go first, then objects; counts say what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeAlias, TypeVar

from kservegen.changes.plan.model import ABSENT, EnvironmentPlan, FieldChange, Plan, Presence
from kservegen.commands.result import Result
from kservegen.core.assumptions import assuming
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.formats.inert import inert
from kservegen.formats.templates import PageTemplates
from kservegen.report import plan_words as words
from kservegen.report.of_change import brought_line, standing_errors, standing_line
from kservegen.report.summary import assumption_lines, folded, plural, unchecked_lines, waived_line

MARKER: Final = "<!-- kservegen-plan -->"
_FIRST_LINE: Final = f"{MARKER}\n"
# GitHub takes 65,536 characters; counted in bytes, with room for what a workflow puts around it.
LIMIT: Final = 64_000

_FIRST: Final = 20  # so many environments are named above all else

_T = TypeVar("_T")
# What a template gets.
Data: TypeAlias = dict[str, object]


class _Detail(NamedTuple):
    """How much is shown: environments, objects of one, fields of an object, findings."""

    environments: int
    objects: int
    fields: int
    findings: int


_ALL: Final = 1_000_000
_NAMES: Final = 100  # characters of names of objects that are alike, for each field that is shown
_LINES: Final = 30  # of what a verdict stands on: a line is a kind
_DETAILS: Final = (
    _Detail(_ALL, _ALL, 40, 100),
    _Detail(_ALL, _ALL, 8, 50),
    _Detail(_ALL, _ALL, 2, 50),
    _Detail(_ALL, _ALL, 0, 20),
    _Detail(_ALL, 400, 0, 20),
    _Detail(100, 100, 0, 10),
    _Detail(50, 20, 0, 10),
    _Detail(20, 0, 0, 5),
    _Detail(0, 0, 0, 0),
)


def plan_as_markdown(result: Result, plan: Plan, templates: PageTemplates) -> str:
    """Write the comment; nothing at all where nothing changes and nothing is wrong."""
    own = any(item.waived is not None and item.waived.of_change for item in result.diagnostics)
    turned = result.resolved is not None and bool(_listed(result.brought) or result.resolved)
    if not plan and not result.count(Severity.ERROR) and not own and not turned:
        return ""
    # Whatever a template writes, the verdict of a gate and what is left running stand above it.
    first = [result.verdict] if result.verdict else []
    first += islice(words.left_lines(plan), _FIRST)
    verdict = "".join(f"**{inert(line)}**\n\n" for line in first)
    for detail in _DETAILS:
        text = _within_limit(templates.pieces("plan.md", **_comment(result, plan, detail)), verdict)
        if text is not None:
            return text
    return f"{_FIRST_LINE}{verdict}**{len(plan.changing):,} environments change.**\n"


def _within_limit(pieces: Iterator[str], verdict: str) -> str | None:
    """Put the marker above the pieces, unless they begin with it; None as soon as they are too long together."""
    size, collected = len(_FIRST_LINE) + len(verdict.encode()), list[str]()
    for piece in pieces:
        size += len(piece.encode())
        if size > LIMIT:
            return None
        collected.append(piece)
    return _FIRST_LINE + verdict + "".join(collected).removeprefix(_FIRST_LINE)


def _comment(result: Result, plan: Plan, detail: _Detail) -> Data:
    changing = plan.changing
    wrong = _listed(result.brought)
    stood = standing_errors(result)
    return {
        "marker": MARKER,  # for templates that print it themselves
        "base": plan.base,
        "verdict": "" if changing else words.verdict(plan),
        "verdicts": _limited(list(words.verdicts(plan)), max(detail.environments, 10), _verdict, "environment"),
        "unknown": plan.unknown[:10],
        "brought": brought_line(result),
        "findings": wrong and _limited(wrong, detail.findings, _finding, "finding"),
        "before": standing_line(result),
        "stood": stood and _limited(stood, detail.findings, _finding, "finding"),
        "waived": waived_line(result) if detail.findings else "",
        "standing": _standing(result) if detail.findings else {},
        "environments": (
            {"name": names, **_environment(environment, detail)}
            for names, environment in words.environment_groups(islice(changing, detail.environments), folds=True)
        ),
    }


def _listed(items: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Leave out notes and what is waived."""
    return [item for item in items if item.severity is not Severity.INFO and item.waived is None]


def _verdict(told: tuple[str, str]) -> Data:
    return {"name": told[0], "verdict": told[1]}


def _finding(item: Diagnostic) -> Data:
    return {
        "severity": item.severity.value,
        "place": str(item.location),
        "others": plural(len(item.places) - 1, "more place") if item.places else "",
        "message": item.message,
        "seen": words.shortened(item.seen),
        "rule": item.rule,
    }


def _standing(result: Result) -> Data:
    """List what the verdict stands on, folded below a count; nothing where there is nothing."""
    if not result.assumptions and not result.unchecked:
        return {}
    lines = [*assumption_lines(result.assumptions), *unchecked_lines(result.unchecked)]
    title = assuming(len(result.assumptions)) if result.assumptions else "not checked"
    return {"title": title, "lines": _limited(lines, _LINES, words.shortened, "line")}


def _environment(environment: EnvironmentPlan, detail: _Detail) -> Data:
    new = environment.presence is Presence.NEW
    added = f"{plural(len(environment.objects), 'object')}: {words.kinds(environment.objects)}"
    return {
        "verdict": words.verdict_of(environment),
        "added": added if new else "",
        "version": () if new else environment.version,
        "engine": () if new else [name or "nothing" for name in environment.engine or ()],
        "owners": () if new else _moves(environment, detail),
        "groups": () if new else _groups(environment, detail),
        "budgets": [words.budget_line(budget, environment.gpus) for budget in environment.budgets],
        "unreadable": _limited(environment.unreadable, detail.objects, str, "file"),
        "rewritten": words.rewritten_line(environment),
    }


def _moves(environment: EnvironmentPlan, detail: _Detail) -> list[str]:
    """Write what changes hands, and what nobody takes over."""
    left = words.left_names(environment)
    return [words.owner_line(owner) for owner in environment.owners[: detail.objects]] + ([left] if left else [])


def _groups(environment: EnvironmentPlan, detail: _Detail) -> Iterator[Data]:
    """Yield what differs, object by object, then charts and the environment's file."""

    def write(what: str, key: str, said: str = "", fields: Sequence[FieldChange] = ()) -> Data:
        limited = _limited(fields, detail.fields, _field, "field")
        return {"what": what, "key": key, "said": said, "names": "", "fields": limited}

    def write_group(group: words.ObjectGroup) -> Data:
        names = {"names": folded(group.names, detail.fields * _NAMES)} if group.names else {}
        if not group.changes:
            return write("", group.name, f" {group.effect}") | names
        change = group.changes[0]
        said = "; ".join(part for part in (words.what_happens(change), group.effect) if part)
        return write(change.verb.value, group.name, f": {said}" if said else "", group.fields) | names

    yield _limited(list(words.object_groups(environment, folds=True)), detail.objects, write_group, "object")
    file = [write("promises of the environment's file", "", "", environment.words)] if environment.words else []
    yield {"shown": [*(write("values of", name, "", fields) for name, fields in environment.values), *file], "left": ""}


def _field(field: FieldChange) -> Data:
    return {
        "path": field.path,
        "has_old": field.old is not ABSENT,
        "old": words.value_text(field.old),
        "has_new": field.new is not ABSENT,
        "new": words.value_text(field.new),
    }


def _limited(items: Sequence[_T], most: int, write: Callable[[_T], object], noun: str) -> Data:
    """Return the first items, written as they are asked for, and how many more there are."""
    left = len(items) - most
    more = f"… {'and ' if most else ''}{plural(left, noun)}{' more' if most else ''}" if left > 0 else ""
    return {"shown": map(write, islice(items, most)), "left": more}
