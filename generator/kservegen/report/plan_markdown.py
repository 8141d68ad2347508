"""A plan as a comment on a pull request: the verdict first, details folded, never longer than GitHub takes.

The first line is a marker by which a later run finds the comment and replaces it. Where everything does not fit, fields
go first, then objects; counts say what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from kservegen.changes.plan.model import ABSENT, EnvironmentPlan, FieldChange, ObjectChange, Plan, Presence
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.formats.inert import code, inert, inert_html
from kservegen.report import plan_words as words
from kservegen.report.summary import plural

MARKER: Final = "<!-- kservegen-plan -->"
# GitHub takes 65,536 characters; counted in bytes, with room for what a workflow puts around it.
LIMIT: Final = 64_000

T = TypeVar("T")


class _Detail(NamedTuple):
    """How much is shown: environments, objects of one, fields of an object, findings."""

    environments: int
    objects: int
    fields: int
    findings: int


_ALL: Final = 1_000_000
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


def plan_as_markdown(result: Result, plan: Plan) -> str:
    """Write the comment; nothing at all where nothing changes and nothing is wrong."""
    if not plan and not result.count(Severity.ERROR):
        return ""
    for detail in _DETAILS:
        lines = _within_limit(_comment(result, plan, detail))
        if lines is not None:
            return "\n".join(lines) + "\n"
    return f"{MARKER}\n**{len(plan.changing):,} environments change.**\n"


def _within_limit(lines: Iterator[str]) -> list[str] | None:
    """Collect lines; None as soon as they are too long together."""
    size, held = 0, []
    for line in lines:
        size += len(line.encode()) + 1
        if size > LIMIT:
            return None
        held.append(line)
    return held


def _comment(result: Result, plan: Plan, detail: _Detail) -> Iterator[str]:
    yield MARKER
    changing = plan.changing
    if not changing:
        yield f"**{inert(words.verdict(plan))}**"
    else:
        yield from _limited(changing, max(detail.environments, 10), _verdict, "environments")
        yield from (f"- **{inert(name)}**: {words.UNKNOWN}" for name in islice(plan.unknown, 10))
        yield ""
        yield f"<sub>kservegen plan, against {inert_html(plan.base)}</sub>"
    yield from _findings(result.diagnostics, detail)
    for environment in islice(changing, detail.environments):
        yield ""
        yield f"<details><summary>{inert_html(environment.name)}: {inert_html(words.verdict_of(environment))}</summary>"
        yield ""
        yield from _environment(environment, detail)
        yield ""
        yield "</details>"


def _verdict(environment: EnvironmentPlan) -> Iterator[str]:
    yield f"- **{inert(environment.name)}**: {inert(words.verdict_of(environment))}"


def _findings(diagnostics: Sequence[Diagnostic], detail: _Detail) -> Iterator[str]:
    wrong = [item for item in diagnostics if item.severity is not Severity.INFO and item.waived is None]
    if wrong:
        yield ""
        yield from _limited(wrong, detail.findings, _finding, "findings")


def _finding(item: Diagnostic) -> Iterator[str]:
    seen = f", seen {code(words.shortened(item.seen))}" if item.seen else ""
    yield f"- {item.severity.value} {code(str(item.location))}: {inert(item.message)}{seen} ({code(item.rule)})"


def _environment(environment: EnvironmentPlan, detail: _Detail) -> Iterator[str]:
    if environment.presence is Presence.NEW:
        yield f"- added {plural(len(environment.objects), 'object')}: {inert(words.kinds(environment.objects))}"
    else:
        yield from _differing(environment, detail)
    for budget in environment.budgets:
        yield f"- {inert(words.budget_line(budget, environment.gpus))}"
    unread = [f"- {code(path)} cannot be read as it was before" for path in environment.unreadable]
    yield from _limited(unread, detail.objects, lambda line: iter([line]), "files")
    anew = words.written_anew(environment)
    if anew:
        yield f"- {inert(anew)}"


def _differing(environment: EnvironmentPlan, detail: _Detail) -> Iterator[str]:
    """Write what differs, object by object."""
    if environment.version:
        yield f"- KServe {code(environment.version[0])} → {code(environment.version[1])}"
    if environment.engine:
        yield f"- synced by {' → '.join(code(name or 'nothing') for name in environment.engine)}"
    yield from (f"- {inert(words.handed_over(owner))}" for owner in islice(environment.owners, detail.objects))
    effects = words.effects(environment)

    def write_object(change: ObjectChange) -> Iterator[str]:
        yield from _object(change, effects.get(change.key.subject, ""), detail)

    yield from _limited(environment.objects, detail.objects, write_object, "objects")
    changed = {change.key.subject for change in environment.objects}
    rest = [(str(subject), said) for subject, said in effects.items() if subject not in changed]
    yield from _limited(rest, detail.objects, lambda item: iter([f"- {code(item[0])} {inert(item[1])}"]), "objects")
    for name, fields in environment.values:
        yield f"- values of {code(name)}"
        yield from _limited(fields, detail.fields, _field, "fields", indent="  ")
    if environment.words:
        yield "- promises of the environment's file"
        yield from _limited(environment.words, detail.fields, _field, "fields", indent="  ")


def _object(change: ObjectChange, restart: str, detail: _Detail) -> Iterator[str]:
    said = [inert(part) for part in (words.what_happens(change), restart) if part]
    yield f"- {change.verb.value} {code(str(change.key))}{': ' if said else ''}{'; '.join(said)}"
    yield from _limited(change.fields, detail.fields, _field, "fields", indent="  ")


def _field(field: FieldChange) -> Iterator[str]:
    if field.old is ABSENT:
        what = f"added {code(words.value_text(field.new))}"
    elif field.new is ABSENT:
        what = f"removed {code(words.value_text(field.old))}"
    else:
        what = f"{code(words.value_text(field.old))} → {code(words.value_text(field.new))}"
    yield f"- {code(field.path)}: {what}"


def _limited(
    items: Sequence[T], most: int, write: Callable[[T], Iterator[str]], noun: str, indent: str = ""
) -> Iterator[str]:
    """Write the first items, and how many more there are."""
    for item in islice(items, most):
        yield from (f"{indent}{line}" for line in write(item))
    if len(items) > most:
        left = len(items) - most
        yield f"{indent}- … {'and ' if most else ''}{plural(left, noun.removesuffix('s'))}{' more' if most else ''}"
