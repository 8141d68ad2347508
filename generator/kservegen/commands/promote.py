"""Two environments in; the edits that make the second run the versions of the first: the use case behind `promote`.

What version runs is promoted, never how much of it, where, or where it comes from (docs/decisions): pins of the lock,
tags and digests of images, KServe's version, and the words of a model that say a version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from kservegen.catalog.editing.assignment import PathStep
from kservegen.catalog.editing.patch import at
from kservegen.catalog.resolve import Entry, EntryName, ResolvedEnvironment
from kservegen.catalog.sections import MANIFESTS
from kservegen.commands.edits import (
    Agree,
    CatalogDraft,
    ProposedEdits,
    agreed,
    entries_by_name,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
)
from kservegen.commands.promoted_rest import bring_rest
from kservegen.commands.rollout.versions import moves, version_words
from kservegen.core.document import mapping, sequence, text, texts_in
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.repository import ENVIRONMENTS_FOLDER, LOCK_SUFFIX, Repository
from kservegen.render.objects.settings import Settings

_Edit: TypeAlias = tuple[Path, JsonValue]


class Promotion(Struct, frozen=True, kw_only=True):
    """From where to where; `names` alone (all entries and the platform without one), `fields` beside versions."""

    source: str
    target: str
    names: Sequence[str] = ()
    fields: Sequence[tuple[str, tuple[PathStep, ...]]] = ()
    adds: bool = False


def promote(repository: Repository, request: Promotion, agree: Agree = agreed) -> ProposedEdits:
    """Edit the second environment's file and lock so that it runs what the first one runs.

    The second may be a base: its file is edited, and the locks of all environments that extend it.
    """
    draft = open_draft(repository)
    bring_over(draft, request)
    return finish_draft(draft, agree)


def bring_over(draft: CatalogDraft, request: Promotion) -> None:
    """Edit the second environment of a draft: its file and lock, or of a base the locks of all that extend it."""
    file = environment_file(draft.catalog, request.target)
    environment_file(draft.catalog, request.source)
    if request.source in draft.catalog.bases:
        raise GeneratorError(f"{request.source} is a base: nothing runs there", hint="Promote from an environment.")
    if request.source == request.target:
        raise GeneratorError(f"{request.source} cannot be promoted to itself", hint="Name two environments.")
    there, here = draft.resolved(request.source), draft.resolved(request.target)
    wanted = [find_definition(draft.catalog, name) for name in request.names]
    keys = {(d.section, d.key) for d in wanted}
    if not keys:
        _platform(draft, file, there, here)
    # A plain manifest has no words in an environment's file.
    listed = [entry for entry in there.entries if entry.section != MANIFESTS]
    entries = [entry for entry in listed if not keys or (entry.section, entry.key) in keys]
    told: dict[EntryName, list[str]] = {(entry.section, entry.key): [] for entry in entries}
    now = entries_by_name(here)
    absent = [entry for entry in entries if (entry.section, entry.key) not in now]
    for entry in absent:
        told[entry.section, entry.key] += _absent(draft, request, entry)
    if absent and request.adds:
        now = entries_by_name(draft.resolved(request.target))
    edits: list[_Edit] = []
    both = [(entry, now[entry.section, entry.key]) for entry in entries if (entry.section, entry.key) in now]
    for entry, own in both:
        told[entry.section, entry.key] += _words(edits, entry, own, request)
    draft.put_all(file, edits)
    reached = [draft.resolved(name) for name in draft.catalog.reached(request.target)]
    for environment in reached:
        _pins(draft, environment, there, [entry for entry, _ in both], told)
    for section, key in sorted(keys - {(e.section, e.key) for e in there.entries}):
        raise GeneratorError(f"{key} does not live in {request.source}", subject=section, hint="Nothing was written.")
    draft.notes += (note for notes in told.values() for note in notes)
    bring_rest(draft, file, (request.source, request.target), keys, {steps[0].text for _, steps in request.fields})


def _platform(draft: CatalogDraft, file: str, there: ResolvedEnvironment, here: ResolvedEnvironment) -> None:
    """Bring over KServe's version, the choice of charts, and the tags and digests of images."""
    version = there.text("kserve", "version")
    if version and version != here.text("kserve", "version"):
        draft.put(file, ("kserve", "version"), version)
    for chart, on in there.mapping("kserve", "charts").items():
        if here.at("kserve", "charts", chart) != on:
            draft.put(file, ("kserve", "charts", chart), on)
    images = [dict(mapping(item)) for item in sequence(here.at("images"))]
    before = json.dumps(images)
    for item in map(mapping, sequence(there.at("images"))):
        said: JsonObject = {word: item[word] for word in ("newTag", "digest") if word in item}
        own = next((image for image in images if image.get("name") == item.get("name")), None)
        if own is None and said:
            images.append({"name": item["name"], **said})
        elif own is not None:
            for word in {"newTag", "digest"} - said.keys():
                own.pop(word, None)
            own.update(said)
    if json.dumps(images) != before:
        _images(draft, file, images)


def _images(draft: CatalogDraft, file: str, images: list[JsonObject]) -> None:
    """Edit the words that differ where the file has these images in this order; else write the list."""
    own = [mapping(item) for item in sequence(draft.value(file).get("images"))]
    if [image.get("name") for image in own] != [image.get("name") for image in images[: len(own)]] or not own:
        draft.put(file, ("images",), list(images))
        return
    for number, image in enumerate(images):
        if number >= len(own):
            draft.put(file, ("images", number), image)
            continue
        for word in own[number].keys() - image.keys():
            draft.drop(file, ("images", number, word))
        for word, value in image.items():
            draft.put(file, ("images", number, word), value)


def _absent(draft: CatalogDraft, request: Promotion, entry: Entry) -> Iterator[str]:
    """Report an entry that the second environment lacks, or let it live there."""
    wanted = entry.words.get("environments")
    if not request.adds:
        yield f"{entry.key} runs in {request.source} and not in {request.target}: --add brings it there"
        return
    own = entry.own_fragment
    file, target = environment_file(draft.catalog, request.target), (entry.section, entry.key)
    if entry.key in mapping(draft.value(file).get(entry.section)) and at(draft.value(file), target) is None:
        draft.drop(file, target)
        if at(draft.value(file), target[:1]) == {}:
            draft.drop(file, target[:1])
    said = at(draft.value(own.document.file), (*target, "environments"))
    if isinstance(said, list) and request.target not in said:
        draft.put(own.document.file, (*target, "environments", len(said)), request.target)
    elif isinstance(wanted, list) and request.target not in wanted:
        draft.put(own.document.file, (*target, "environments"), [*wanted, request.target])


def _words(edits: list[_Edit], there: Entry, here: Entry, request: Promotion) -> Iterator[str]:
    """Bring over the words that say a version, and those that are asked for; yield what is to be told of that."""
    target: Path = (there.section, there.key)
    for path, value in version_words(there.words, there.info.kind):
        own = at(here.words, path)
        if own == value or any(isinstance(part, int) for part in path):
            continue
        if moves(own, value):
            yield (
                f"{there.key}: {format_path(path)} stays {own}: {request.source} has {value}, from another place"
                f" (--field {format_path(path)} takes it over)"
            )
            continue
        edits.append(((*target, *path), value))
    for typed, steps in request.fields:
        path = tuple(step.text for step in steps)
        value = at(there.words, path)
        if value is None:
            yield f"{there.key} says no {typed} in {request.source}"
        elif json.dumps(value) != json.dumps(at(here.words, path)):
            edits.append(((*target, *path), value))


def _pins(
    draft: CatalogDraft,
    here: ResolvedEnvironment,
    there: ResolvedEnvironment,
    entries: Iterable[Entry],
    told: Mapping[EntryName, list[str]],
) -> None:
    """Bring over what the lock holds of the addresses that both serve after the words were brought over."""
    file = f"{ENVIRONMENTS_FOLDER}/{here.name}{LOCK_SUFFIX}"
    settings = Settings.of(there), Settings.of(here)
    now, known = entries_by_name(here), dict(mapping(draft.value(file).get("models")))
    edits: list[_Edit] = []
    for entry in entries:
        own = now.get((entry.section, entry.key))
        if own is None:
            continue
        theirs = {word: settings[0].rewrite_uri(word) for word in texts_in(entry.words)}
        for word in dict.fromkeys(texts_in(own.words)):
            pin, address = there.locked.get(theirs.get(word, "")), settings[1].rewrite_uri(word)
            if pin is None or pin == known.get(address):
                continue
            known[address] = pin
            edits.append((("models", address), pin))
            revision = text(mapping(pin).get("revision"))
            if revision:
                told[entry.section, entry.key].append(f"{address} is pinned to {revision[:12]} in {here.name}")
    draft.put_all(file, edits)
