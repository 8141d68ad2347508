"""Where each field of a model comes from: the built object, leaf by leaf, beside the line that wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from kservegen.app import Project
from kservegen.build.resource import Resource
from kservegen.catalog.model import find_fragment
from kservegen.diagnostics import Location
from kservegen.errors import GeneratorError
from kservegen.jsontypes import JsonValue, Path, format_path
from kservegen.pipeline import build_one
from kservegen.resolve import Entry, ResolvedEnvironment, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the object: its path, its value, the layer and the line it comes from."""

    path: str
    value: JsonValue
    layer: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one entry becomes in one environment, field by field."""

    environment: str
    subject: str
    file: str
    layers: tuple[str, ...]
    fields: tuple[Field, ...]


def explain_entry(project: Project, environment: str, key: str) -> Explanation:
    """Explain the entry called `key` (or namespace/name); GeneratorError where the environment has none."""
    (name,) = project.choose([environment])
    resolved, _ = resolve(project.catalog, name)
    entry = _find(resolved, key)
    resource = build_one(resolved, entry, project.tools)
    return Explanation(
        environment=name,
        subject=str(resource.id),
        file=f"{name}/{resource.file}",
        layers=tuple(_layers(entry)),
        fields=tuple(_fields(entry, resource, resolved)),
    )


def _find(environment: ResolvedEnvironment, key: str) -> Entry:
    for entry in environment.entries:
        if key in {entry.key, entry.name, f"{entry.namespace}/{entry.name}"}:
            return entry
    names = [entry.key for entry in environment.entries]
    close = get_close_matches(key, names, n=1)
    raise GeneratorError(
        f"there is no {key} in {environment.name}",
        hint=f"Did you mean {close[0]}?" if close else f"It holds: {', '.join(names[:20]) or 'nothing'}.",
    )


def _layers(entry: Entry) -> Iterator[str]:
    for fragment in entry.fragments:
        place = fragment.document.source.key(fragment.path)
        if isinstance(fragment.value, dict) and fragment.value:
            yield f"{_layer(fragment.name, entry)} ({place.file}:{place.line})"


def _layer(name: str, entry: Entry) -> str:
    return entry.key if name == "entry" else name


def _fields(entry: Entry, resource: Resource, environment: ResolvedEnvironment) -> Iterator[Field]:
    for path, value in _leaves(resource.doc, ()):
        words = resource.words(path)
        said = bool(words) and words[0] in entry.words
        layer = "kservegen"
        location = entry.own_location
        if said:
            fragment, _, _ = find_fragment(entry.fragments, entry.words, words)
            layer, location = _layer(fragment.name, entry), entry.locate(words)
        elif words == ("deploymentMode",) and environment.at("kserve", "deploymentMode") is not None:
            layer, location = "environment", environment.locate(("kserve", "deploymentMode"))
        yield Field(path=format_path(path), value=value, layer=layer, location=location)


def _leaves(value: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
