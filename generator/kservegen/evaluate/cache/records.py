"""Entries and what was made of them in; plain JSON out, and the way back.

A record says of one entry what it became in each environment: where environments agree on it, they share one form.
Origins and lines are not kept: nothing that is said to people comes from a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kservegen.catalog.resolve import Entry
from kservegen.catalog.sections import KINDS
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.kept import Kept
from kservegen.render.objects.environment import BuiltEntry


class Form(NamedTuple):
    """An entry in one environment, or in several: its object and the text of the object's file."""

    built: BuiltEntry
    text: bytes


def encode(
    section: str, key: str, environments: Mapping[str, BuiltEntry | None], text_of: Callable[[Resource], bytes]
) -> JsonObject:
    """Write one entry down; None stands for an environment that does not have it."""
    forms: list[JsonValue] = []
    numbers: dict[int, int] = {}
    places: JsonObject = {}
    for name, built in environments.items():
        if built is None:
            places[name] = None
            continue
        if id(built) not in numbers:
            numbers[id(built)] = len(forms)
            forms.append(_form(built, text_of(built.resource)))
        places[name] = numbers[id(built)]
    return {"section": section, "key": key, "in": places, "forms": forms}


def _form(built: BuiltEntry, text: bytes) -> JsonObject:
    entry, resource = built.entry, built.resource
    return {
        "kind": entry.info.kind,
        "namespace": entry.namespace,
        "name": entry.name,
        "words": entry.words,
        "file": resource.file,
        "doc": resource.doc,
        "text": text.decode(),
    }


def restore(record: JsonObject, environments: Iterable[str], kept: Mapping[str, Kept]) -> list[Form]:
    """Put what a record says into what each environment keeps, and return its forms.

    Any exception means that the record is none of ours.
    """
    section, key = _text(record["section"]), _text(record["key"])
    places, listed = record["in"], record["forms"]
    if not isinstance(places, dict) or not isinstance(listed, list):
        raise TypeError(key)
    forms = [_restored(section, key, form) for form in listed]
    for name in environments:
        number = places[name]
        mine = kept[name]
        if number is None:
            mine.entries[section, key] = None
            continue
        built = forms[_number(number)].built
        mine.entries[section, key] = built.entry
        mine.built[id(built.entry)] = built
        mine.clean.add(id(built.resource))
    return forms


def _restored(section: str, key: str, form: JsonValue) -> Form:
    if not isinstance(form, dict):
        raise TypeError(key)
    info = KINDS[_text(form["kind"])]
    entry = Entry(
        section=section,
        key=key,
        info=info,
        namespace=_text(form["namespace"]),
        name=_text(form["name"]),
        words=_map(form["words"]),
        fragments=(),
        defaulted=frozenset(),
    )
    resource = Resource(
        id=ResourceId(info.kind, entry.namespace, entry.name),
        api_version=info.api_version,
        doc=_map(form["doc"]),
        file=_text(form["file"]),
        subject=key,
        section=section,
    )
    return Form(BuiltEntry(entry=entry, resource=resource, problems=()), _text(form["text"]).encode())


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _map(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _number(value: JsonValue) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
