"""Edits of source files and what they do, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from kservegen.commands.edits import HeldWord, ProposedEdits
from kservegen.core.jsontypes import JsonObject, JsonValue, format_path
from kservegen.formats.inert import printable
from kservegen.git.log import Commit
from kservegen.render.output.diff import one_file
from kservegen.report.plan_words import verdict
from kservegen.report.summary import plural

_SHORT: Final = 12
_LISTED: Final = 8


def edits_as_text(edits: ProposedEdits) -> str:
    """Write the diff of the files, then what it does."""
    lines: list[str] = []
    if edits.origin is not None:
        origin = edits.origin
        lines.append(f"as of {origin.name[:_SHORT]} {origin.date} {origin.author}: {origin.subject}")
    for file, diff in _diffs(edits):
        lines += [*diff, ""] if file else []
    lines += _summary(edits)
    return "".join(f"{printable(line)}\n" for line in lines)


def formatting_as_text(edits: ProposedEdits, *, written: bool) -> str:
    """Write which files were put in order; the differences, where they were not."""
    lines = [line for _, diff in _diffs(edits) for line in (*diff, "")] if not written else []
    lines += [f"written: {', '.join(edits.changes)}"] if written else []
    left = plural(len(edits.after) - len(edits.changes), "file")
    is_one = len(edits.after) - len(edits.changes) == 1
    said = f"{len(edits.changes):,} would be written, " if edits.changes and not written else ""
    lines.append(f"fmt: {said}{left} {'is' if is_one else 'are'} in order")
    return "".join(f"{printable(line)}\n" for line in lines)


def _diffs(edits: ProposedEdits) -> Iterator[tuple[str, list[str]]]:
    for file, (old, new) in edits.changes.items():
        yield file, list(one_file(file, old if file in edits.before else None, new))[1:]


def _held(words: Sequence[HeldWord]) -> Iterator[str]:
    """Say in which words environments do not follow the catalog, and since when."""
    if not words:
        yield "no rollback keeps it from following the catalog"
    for word in words:
        since = "not committed yet"
        if word.since is not None:
            since = f"since {word.since.name[:_SHORT]} {word.since.date} {word.since.author}: {word.since.subject}"
        beneath = "nothing" if word.beneath is None else _value(word.beneath)
        yield (f"{word.environment} does not follow the catalog in {format_path(word.words)} of {word.entry}, {since}")
        yield f"  {_value(word.here)} here ({word.location}), {beneath} beneath"


def _value(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _summary(edits: ProposedEdits) -> Iterator[str]:
    if edits.held is not None:
        yield from _held(edits.held)
    elif not edits.changes:
        yield "nothing to change"
    for effect in sorted(edits.effects, key=lambda effect: bool(effect.why)):
        does = f"does not change {effect.subject}: {effect.why}" if effect.why else f"changes {effect.subject}"
        yield f"{effect.environment}: {does}"
    plan = edits.result.plan
    if edits.changes and plan is not None:
        if plan.changes is not None:
            yield f"against {plan.changes.base}: {verdict(plan.changes)}"
        files = [*plan.written, *(f"{path} (removed)" for path in plan.removed)]
        more = f" and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
        said = f": {', '.join(files[:_LISTED])}{more}" if files else ""
        command = " ".join(("kservegen render", *edits.judged))
        differ = "differs" if len(files) == 1 else "differ"
        yield f"in rendered/, {plural(len(files), 'file')} then {differ} ({command}){said}"
    for note in edits.notes:
        yield f"note: {note}"


def edits_as_json(edits: ProposedEdits, *, written: bool) -> JsonObject:
    """Return the report's `edits`."""
    origin = edits.origin
    plan = edits.result.plan
    rendered: list[JsonValue] = [*plan.written, *plan.removed] if plan is not None else []
    return {
        "written": written,
        "files": [{"file": file, "diff": "\n".join(diff) + "\n"} for file, diff in _diffs(edits)],
        "reaches": [
            {"environment": r.environment, "entry": r.subject, "changes": not r.why, "why": r.why}
            for r in edits.effects
        ],
        "rendered": rendered,
        "notes": list(edits.notes),
        **({} if edits.held is None else {"held": [_held_as_json(word) for word in edits.held]}),
        "origin": None if origin is None else _commit_as_json(origin),
    }


def _held_as_json(word: HeldWord) -> JsonObject:
    return {
        "environment": word.environment,
        "entry": word.entry,
        "path": format_path(word.words),
        "here": word.here,
        "beneath": word.beneath,
        "file": word.location.file,
        "line": word.location.line,
        "since": None if word.since is None else _commit_as_json(word.since),
    }


def _commit_as_json(commit: Commit) -> JsonObject:
    return {"commit": commit.name, "date": commit.date, "author": commit.author, "subject": commit.subject}
