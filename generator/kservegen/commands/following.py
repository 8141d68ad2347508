"""An entry of environments in; the words by which they stopped following the catalog out, and the edits that end it.

An environment says on purpose what is its own. What it was given back by `rollback` is another thing: its entry says a
word that had come from beneath before, and what is beneath says another by now. History tells the two apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from kservegen.catalog.editing.patch import at
from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import resolve_environment
from kservegen.commands.edits import (
    CatalogDraft,
    HeldWord,
    ProposedEdits,
    catalog_of,
    entry_in,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
    reached_environments,
)
from kservegen.commands.set import prune
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import CATALOG_FILE, Repository
from kservegen.git.log import Commit, commits_touching
from kservegen.git.process import Git, open_git
from kservegen.git.tree import contents, has_commits, resolve_revision

# So far back it is looked whether a word came from beneath once.
_MOST_COMMITS: Final = 100
_Entry = tuple[str, str]


class OverruledWord(NamedTuple):
    """A word of an environment's own entry that is another beneath it; None where one of the two does not say it."""

    path: Path
    here: JsonValue
    beneath: JsonValue


def follow_again(repository: Repository, name: str, environments: Sequence[str]) -> ProposedEdits:
    """Edit environments' files so that an entry follows the catalog again in the words that a rollback gave it."""
    draft, target, held = _held(repository, name, environments)
    for word in held:
        file = environment_file(draft.catalog, word.environment)
        draft.drop(file, (*target, *word.words))
        prune(draft, file, target)
    return finish_draft(draft, held=held)


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
    """Yield the words of an environment's own entry that are others beneath it."""
    own = at(catalog.environments[environment].own.value, target)
    if not isinstance(own, dict) or not own:
        return
    entry = entry_in(resolve_environment(_without(catalog, environment, target), environment)[0], *target)
    beneath = {} if entry is None else entry.words
    for path, value in _leaves(own, ()):
        if not _is_same(at(beneath, path), value):
            yield OverruledWord(path, value, at(beneath, path))


def _without(catalog: Catalog, environment: str, target: _Entry) -> Catalog:
    """Return the catalog without what an environment's own file says of an entry."""
    source = catalog.environments[environment]
    section, key = target
    said = {name: value for name, value in mapping(source.own.value.get(section)).items() if name != key}
    own = replace(source.own, value={**source.own.value, section: said})
    bare = replace(source, documents=(*source.documents[:-1], own))
    return replace(catalog, environments={**catalog.environments, environment: bare})


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
    open_words = {word.path: word for word in overruled_words(draft.catalog, environment, target)}
    since: dict[Path, Commit | None] = dict.fromkeys(open_words)
    source = draft.catalog.environments[environment]
    for commit, past in _past_catalogs(git, draft, environment, target):
        if not open_words:
            return
        entry = entry_in(resolve_environment(past, environment)[0], *target)
        own = at(past.environments[environment].own.value, target)
        for path, word in list(open_words.items()):
            if _says(own, path) and _is_same(at(own, path), word.here):
                since[path] = commit
            elif entry is not None and _is_same(at(entry.words, path), word.here):
                del open_words[path]
                yield HeldWord(
                    environment=environment,
                    entry=target[1],
                    words=path,
                    here=word.here,
                    beneath=word.beneath,
                    location=source.own.source.key((*target, *path)),
                    since=since[path],
                )


def _says(own: JsonValue, path: Path) -> bool:
    parent = at(own, path[:-1])
    return isinstance(parent, dict) and path[-1] in parent


def _past_catalogs(git: Git, draft: CatalogDraft, environment: str, target: _Entry) -> Iterator[tuple[Commit, Catalog]]:
    """Yield what commits held of the files that make an entry, the newest first, as far as they can be read."""
    source = draft.catalog.environments[environment]
    files = {
        CATALOG_FILE,
        draft.catalog.definitions[target].document.file,
        *(() if draft.catalog.shared is None else (draft.catalog.shared.file,)),
        *(document.file for document in source.documents),
    }
    head = resolve_revision(git, "HEAD")
    for commit in commits_touching(git, sorted(files), start=head, limit=_MOST_COMMITS):
        try:
            past = catalog_of(draft.repository, contents(git, commit.name, sorted(files)))
        except GeneratorError:
            continue
        if environment in past.environments:
            yield commit, past
