"""What a name comes from, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kservegen.commands.find import FoundObject, SourcePlace
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.inert import printable
from kservegen.git.log import Commit
from kservegen.report.json_report import place_as_json
from kservegen.report.terminal import fitted

_SHORT: Final = 9
_LABEL: Final = 14
_ROLES: Final = {"main": "main workload", "prefill": "prefill workload", "worker": "workers", "ingress": "way in"}


def found_as_text(answers: Sequence[FoundObject], doubt: str = "", width: int = 0) -> str:
    """Write one paragraph for each answer, the most specific first; `doubt` says what may be missing.

    A `width` of 0 breaks no line.
    """
    lines: list[str] = []
    if len(answers) > 1:
        lines += [f"{printable(answers[0].name)} can be {len(answers)} things, the most likely first:", ""]
    for answer in answers:
        lines += [*_paragraph(answer), ""]
    lines = [*lines, f"note: {printable(doubt)}", ""] if doubt else lines
    return "\n".join(fitted(lines[:-1], width)) + "\n"


def _paragraph(answer: FoundObject) -> Iterator[str]:
    yield f"{_kinds(answer.kinds)} {printable(answer.name)}"
    yield from _rows("of", [printable(_origin(answer))] if answer.workload else [])
    yield from _rows("written in", [printable(f"{answer.location}  {answer.words}")])
    yield from _rows("and in", [printable(f"{place}") for place in answer.beside])
    yield from _rows("owner", [printable(answer.owner)] if answer.owner else [])
    yield from _rows("environments", list(_places(answer.places)))
    commits = [_commit(commit) for commit in answer.past.commits]
    edited = ["these lines are edited, and not committed yet"] if answer.past.edited else []
    yield from _rows("commits", [*edited, *commits, *(f"({note})" for note in answer.past.notes)])


def _origin(answer: FoundObject) -> str:
    """Say what the name is made of; where it is the workload's own, that need not be said."""
    role = _ROLES.get(answer.role, answer.role)
    if not role:
        return f"{answer.subject}" if answer.workload == answer.name else f"{answer.workload}, made of {answer.subject}"
    if answer.workload == answer.name:
        return f"{answer.subject}: its {role}"
    return f"{answer.workload}, the {role} of {answer.subject}"


def _kinds(kinds: Sequence[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} or {kinds[-1]}"


def _rows(label: str, rows: Sequence[str]) -> Iterator[str]:
    for index, row in enumerate(rows):
        yield f"  {'' if index else label:<{_LABEL}}{row}"


def _places(places: Sequence[SourcePlace]) -> Iterator[str]:
    width = max(len(place.environment) for place in places)
    for place in places:
        missing = "" if place.rendered else "  (not rendered)"
        yield printable(f"{place.environment:<{width}}  {place.file}{missing}")
        if place.syncer is not None:
            yield printable(f"{'':<{width}}  synced by {place.syncer.kind} {place.syncer.name}")


def _commit(commit: Commit) -> str:
    return printable(f"{commit.name[:_SHORT]}  {commit.date}  {commit.author}: {commit.subject}")


def found_as_json(answers: Sequence[FoundObject], doubt: str = "") -> list[JsonValue]:
    """Return the answers for the JSON report, the most specific first; `doubt` is noted with each."""
    return [_answer(answer, doubt) for answer in answers]


def _answer(answer: FoundObject, doubt: str) -> JsonObject:
    return {
        "name": answer.name,
        "kinds": list(answer.kinds),
        "workload": answer.workload or None,
        "role": answer.role or None,
        "object": answer.subject._asdict(),
        "path": answer.words,
        **place_as_json(answer.location),
        "beside": [place_as_json(place) for place in answer.beside],
        "owner": answer.owner or None,
        "places": [_place(place) for place in answer.places],
        "edited": answer.past.edited,
        "commits": [
            {"commit": c.name, "date": c.date, "author": c.author, "subject": c.subject} for c in answer.past.commits
        ],
        "notes": [*answer.past.notes, *([doubt] if doubt else [])],
    }


def _place(place: SourcePlace) -> JsonObject:
    syncer = place.syncer
    return {
        "environment": place.environment,
        "file": place.file,
        "rendered": place.rendered,
        "syncedBy": syncer._asdict() if syncer else None,
    }
