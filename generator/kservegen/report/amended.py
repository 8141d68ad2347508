"""Edits of source files and what they do, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.commands.edits import Amendment, EditReach
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import printable
from kservegen.render.output.diff import one_file
from kservegen.report.plan_words import verdict
from kservegen.report.summary import plural

_SHORT: Final = 12
_LISTED: Final = 8


def amendment_as_text(amendment: Amendment) -> str:
    """Write the diff of the files, then what it does."""
    lines: list[str] = []
    if amendment.origin is not None:
        origin = amendment.origin
        lines.append(f"as of {origin.commit[:_SHORT]} {origin.date} {origin.author}: {origin.subject}")
    for file, diff in _diffs(amendment):
        lines += [*diff, ""] if file else []
    lines += _summary(amendment)
    return "".join(f"{printable(line)}\n" for line in lines)


def _diffs(amendment: Amendment) -> Iterator[tuple[str, list[str]]]:
    for file, (old, new) in amendment.changes.items():
        yield file, list(one_file(file, old if file in amendment.before else None, new))[1:]


def _summary(amendment: Amendment) -> Iterator[str]:
    if not amendment.changes:
        yield "nothing to change"
    for reach in _changed(amendment):
        yield f"{reach.environment}: changes {reach.subject}"
    for reach in amendment.reaches:
        if reach.why:
            yield f"{reach.environment}: does not change {reach.subject}: {reach.why}"
    plan = amendment.result.plan
    if amendment.changes and plan is not None:
        if plan.changes is not None:
            yield f"against {plan.changes.base}: {verdict(plan.changes)}"
        files = [*plan.written, *(f"{path} (removed)" for path in plan.removed)]
        more = f" and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
        said = f": {', '.join(files[:_LISTED])}{more}" if files else ""
        yield f"kservegen render then writes {plural(len(files), 'file')} in rendered/{said}"
    for note in amendment.notes:
        yield f"note: {note}"


def _changed(amendment: Amendment) -> list[EditReach]:
    return [reach for reach in amendment.reaches if not reach.why]


def amendment_as_json(amendment: Amendment, *, written: bool) -> JsonObject:
    """Return the report's `edits`."""
    origin = amendment.origin
    plan = amendment.result.plan
    rendered: list[JsonValue] = [*plan.written, *plan.removed] if plan is not None else []
    return {
        "written": written,
        "files": [{"file": file, "diff": "\n".join(diff) + "\n"} for file, diff in _diffs(amendment)],
        "reaches": [
            {"environment": r.environment, "entry": r.subject, "changes": not r.why, "why": r.why}
            for r in amendment.reaches
        ],
        "rendered": rendered,
        "notes": list(amendment.notes),
        "origin": None
        if origin is None
        else {"commit": origin.commit, "date": origin.date, "author": origin.author, "subject": origin.subject},
    }
