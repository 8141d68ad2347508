"""An entry of environments in; the words by which they stopped following the catalog out, and the edits that end it.

An environment says on purpose what is its own. What it was given back by `rollback` is another thing: its entry says a
word that had come from beneath before, and what is beneath says another by now. History tells the two apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.catalog.editing.patch import at
from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.catalog.resolve import resolve_environment
from kservegen.commands.edits import (
    Agree,
    CatalogDraft,
    HeldWord,
    ProposedEdits,
    agreed,
    entry_in,
    find_definition,
    finish_draft,
    open_draft,
    reached_environments,
)
from kservegen.commands.history import SOURCE_PATTERNS, catalog_at
from kservegen.commands.set import prune
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import CATALOG_FILE, ENVIRONMENTS_FOLDER, Repository
from kservegen.git.log import Commit, commits_touching
from kservegen.git.process import Git, open_git
from kservegen.git.tree import has_commits, resolve_revision

# So far back it is looked whether a word came from beneath once, and so often the entry's file is looked for again.
_MOST_COMMITS: Final = 100
_MOST_MOVES: Final = 20
_Entry = tuple[str, str]


class OverruledWord(NamedTuple):
    """A word of an entry in a file of an environment that is another beneath it; None where one of the two is none."""

    document: CatalogDocument
    path: Path
    here: JsonValue
    beneath: JsonValue


def follow_again(
    repository: Repository, name: str, environments: Sequence[str], agree: Agree = agreed
) -> ProposedEdits:
    """Edit environments' files so that an entry follows the catalog again in the words that a rollback gave it.

    GeneratorError where that would change environments that were not named.
    """
    draft, target, held = _held(repository, name, environments)
    asked = reached_environments(draft.catalog, environments)
    for file, words in sorted({(word.location.file, word.words) for word in held}):
        beyond = sorted(set(_readers(draft.catalog, file)).difference(asked))
        if beyond:
            raise GeneratorError(
                f"what {file} says of {target[1]} reaches {', '.join(beyond)}, too",
                hint=f"Name them as well: {' '.join(f'--env {each}' for each in beyond)}.",
            )
        draft.drop(file, (*target, *words))
        for size in range(len(words) - 1, 0, -1):  # a map that holds nothing any more would empty what is beneath
            if at(draft.value(file), (*target, *words[:size])) == {}:
                draft.drop(file, (*target, *words[:size]))
        prune(draft, file, target)
    return finish_draft(draft, agree, held=held)


def _readers(catalog: Catalog, file: str) -> Iterator[str]:
    """Yield the environments that a file is part of."""
    for name, source in catalog.environments.items():
        if any(document.file == file for document in source.documents):
            yield name


def following(repository: Repository, name: str, environments: Sequence[str]) -> ProposedEdits:
    """Say in which words an entry does not follow the catalog in environments, and edit nothing."""
    draft, _, held = _held(repository, name, environments)
    return ProposedEdits(before=draft.before, after=draft.texts, held=held)


def _held(
    repository: Repository, name: str, environments: Sequence[str]
) -> tuple[CatalogDraft, _Entry, tuple[HeldWord, ...]]:
    draft = open_draft(repository)
    definition = find_definition(draft.catalog, name)
    target = (definition.section, definition.key)
    asked = reached_environments(draft.catalog, environments)
    git = open_git(repository.root)
    if not has_commits(git):
        raise GeneratorError("there is no commit yet, so that nothing tells what was before", subject=name)
    return draft, target, tuple(word for each in asked for word in _held_in(git, draft, each, target))


def overruled_words(catalog: Catalog, environment: str, target: _Entry) -> Iterator[OverruledWord]:
    """Yield the words of an entry in an environment's files, its bases among them, that are others beneath the file.

    What a later file says again is of that file.
    """
    documents = catalog.environments[environment].documents
    for index, document in enumerate(documents):
        said = at(document.value, target)
        if not document.file.startswith(f"{ENVIRONMENTS_FOLDER}/") or not isinstance(said, dict) or not said:
            continue
        above = [at(later.value, target) for later in documents[index + 1 :]]
        entry = entry_in(resolve_environment(_beneath(catalog, environment, target, index), environment)[0], *target)
        beneath = {} if entry is None else entry.words
        for path, value in _leaves(said, ()):
            if not _is_same(at(beneath, path), value) and not any(_says(words, path) for words in above):
                yield OverruledWord(document, path, value, at(beneath, path))


def _beneath(catalog: Catalog, environment: str, target: _Entry, index: int) -> Catalog:
    """Return the catalog without what an environment's files say of an entry from the one at `index` on."""
    source = catalog.environments[environment]
    section, key = target
    bare = [
        replace(
            document, value={**document.value, section: {name: said for name, said in entries.items() if name != key}}
        )
        for document in source.documents[index:]
        for entries in (mapping(document.value.get(section)),)
    ]
    source = replace(source, documents=(*source.documents[:index], *bare))
    return replace(catalog, environments={**catalog.environments, environment: source})


def _leaves(words: JsonObject, path: Path) -> Iterator[tuple[Path, JsonValue]]:
    for word, value in words.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, word))
        else:
            yield (*path, word), value


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _held_in(git: Git, draft: CatalogDraft, environment: str, target: _Entry) -> Iterator[HeldWord]:
    """Yield the overruled words that came from beneath once, with the commit since which they do no more."""
    open_words = {(word.document.file, word.path): word for word in overruled_words(draft.catalog, environment, target)}
    since: dict[tuple[str, Path], Commit | None] = dict.fromkeys(open_words)
    if not open_words:
        return
    for commit, past in _past_catalogs(git, draft, environment, target):
        if not open_words:
            return
        entry = entry_in(resolve_environment(past, environment)[0], *target)
        said = {document.file: at(document.value, target) for document in past.environments[environment].documents}
        for place, word in list(open_words.items()):
            file, path = place
            if _says(said.get(file), path) and _is_same(at(said.get(file), path), word.here):
                since[place] = commit
            elif entry is not None and _is_same(at(entry.words, path), word.here):
                del open_words[place]
                yield HeldWord(
                    environment=environment,
                    entry=target[1],
                    words=path,
                    here=word.here,
                    beneath=word.beneath,
                    location=word.document.source.key((*target, *path)),
                    since=since[place],
                )


def _says(own: JsonValue, path: Path) -> bool:
    parent = at(own, path[:-1])
    return isinstance(parent, dict) and path[-1] in parent


def _past_catalogs(git: Git, draft: CatalogDraft, environment: str, target: _Entry) -> Iterator[tuple[Commit, Catalog]]:
    """Yield what commits held of the files that make an entry, the newest first, as far as they can be read.

    Where another file held the entry before, that one is followed from there on.
    """
    source = draft.catalog.environments[environment]
    shared = draft.catalog.shared
    files = {CATALOG_FILE, draft.catalog.definitions[target].document.file}
    files |= {document.file for document in (*source.documents, *(() if shared is None else (shared,)))}
    start = resolve_revision(git, "HEAD")
    for _ in range(_MOST_MOVES):
        last = ""
        for commit in commits_touching(git, sorted(files), start=start, limit=_MOST_COMMITS):
            past = catalog_at(git, draft, commit.name, sorted(files))
            if past is not None and target not in past.definitions:
                break
            last = commit.name
            if past is not None and environment in past.environments:
                yield commit, past
        start = _parent(git, last)
        before = catalog_at(git, draft, start, SOURCE_PATTERNS) if start else None
        definition = None if before is None else before.definitions.get(target)
        if definition is None or definition.document.file in files:
            return
        files.add(definition.document.file)


def _parent(git: Git, commit: str) -> str:
    """Return the commit before one; blank where there is none, or the clone ends."""
    try:
        return resolve_revision(git, f"{commit}^") if commit else ""
    except GeneratorError:
        return ""
