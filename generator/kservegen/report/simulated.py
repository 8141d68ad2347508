"""What controllers would make, as YAML with the source of each field at its side, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from kservegen.commands.simulate import SimulatedDocument, SimulatedEntry
from kservegen.core.diagnostics import Location
from kservegen.core.document import value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.formats.inert import printable
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.controllers.made import STORED, Made, Outcome, source_of, source_text
from kservegen.kserve.controllers.scripts import shorten_scripts

_Locate: TypeAlias = Callable[[Path], Location]
_COLUMN: Final = 60  # where what stands at the side begins, if the line leaves room


def simulated_as_json(documents: Iterable[SimulatedDocument]) -> list[JsonValue]:
    """Return the section `documents` of the report."""
    return [_document(document) for document in documents]


def _document(document: SimulatedDocument) -> JsonObject:
    report, made = document.report, document.made
    return {
        "file": report.file,
        "document": report.number,
        "kind": report.kind,
        "name": report.name,
        "namespace": report.namespace,
        "admitted": report.admitted,
        **_made(made, document.locate, admitted=report.admitted),
    }


def simulated_entry_as_json(entry: SimulatedEntry) -> JsonObject:
    """Return what is made of an entry of the catalog, for the JSON report."""
    identity = entry.resource.id
    return {
        "environment": entry.environment,
        "kind": identity.kind,
        "name": identity.name,
        "namespace": identity.namespace,
        "admitted": entry.admitted,
        **_made(entry.made, entry.locate, admitted=entry.admitted),
    }


def _outcome(outcome: Outcome | None) -> JsonObject | None:
    if outcome is None:
        return None
    return {"step": outcome.step, "reason": outcome.reason, "message": outcome.message}


def _made(made: Made | None, locate: _Locate, *, admitted: bool | None) -> JsonObject:
    deployable = False if admitted is False else (None if made is None else made.deployable)
    runs = False if admitted is False else (None if made is None else made.runs)
    made = made or Made()
    return {
        "deployable": deployable,
        "runs": runs,
        "outcome": _outcome(made.outcome),
        "objects": [shorten_scripts(item.doc) for item in made.objects],
        "pods": [
            {"of": pod.of, "pod": {"refused": pod.refused} if pod.pod is None else shorten_scripts(pod.pod)}
            for pod in made.pods
        ],
        "from": dict(_pointers(made, locate)),
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


def simulated_as_text(documents: Iterable[SimulatedDocument]) -> str:
    """Print the made objects of each document, with the source of each field at its side."""
    return "".join(_text(_title(document), document.made, document.locate) for document in documents)


def simulated_entry_as_text(entry: SimulatedEntry) -> str:
    """Print the objects that are made of an entry of the catalog."""
    title = f"{entry.resource.id} in {entry.environment}"
    return _text(title + _admission(entry.admitted), entry.made, entry.locate)


def _title(document: SimulatedDocument) -> str:
    report = document.report
    title = f"{report.kind} {report.namespace}/{report.name}" if report.namespace else f"{report.kind} {report.name}"
    return f"{report.file}: {title}{_admission(report.admitted)}"


def _admission(admitted: bool | None) -> str:
    return ": not admitted" if admitted is False else ""


def _text(title: str, made: Made | None, locate: _Locate) -> str:
    if made is None:
        return f"# {printable(title)}\n" if title.endswith("not admitted") else ""
    lines = [f"# {printable(title)}"]
    for item in made.objects:
        lines += ["---", *_annotated(item.doc, item.origins, locate)]
    for pod in made.pods:
        lines += [
            "---",
            f"# the pod of {printable(pod.of)}" + (" is refused:" if pod.pod is None else ", as the webhook leaves it"),
        ]
        if pod.pod is None:
            lines.append(f"#   {printable(pod.refused)}")
        else:
            lines += _annotated(pod.pod, pod.origins, locate)
    if made.outcome is not None:
        outcome = made.outcome
        lines.append(f"# stops at {outcome.step}: {outcome.reason}: {printable(outcome.message)}")
    return "\n".join(lines) + "\n"


def _annotated(doc: JsonObject, origins: Iterable[Origin], locate: _Locate) -> Iterator[str]:
    """Write a document as YAML, with what each part came from beside the line where it begins."""
    shown = shorten_scripts(doc)
    written = emit(shown if isinstance(shown, dict) else doc)
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
        notes[place.line - 1] = _source(words, locate)
    for number, line in enumerate(lines):
        note = notes.get(number)
        yield line if note is None else f"{line:<{_COLUMN}} # from {printable(note)}"
