"""An entry and a commit in; the edits that give it back the words it had there: the use case behind `rollback`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from kservegen.catalog.editing.patch import at
from kservegen.catalog.editing.spans import Container, spans
from kservegen.catalog.merge import MERGE_KEYS, item_key
from kservegen.commands.edits import (
    CatalogDraft,
    ProposedEdits,
    entry_in,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
)
from kservegen.commands.history import SOURCE_PATTERNS, EntryHistory, State, at_commit, before_now, state_in
from kservegen.commands.set import prune
from kservegen.core.document import mapping, text, texts_in
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import ENVIRONMENTS_FOLDER, LOCK_SUFFIX, Repository
from kservegen.git.process import open_git

_ROUNDS: Final = 4
_BOM: Final = "\ufeff"


def roll_back(repository: Repository, name: str, environment: str, to: str | None = None) -> ProposedEdits:
    """Edit the environment's file and lock so that an entry is what it was at a commit, by default the one before."""
    draft = open_draft(repository)
    definition = find_definition(draft.catalog, name)
    environment_file(draft.catalog, environment)
    target = (definition.section, definition.key)
    git = open_git(repository.root)
    now = state_in(draft.resolved(environment), target)
    past = at_commit(git, draft, environment, target, to) if to else before_now(git, draft, environment, target, now)
    if past.state.words is None:
        raise GeneratorError(
            f"{definition.key} did not live in {environment} at {past.commit.name[:12]}",
            subject=past.commit.subject,
            hint="Name another commit with --to, or take it out of the environment by hand.",
        )
    _restore_entry(draft, environment, target, past)
    _restore_pins(draft, environment, now, past.state)
    return finish_draft(draft, origin=past.commit)


def _restore_entry(draft: CatalogDraft, environment: str, target: tuple[str, str], past: EntryHistory) -> None:
    """Give the environment's entry its old value where that is all; else write into it what differs."""
    file = environment_file(draft.catalog, environment)
    wanted = past.state.words
    if _same(draft, environment, target, wanted):
        return
    kept = draft.texts[file]
    old = past.sources.get(file)
    if old is not None:
        _take_over(draft, file, target, old)
        if _same(draft, environment, target, wanted):
            _take_text(draft, file, target, old)
            return
        draft.texts[file] = kept
    if at(draft.value(file), target) is None and target[1] in mapping(draft.value(file).get(target[0])):
        draft.drop(file, target)  # a null that removes it here
        prune(draft, file, target[:1])
    for _ in range(_ROUNDS):
        entry = entry_in(draft.resolved(environment), *target)
        for path, value in _differences({} if entry is None else entry.words, wanted or {}, ()):
            here = (*target, *path)
            if value is None and at(draft.value(file), here) is not None:
                draft.drop(file, here)  # where another file says it, too, the next round says null
            else:
                draft.put(file, here, value)
        prune(draft, file, target)
        if _same(draft, environment, target, wanted):
            return
    raise GeneratorError(
        f"what {target[1]} was at {past.commit.name[:12]} cannot be written as words of {environment} alone",
        subject=file,
        hint=f"Look at both: git diff {past.commit.name[:12]} -- {' '.join(SOURCE_PATTERNS)}",
    )


def _same(draft: CatalogDraft, environment: str, target: tuple[str, str], wanted: JsonObject | None) -> bool:
    entry = entry_in(draft.resolved(environment), *target)
    said = None if entry is None else entry.words
    return json.dumps(said, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _take_over(draft: CatalogDraft, file: str, target: Path, old: bytes) -> None:
    """Give an entry of an environment the value that it had in an old version of the file."""
    before = _held(draft, file, old)
    if before is None:
        return
    said = at(before, target)
    now = draft.value(file)
    is_there = target[1] in mapping(now.get(str(target[0])))
    if target[1] in mapping(before.get(str(target[0]))):
        draft.put(file, target, said)
    elif is_there:
        draft.drop(file, target)
        prune(draft, file, target[:1])


def _held(draft: CatalogDraft, file: str, old: bytes) -> JsonObject | None:
    try:
        return replace(draft, texts={file: old}).value(file)
    except GeneratorError:
        return None


def _take_text(draft: CatalogDraft, file: str, target: Path, old: bytes) -> None:
    """Take the entry's old lines, comments and all, where they make the file say the same; else leave it as edited."""
    wanted, now, then = draft.value(file), _parted(draft.before[file], target), _parted(old, target)
    candidates = [old] if now.beside == then.beside else []
    if now.own and then.own:
        candidates.append("".join((*now.head, *then.own, *now.tail)).encode())
    for candidate in candidates:
        if json.dumps(_held(draft, file, candidate)) == json.dumps(wanted):
            draft.texts[file] = candidate
            return


class _Parted(NamedTuple):
    """The lines of a file: those before an entry, its own, those after it; no own ones where it has none."""

    head: list[str]
    own: list[str]
    tail: list[str]

    @property
    def beside(self) -> list[str]:
        """What stands there without the entry."""
        return [line.rstrip("\r\n") for line in (*self.head, *self.tail)]


def _parted(content: bytes, target: Path) -> _Parted:
    """Part a file by the lines of an entry, or of its section where that has no other."""
    text_ = content.decode()
    plain = text_.removeprefix(_BOM)
    lines = text_.splitlines(keepends=True)
    section = spans(plain).items.get(target[0])
    if section is None or not isinstance(section.value, Container):
        return _Parted(lines, [], [])
    item = section if section.value.items.keys() <= {target[1]} else section.value.items.get(target[1])
    if item is None:
        return _Parted(lines, [], [])
    first, last = plain.count("\n", 0, item.start), plain.count("\n", 0, item.value.end)
    return _Parted(lines[:first], lines[first : last + 1], lines[last + 1 :])


def _differences(now: JsonObject, wanted: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    """Yield what has to be said so that words become others: by path, null for what goes."""
    for word in now.keys() - wanted.keys():
        yield (*path, word), None
    for word, value in wanted.items():
        have = now.get(word)
        if isinstance(value, dict) and isinstance(have, dict) and have:
            yield from _differences(have, value, (*path, word))
        elif json.dumps(have, sort_keys=True) != json.dumps(value, sort_keys=True) or word not in now:
            yield (*path, word), _list(word, have, value) if isinstance(value, list) else value


def _list(field: str, have: JsonValue, wanted: list[JsonValue]) -> JsonValue:
    """Return a list that merges into the wanted one: items that go are said to."""
    if field not in MERGE_KEYS or not isinstance(have, list):
        return wanted
    kept = [item_key(field, item) for item in wanted]
    gone: list[JsonValue] = []
    for item in have:
        key = item_key(field, item)
        if key is not None and key not in kept:
            names = (name for name, _ in MERGE_KEYS[field])
            gone.append({**dict(zip(names, key, strict=True)), "$patch": "delete"})
    return [*gone, *wanted]


def _restore_pins(draft: CatalogDraft, environment: str, now: State, then: State) -> None:
    """Give the lock's entries of the entry's addresses back what they held."""
    file = f"{ENVIRONMENTS_FOLDER}/{environment}{LOCK_SUFFIX}"
    for address, pin in then.pins.items():
        if now.pins.get(address) == pin:
            continue
        draft.put(file, ("models", address), pin)
        revision = text(mapping(pin).get("revision"))[:12]
        draft.notes.append(f"{file} pins {address} to {revision or 'no revision'} again, for all models served from it")
    for address in now.pins.keys() - then.pins.keys():
        if then.words is not None and address in set(texts_in(then.words)):
            draft.drop(file, ("models", address))
            draft.notes.append(f"{file} pins {address} no more, as then")
