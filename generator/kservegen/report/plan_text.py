"""A plan as text: the verdict, then what happens in each environment, then findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec.structs import replace

from kservegen.changes.plan.model import ABSENT, EnvironmentPlan, FieldChange, Plan, Presence, Verb
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.formats.inert import printable
from kservegen.report import plan_words as words
from kservegen.report.of_change import brought_line, standing_errors, standing_line
from kservegen.report.summary import folded, plural, standing_lines
from kservegen.report.terminal import fitted
from kservegen.report.text import BOLD, DIM, GREEN, RED, YELLOW, Paint, ReadLines, painter, render_findings

SIGNS: Final = {Verb.ADDED: "+", Verb.CHANGED: "~", Verb.REMOVED: "-", Verb.MOVED: ">", Verb.RENAMED: "="}
_COLOURS: Final = {Verb.ADDED: GREEN, Verb.REMOVED: RED}
# Beyond these a screen is no help; `--all` shows everything.
_OBJECTS, _FIELDS, _DIFF_LINES = 40, 12, 120
_WIDE: Final = 110


def plan_as_text(
    result: Result, plan: Plan, read_lines: ReadLines, *, colour: bool, everything: bool, width: int = 0
) -> str:
    """Write what is left running and the verdict first, then details; with a width no line of words is wider."""
    paint = painter(colour)
    most = (0, 0) if everything else (_OBJECTS, _FIELDS)
    is_gate = bool(result.verdict)
    out = [paint(printable(result.verdict), BOLD)] if is_gate else []
    out += [paint(printable(line), YELLOW) for line in words.left_lines(plan)]
    out += [paint(printable(words.verdict(plan)), BOLD), paint(f"against {printable(plan.base)}", DIM)]
    for names, environment in words.environment_groups(plan.environments, folds=not everything):
        lines = list(_environment(environment, paint, most))
        if lines:
            out += ["", paint(printable(names), BOLD), *lines]
    out = list(fitted(out, width))
    shown = result.brought
    if result.resolved is None and not is_gate:
        shown = tuple(item for item in shown if item.severity is Severity.ERROR and item.waived is None)
    if result.resolved is not None:
        out += ["", *fitted([paint(brought_line(result), BOLD)], width)]
    out += _findings(result, shown, read_lines, colour=colour, width=width)
    stood = result.standing if everything else standing_errors(result)
    if before := standing_line(result):
        listed = " (--all lists them)" if len(stood) < len(result.standing) else ""
        out += ["", *fitted([paint(printable(f"{before}{listed}"), BOLD if stood else DIM)], width)]
    out += _findings(result, stood, read_lines, colour=colour, width=width)
    if is_gate and result.plan is not None and result.plan.diff:
        lines = result.plan.diff.rstrip("\n").split("\n")
        out += ["", *_limited(lines, 0 if everything else _DIFF_LINES, lambda line: iter((line,)))]
    others = len(result.brought) - len(shown) if result.resolved is None else 0
    if others:
        out += ["", paint(f"{plural(others, 'lesser finding')}: kservegen validate", DIM)]
    standing = [paint(printable(line), DIM) for line in standing_lines(result, width)]
    out += ["", *standing] if standing else []
    return "\n".join(out) + "\n"


def _findings(
    result: Result, items: Sequence[Diagnostic], read_lines: ReadLines, *, colour: bool, width: int
) -> Iterator[str]:
    """Write findings below a blank line; nothing where there are none."""
    if items:
        some = replace(result, diagnostics=tuple(items))
        said = render_findings(some, read_lines, colour=colour, show_environments=True, width=width)
        yield from ("", said.rstrip("\n"))


def _environment(environment: EnvironmentPlan, paint: Paint, most: tuple[int, int]) -> Iterator[str]:
    if environment.presence is Presence.NEW and most[0]:
        count = paint(f"+ {plural(len(environment.objects), 'object')}", GREEN)
        yield f"  {count}: {words.kinds(environment.objects)}"
    else:
        yield from _differing(environment, paint, most)
    for budget in environment.budgets:
        yield f"  {printable(words.budget_line(budget, environment.gpus))}"
    yield from (f"  {printable(words.pool_line(pool))}" for pool in environment.pools)
    yield from (f"  ? {printable(path)}: cannot be read as it was before" for path in environment.unreadable)
    rewritten = words.rewritten_line(environment)
    if rewritten:
        yield paint(f"  {rewritten}", DIM)


def _differing(environment: EnvironmentPlan, paint: Paint, most: tuple[int, int]) -> Iterator[str]:
    """Write what differs, object by object."""
    if environment.version:
        yield f"  KServe {' -> '.join(environment.version)}"
    if environment.engine:
        yield f"  synced by {' -> '.join(name or 'nothing' for name in environment.engine)}"
    yield from (f"  {printable(words.owner_line(owner))}" for owner in environment.owners)
    if environment.left.names:
        yield paint(f"  ! {printable(words.left_names(environment))}", YELLOW)
    groups = words.object_groups(environment, folds=bool(most[0]))
    yield from _limited(list(groups), most[0], lambda group: _group(group, paint, most[1]))
    for name, fields in environment.values:
        yield f"  ~ values of {printable(name)}"
        yield from _limited(fields, most[1], lambda field: _field(field, paint))
    if environment.words:
        yield "  ~ promises of the environment"
        yield from _limited(environment.words, most[1], lambda field: _field(field, paint))


def _limited(items: Sequence[object], most: int, write: Callable[..., Iterator[str]]) -> Iterator[str]:
    """Write items, the first of many only."""
    for item in islice(items, most or None):
        yield from write(item)
    if most and len(items) > most:
        yield f"  … and {len(items) - most:,} more (--all shows them)"


def _group(group: words.ObjectGroup, paint: Paint, most: int) -> Iterator[str]:
    """Write what happens to one object, or to several alike."""
    if not group.changes:
        yield f"  {paint(f'! {printable(group.name)}', YELLOW)} {printable(group.effect)}"
    else:
        change = group.changes[0]
        head = paint(f"{SIGNS[change.verb]} {printable(group.name)}", _COLOURS.get(change.verb, YELLOW))
        said = [printable(part) for part in (words.what_happens(change), group.effect) if part]
        yield f"  {head}{': ' if said else ''}{'; '.join(said)}"
    if group.names:
        yield paint(f"      {printable(folded(group.names))}", DIM)
    yield from _limited(group.fields, most, lambda field: _field(field, paint))


def _field(field: FieldChange, paint: Paint) -> Iterator[str]:
    path, old, new = (
        printable(field.path),
        printable(words.value_text(field.old)),
        printable(words.value_text(field.new)),
    )
    if field.old is ABSENT:
        yield f"      {path}: {paint(f'+ {new}', GREEN)}"
    elif field.new is ABSENT:
        yield f"      {path}: {paint(f'- {old}', RED)}"
    elif len(path) + len(old) + len(new) <= _WIDE:
        yield f"      {path}: {paint(old, RED)} -> {paint(new, GREEN)}"
    else:
        yield f"      {path}:"
        yield f"        {paint(f'- {old}', RED)}"
        yield f"        {paint(f'+ {new}', GREEN)}"
