"""What controllers would make, as YAML with the source of each field, or as JSON; and what differs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from kservegen.changes.made_objects import MadeChange, MadeFieldChange
from kservegen.changes.plan.model import ABSENT
from kservegen.commands.simulate import SimulatedObject
from kservegen.commands.simulate_changes import ComparedObject
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.core.secrets import HiddenSecrets, mask_text
from kservegen.formats.inert import printable
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.controllers.made import KSERVE, KUBERNETES, STORED, Made, source_of, source_text
from kservegen.kserve.controllers.scripts import shorten_scripts
from kservegen.report.json_report import finding_as_json
from kservegen.report.plan_json import field_as_json
from kservegen.report.plan_text import SIGNS
from kservegen.report.plan_words import value_text

_Locate: TypeAlias = Callable[[Path], Location]
# What is said of an object that is gone.
_UNKNOWN: Final[JsonObject] = {"admitted": None, "deployable": None, "runs": None, "outcome": None}
_NOTHING: Final = "nothing is made of it"
_COLUMN: Final = 60  # where what stands at the side begins, if the line leaves room


def simulated_as_json(item: SimulatedObject) -> JsonObject:
    """Return an item of the section `documents` of the report."""
    made = item.made or Made()
    return {
        **_identity(item),
        **_verdicts(item),
        "objects": [_shown(written.doc) for written in made.objects],
        "pods": [
            {"of": pod.of, "pod": {"refused": mask_text(pod.refused)} if pod.pod is None else _shown(pod.pod)}
            for pod in made.pods
        ],
        "from": dict(_pointers(made, item.locate)),
        "findings": [finding_as_json(error) for error in (*item.errors, *item.faults)],
    }


def _shown(doc: JsonObject) -> JsonObject:
    """Return a made document as it is shown: without the secrets in it, and with the commands of its scripts."""
    return mapping(shorten_scripts(HiddenSecrets(doc).mask(doc)))


def _identity(item: SimulatedObject) -> JsonObject:
    return {**_place(item), "file": item.report.file, "document": item.report.number, **item.id._asdict()}


def _place(item: SimulatedObject) -> JsonObject:
    return {"environment": item.environment} if item.environment else {}


def _verdicts(item: SimulatedObject) -> JsonObject:
    made = item.made
    refused = False if item.report.admitted is False else None
    outcome = None if made is None else made.outcome
    return {
        "admitted": item.report.admitted,
        "deployable": refused if made is None else made.deployable,
        "runs": item.runs,
        "outcome": None
        if outcome is None
        else {"step": outcome.step, "reason": outcome.reason, "message": mask_text(outcome.message)},
    }


def _pointers(made: Made, locate: _Locate) -> Iterator[tuple[str, str]]:
    """Say where fields come from, by pointers into this section; what stands below one shares its source."""
    parts: list[tuple[Path, Iterable[Origin]]] = []
    parts += [(("objects", number), item.origins) for number, item in enumerate(made.objects)]
    parts += [(("pods", number, "pod"), pod.origins) for number, pod in enumerate(made.pods)]
    for prefix, origins in parts:
        for built, words in origins:
            names = (str(part).replace("~", "~0").replace("/", "~1") for part in (*prefix, *built))
            yield "/" + "/".join(names), _source(words, locate)


def _source(words: Path, locate: _Locate) -> str:
    line = ""
    if words and words[0] == STORED:
        place = locate(words[1:])
        line = f"{place.file}:{place.line}" if place.line else place.file
    return source_text(words, line)


def compared_as_json(item: ComparedObject) -> JsonObject:
    """Return what differs of an object, as an item of the section `documents`."""
    old, new = item.old, item.new
    return {
        **_identity(item.shown),
        **(_UNKNOWN if new is None else _verdicts(new)),
        "before": None if old is None else {**_place(old), **_verdicts(old)},
        "changes": [_change_as_json(change, item) for change in item.changes],
        "findings": [] if new is None else [finding_as_json(error) for error in new.errors],
    }


def _change_as_json(change: MadeChange, item: ComparedObject) -> JsonObject:
    return {
        "change": change.verb.value,
        "pod" if change.is_pod else "object": change.label,
        "fields": [{**field_as_json(field.change), **_sources(field, item)} for field in change.fields],
    }


def _sources(field: MadeFieldChange, item: ComparedObject) -> dict[str, str]:
    sides = (("oldFrom", field.old_source, item.old), ("newFrom", field.new_source, item.new))
    return {name: _source(words, side.locate) for name, words, side in sides if words and side is not None}


def simulated_as_text(item: SimulatedObject, width: int) -> str:
    """Write what is made of a document or an entry, for lines of `width`; nothing where nobody makes anything of it."""
    if item.made is None and item.report.admitted is not False and not item.is_unread:
        return ""
    return "\n".join([f"# {_title(item)}: {_fate(item)}", *_refusals(item), *_objects(item, width)]) + "\n"


def _title(item: SimulatedObject) -> str:
    place = f" in {item.environment}" if item.environment else ""
    return printable(f"{item.report.file}: {item.id if item.id.kind else f'document {item.report.number}'}{place}")


def _fate(item: SimulatedObject | None) -> str:
    """Say in words what becomes of an object."""
    if item is None:
        return "is not there"
    if item.report.admitted is False:
        return "is not admitted"
    made = item.made
    if made is None:
        return "is not read whole by KServe: objects are made here without the rest" if item.is_unread else _NOTHING
    if made.outcome is not None:
        return f"stops at {made.outcome.step}"
    if made.never_ready:
        return f"is never ready: {made.never_ready}"
    if item.runs is None:
        return "runs if what its pods lack is there"
    refused = [pod.of for pod in made.pods if pod.pod is None]
    if refused:
        return f"the pod of {printable(refused[0])} is refused"
    return "does not run" if item.runs is False else "runs, as far as files tell"


def _refusals(item: SimulatedObject) -> Iterator[str]:
    for error in (*item.errors, *item.faults):
        yield f"#   {printable(f'{error.location}: {error.message} [{error.rule}]')}"


def _objects(item: SimulatedObject, width: int) -> Iterator[str]:
    made = item.made or Made()
    for written in made.objects:
        yield "---"
        yield from _annotated(written.doc, written.origins, item.locate, width)
    for pod in made.pods:
        yield "---"
        if pod.pod is None:
            yield f"# the pod of {printable(pod.of)} is refused:"
            yield f"#   {printable(mask_text(pod.refused))}"
        else:
            yield f"# the pod of {printable(pod.of)}, as the webhook leaves it"
            yield from _annotated(pod.pod, pod.origins, item.locate, width)
    yield from _stop(item)


def _stop(item: SimulatedObject | None) -> Iterator[str]:
    outcome = item.made.outcome if item is not None and item.made is not None else None
    if outcome is not None:
        yield f"# stops at {outcome.step}: {outcome.reason}: {printable(mask_text(outcome.message))}"


def _annotated(doc: JsonObject, origins: Iterable[Origin], locate: _Locate, width: int) -> Iterator[str]:
    """Write a document as YAML, with what each part came from beside the line where it begins, or above a long one."""
    written = emit(mapping(_readable(_shown(doc))))
    lines = written.rstrip("\n").split("\n")
    source = load_manifests(written.encode(), "").documents[0].source
    notes: dict[int, str] = {}
    origins = tuple(origins)
    for path in dict.fromkeys(origin.built for origin in origins):
        if not path or value_at(doc, path) is None:
            continue
        words = source_of(path, origins)
        if words == (*source_of(path[:-1], origins), path[-1]):
            continue
        place = source.value(path) if isinstance(path[-1], int) else source.key(path)
        notes[place.line - 1] = f"# from {printable(_source(words, locate))}"
    for number, line in enumerate(lines):
        yield from _with_note(line, notes.get(number), width)


def _with_note(line: str, note: str | None, width: int) -> Iterator[str]:
    if note is None:
        yield line
        return
    beside = f"{line:<{_COLUMN}} {note}"
    if len(beside) > width:
        beside = f"{line}  {note}"
    if len(beside) <= width:
        yield beside
        return
    indent = len(line) - len(line.lstrip(" "))
    yield f"{line[:indent]}{note}"
    yield line


def _readable(value: JsonValue) -> JsonValue:
    """Write the words of scripts as a command with a line for each flag."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, dict):
        return value
    words = value.get("script")
    if len(value) == 1 and isinstance(words, list):
        return {"script": command_text(str(word) for word in words)}
    return {key: _readable(item) for key, item in value.items()}


def command_text(words: Iterable[str]) -> str:
    """Write a command, each flag with what belongs to it, and each variable, on a line of its own."""
    text = ""
    for word in words:
        joint = "\n  " if word.startswith(("-", "$")) else " "
        text += f"{joint if text else ''}{word}"
    return text


def compared_as_text(item: ComparedObject, width: int) -> str:
    """Write what differs, old before new, each side with its source; nothing where nothing does."""
    old, new = _fate(item.old), _fate(item.new)
    fate = new if old == new else f"{old} -> {new}"
    lines = [f"{_title(item.shown)}: {fate}"]
    lines += [f"  before: {line[2:]}" for line in _stop(item.old)] if old != new else []
    lines += [f"  now: {line[2:]}" for line in _stop(item.new)] if old != new else []
    lines += [f"  {line[4:]}" for line in _refusals(item.new)] if item.new is not None else []
    for change in item.changes:
        what = f"pod of {change.label}" if change.is_pod else change.label
        lines.append(f"  {SIGNS[change.verb]} {printable(what)}")
        for field in change.fields:
            lines += _field(field, item, width)
    return "\n".join(lines) + "\n"


def _field(field: MadeFieldChange, item: ComparedObject, width: int) -> Iterator[str]:
    """Write a field in one line where one source is enough to say where it comes from, else a line for each side."""
    path, old, new = field.change
    sources = _sources(field, item)
    before, after = (_note(sources.get(side, "")) for side in ("oldFrom", "newFrom"))
    left, right, shown = printable(value_text(old)), printable(value_text(new)), printable(path)
    if old is ABSENT:
        one = f"{shown}: + {right}{after}"
    elif new is ABSENT:
        one = f"{shown}: - {left}{before}"
    else:
        one = f"{shown}: {left} -> {right}{after}" if before == after else ""
    if one and len(one) + 6 <= width:
        yield f"      {one}"
        return
    yield f"      {shown}:"
    for sign, side, value, note in (("-", old, left, before), ("+", new, right, after)):
        if side is not ABSENT:
            line = f"        {sign} {value}"
            yield from (line + note,) if len(line + note) <= width else (line, f"         {note}")


def _note(source: str) -> str:
    return "" if source in ("", KSERVE, KUBERNETES) else f"  # from {printable(source)}"
