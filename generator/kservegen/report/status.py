"""What is where, as text for a width and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from kservegen.catalog.stages import RolloutStage, write_soak
from kservegen.changes.plan.model import ABSENT
from kservegen.commands.rollout.places import EngineView, LiveModel, PlaceState
from kservegen.commands.rollout.versions import without_place
from kservegen.commands.status import StatusReport, StatusRow
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.core.secrets import mask_text
from kservegen.formats.inert import printable
from kservegen.git.log import FileCommit
from kservegen.report.plan_words import value_text
from kservegen.report.summary import broken, listed, plural

_SHORT: Final = 9  # digits of a commit's name
_LISTED: Final = 8
_MOST_FIELDS: Final = 4
_LONGEST: Final = 400  # of a message of the cluster
_NARROWEST: Final = 40
_REVISION: Final = lazy_pattern(r"(?<=:[0-9a-f]{12})[0-9a-f]{28}$")  # what of a whole one is not shown
_SAID: Final[Mapping[PlaceState, str]] = {
    PlaceState.NOT_RENDERED: "not rendered",
    PlaceState.NOT_MERGED: "rendered, not merged",
    PlaceState.RENDERED: "rendered and merged",
    PlaceState.ABSENT: "not in the cluster",
    PlaceState.NOT_SYNCED: "not synced",
    PlaceState.NOT_OBSERVED: "not observed yet",
    PlaceState.NOT_READY: "not Ready",
    PlaceState.STOPPED: "stopped",
    PlaceState.READY: "Ready",
}

_ORDER: Final = tuple(PlaceState)


def status_as_text(report: StatusReport, *, width: int, everything: bool) -> str:
    """Write a paragraph for each model, its environments in the order of stages; equal ones are told together.

    A `width` of 0 wraps nothing. Without `everything`, models of which all is well and the same in every environment
    are one line.
    """
    wrap = _Wrap(width)
    by_model = [tuple(rows) for _, rows in groupby(report.rows, key=lambda row: row.id.partition("/")[2])]
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    lines: list[str] = []
    if report.stages:
        lines += wrap(f"stages: {' -> '.join(map(_stage, report.stages))}", 0)
    for rows in by_model:
        if not everything and _is_plain(rows):
            alike.setdefault(tuple((row.environment, _said(row)) for row in rows), []).append(_name(rows[0]))
            continue
        lines += ["", *_paragraph(rows, wrap)]
    lines += [""] if alike else []
    for places, names in alike.items():
        lines += wrap(f"{_together(places)}: {plural(len(names), 'model')}: {listed(names, _LISTED)}", 0)
    lines += ["", *_closing(report, len(by_model), wrap)]
    return "".join(f"{printable(line)}\n" for line in lines).lstrip("\n")


class _Wrap:
    """Wraps lines at a width, and cuts no word: a name or an address that is longer goes beyond it."""

    def __init__(self, width: int) -> None:
        self._width = width

    def __call__(self, text: str, indent: int) -> list[str]:
        first, more = " " * indent, " " * (indent + 2)
        if not self._width:
            return [first + text]
        return broken(text, max(self._width, _NARROWEST), indent=more, first=first)


def _stage(stage: RolloutStage) -> str:
    conditions = [f"for {write_soak(stage.soak)}"] if stage.soak else []
    conditions += ["Ready"] if stage.ready else []
    names = f"{stage.name} = {', '.join(stage.environments)}" if stage.name else ", ".join(stage.environments)
    return f"{names} ({', '.join(conditions)})" if conditions else names


def _said(row: StatusRow) -> str:
    """Say the state; of what is no further than files, whether git was asked at all."""
    is_alone = row.state is PlaceState.RENDERED and row.place.rendered.is_merged is None
    return "rendered" if is_alone else _SAID[row.state]


def _name(row: StatusRow) -> str:
    return row.place.built.entry.key


def _is_plain(rows: Sequence[StatusRow]) -> bool:
    """Whether all is well, and the same version is everywhere where the model lives."""
    versions = [without_place(dict(row.version)) for row in rows]
    return all(row.is_settled and row.state is rows[0].state for row in rows) and versions.count(versions[0]) == len(
        rows
    )


def _together(places: tuple[tuple[str, str], ...]) -> str:
    return f"{places[0][1]} in {', '.join(name for name, _ in places)}"


def _paragraph(rows: Sequence[StatusRow], wrap: _Wrap) -> Iterator[str]:
    entry, resource = rows[0].place.built.entry, rows[0].place.built.resource
    owner = entry.words.get("owner")
    own = f", owner {owner}" if isinstance(owner, str) else ""
    places = dict.fromkeys(f"{row.place.built.resource.id}" for row in rows)
    shown = f"{resource.kind} {resource.id.namespace}/{resource.id.name}" if len(places) == 1 else resource.kind
    yield from wrap(f"{entry.key}: {shown}{own}", 0)
    told: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        told.setdefault(tuple(_lines(row, wrap)), []).append(row.environment)
    for (state, *details), environments in told.items():
        yield from wrap(f"{', '.join(environments)}: {state}", 2)
        yield from details


def _lines(row: StatusRow, wrap: _Wrap) -> Iterator[str]:
    """Yield the state, then what it is read from."""
    place, live = row.place, row.place.live
    yield f"{_said(row)}{_since(row)}"
    for line in _why(row):
        yield from wrap(line, 4)
    for path, value in row.version.items():
        yield from wrap(f"{path}: {_REVISION.sub('', value)}", 4)
    said = [f"written {row.change.commit[:_SHORT]} {row.change.date}"] if row.change is not None else []
    since = place.rendered.since
    said += [f"rendered {since.name[:_SHORT]} {_time(since.when)} on {place.rendered.branch}"] if since else []
    said += [f"synced {live.engine.revision[:_SHORT]}"] if live and live.engine and live.engine.revision else []
    if said:
        yield from wrap(", ".join(said), 4)


def _since(row: StatusRow) -> str:
    live = row.place.live
    readiness = live.readiness if live is not None else None
    if row.state in {PlaceState.READY, PlaceState.NOT_READY} and readiness is not None and readiness.since is not None:
        return f" since {_time(readiness.since)}"
    return ""


def _why(row: StatusRow) -> Iterator[str]:
    """Yield what keeps a model from having come further, the nearest cause first."""
    rendered, live = row.place.rendered, row.place.live
    if row.state is PlaceState.NOT_RENDERED:
        is_there = "is not what the catalog says" if rendered.digest else "is not there"
        yield f"its file in {OUTPUT_FOLDER}/ {is_there}: kservegen render writes it"
    elif row.state is PlaceState.NOT_MERGED:
        yield f"{rendered.branch} does not have its file in {OUTPUT_FOLDER}/ as it is here"
    if live is None:
        return
    if live.is_there is None:
        yield f"it is not among what was read of the cluster ({live.source})"
    if row.state in {PlaceState.NOT_RENDERED, PlaceState.NOT_MERGED} and live.readiness is not None:
        runs = "is Ready" if live.readiness.ready else "is not Ready"
        yield f"what the cluster has {runs}"
    yield from _differing(live)
    if live.readiness is not None and not live.readiness.is_stopped:
        for type_, reason, message in live.readiness.reasons:
            yield _joined(type_, reason, message) if reason or message else f"{type_} is not True"
    for pod, reason, message in live.pods:
        yield _joined(f"pod {pod}", reason, message)
    if live.engine is not None and row.state is not PlaceState.READY:
        yield from _engine(live.engine)


def _differing(live: LiveModel) -> Iterator[str]:
    for path, running, wanted in live.fields[:_MOST_FIELDS]:
        here, there = (("absent" if side is ABSENT else value_text(side)) for side in (running, wanted))
        yield f"{path} is {here} in the cluster, {there} in Git"
    if len(live.fields) > _MOST_FIELDS:
        yield f"and {plural(len(live.fields) - _MOST_FIELDS, 'field')} more"


def _engine(engine: EngineView) -> Iterator[str]:
    said = ", ".join(word for word in (engine.sync, engine.health) if word) or "says nothing yet"
    yield f"{engine.kind} {engine.name}: {said}"
    if engine.is_behind:
        older = "which is older than what is on the branch"
        yield f"{engine.kind} {engine.name} has synced {engine.revision[:_SHORT]}, {older}"
    for message in engine.messages:
        yield _joined(f"{engine.kind} {engine.name}", "", message)


def _joined(*parts: str) -> str:
    said = ": ".join(mask_text(" ".join(part.split())) for part in parts if part)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _time(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _closing(report: StatusReport, models: int, wrap: _Wrap) -> Iterator[str]:
    for note in report.notes:
        yield from wrap(f"note: {note}", 0)
    for failure in report.failures:
        yield from wrap(f"not told: {failure}", 0)
    if not report.failures and all(row.place.live is None for row in report.rows):
        yield from wrap("what is live was not looked at: --from-cluster asks, --from reads what kubectl wrote", 0)
    counts = Counter(_said(row) for row in sorted(report.rows, key=lambda row: _ORDER.index(row.state)))
    said = [f"{count:,} {state}" for state, count in counts.items()]
    where = plural(len(report.environments), "environment")
    yield from wrap(" · ".join([f"status: {plural(models, 'model')} in {where}", *said]), 0)


def status_as_json(report: StatusReport) -> JsonObject:
    """Return the report's `status`."""
    return {
        "stages": [_stage_as_json(stage) for stage in report.stages],
        "environments": list(report.environments),
        "models": [_row(row) for row in report.rows],
        "notes": list(report.notes),
        "failures": list(report.failures),
    }


def _stage_as_json(stage: RolloutStage) -> JsonObject:
    return {
        "number": stage.number,
        "name": stage.name or None,
        "environments": list(stage.environments),
        "soak": write_soak(stage.soak) if stage.soak else None,
        "ready": stage.ready,
    }


def _row(row: StatusRow) -> JsonObject:
    entry, resource, rendered = row.place.built.entry, row.place.built.resource, row.place.rendered
    owner, change, since = entry.words.get("owner"), row.change, rendered.since
    return {
        "id": row.id,
        "environment": row.environment,
        "stage": row.stage,
        "model": entry.key,
        "section": entry.section,
        "kind": resource.kind,
        "namespace": resource.id.namespace,
        "name": resource.id.name,
        "owner": owner if isinstance(owner, str) else None,
        "state": row.state.value,
        "version": dict(row.version),
        "written": None if change is None else {"commit": change.commit, "date": change.date, "author": change.author},
        "rendered": {
            "file": rendered.file,
            "digest": rendered.digest or None,
            "current": rendered.is_current,
            "merged": rendered.is_merged,
            "branch": rendered.branch or None,
            "commit": None if since is None else since.name,
            "time": _iso(since),
        },
        "live": None if row.place.live is None else _live(row.place.live),
    }


def _iso(commit: FileCommit | None) -> str | None:
    return None if commit is None else _stamp(commit.when)


def _stamp(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _live(live: LiveModel) -> JsonObject:
    readiness, engine = live.readiness, live.engine
    fields: list[JsonValue] = [field.path for field in live.fields]
    return {
        "source": live.source,
        "there": live.is_there,
        "differing": fields,
        "ready": None if readiness is None else readiness.ready,
        "since": None if readiness is None or readiness.since is None else _stamp(readiness.since),
        "observed": None if readiness is None else readiness.is_observed,
        "stopped": readiness is not None and readiness.is_stopped,
        "reasons": [
            {"type": r.type, "reason": r.reason, "message": mask_text(r.message)}
            for r in (readiness.reasons if readiness is not None else ())
        ],
        "pods": [{"pod": p.pod, "reason": p.reason, "message": mask_text(p.message)} for p in live.pods],
        "engine": None
        if engine is None
        else {
            "kind": engine.kind,
            "namespace": engine.namespace,
            "name": engine.name,
            "sync": engine.sync,
            "health": engine.health,
            "revision": engine.revision,
            "behind": engine.is_behind,
            "messages": [mask_text(message) for message in engine.messages],
        },
    }
