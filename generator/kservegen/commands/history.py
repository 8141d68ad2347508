"""An entry of an environment in; what it was at a commit, or at the newest one where it was something else, out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import ResolvedEnvironment, resolve_environment
from kservegen.commands.edits import CatalogDraft, catalog_of, entry_in
from kservegen.core.document import texts_in
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import CATALOG_FILE, CATALOG_FOLDER, ENVIRONMENTS_FOLDER, OWNERS_FILE
from kservegen.git.log import Commit, commits_touching, describe
from kservegen.git.process import Git
from kservegen.git.tree import contents, is_shallow, resolve_revision
from kservegen.render.objects.settings import Settings

# What people write, as paths for git.
SOURCE_PATTERNS: Final = (CATALOG_FILE, CATALOG_FOLDER, OWNERS_FILE, ENVIRONMENTS_FOLDER)
# So far back is looked for the words before the present ones; --to goes as far as there is history.
_MOST_COMMITS: Final = 500


class State(NamedTuple):
    """What an entry was in an environment: its words (None: it did not live there), the lock's entries for it."""

    words: JsonObject | None
    pins: JsonObject


class EntryHistory(NamedTuple):
    """A commit, what it holds, and the state of the entry there, by environment."""

    commit: Commit
    sources: Mapping[str, bytes]
    catalog: Catalog
    states: Mapping[str, State]


def state_in(environment: ResolvedEnvironment, target: tuple[str, str]) -> State:
    """Return what an entry, by section and key, is in an environment."""
    entry = entry_in(environment, *target)
    if entry is None:
        return State(None, {})
    settings = Settings.of(environment)
    addresses = {settings.rewrite_uri(word) for word in texts_in(entry.words)}
    return State(entry.words, {a: said for a, said in environment.locked.items() if a in addresses})


def at_commit(git: Git, draft: CatalogDraft, asked: Iterable[str], target: tuple[str, str], to: str) -> EntryHistory:
    """Return what an entry was at a commit; GeneratorError where an environment was not there, or none can be read."""
    commit = describe(git, resolve_revision(git, to))
    past = _load(git, draft, asked, target, commit)
    missing = next((name for name in asked if past is None or name not in past.states), "")
    if past is None or missing:
        raise GeneratorError(f"there is no environment {missing} at {to}", hint="Name another commit with --to.")
    return past


def before_now(git: Git, draft: CatalogDraft, target: tuple[str, str], now: Mapping[str, State]) -> EntryHistory:
    """Find the newest commit that had these environments and at which the entry was something else in one of them."""
    head = resolve_revision(git, "HEAD")
    for commit in commits_touching(git, SOURCE_PATTERNS, start=head, limit=_MOST_COMMITS):
        past = _load(git, draft, now, target, commit)
        if past is not None and past.states.keys() == now.keys() and _text(past.states) != _text(now):
            return past
    where = f"{target[1]} was never anything else in {', '.join(now)}"
    if is_shallow(git):
        raise GeneratorError(
            f"{where} in the commits of this clone, which is shallow",
            hint="Fetch more (git fetch --deepen=100), or check out with fetch-depth: 0.",
        )
    raise GeneratorError(f"{where} in the last {_MOST_COMMITS} commits of the catalog", hint="Name a commit with --to.")


def _load(
    git: Git, draft: CatalogDraft, asked: Iterable[str], target: tuple[str, str], commit: Commit
) -> EntryHistory | None:
    """Return what a commit held of those environments that it had; None where its catalog cannot be read."""
    sources = contents(git, commit.name, SOURCE_PATTERNS)
    catalog = _catalog(draft, sources)
    if catalog is None:
        return None
    there = [name for name in asked if name in catalog.environments]
    states = {name: state_in(resolve_environment(catalog, name)[0], target) for name in there}
    return EntryHistory(commit, sources, catalog, states)


def catalog_at(git: Git, draft: CatalogDraft, commit: str, paths: Sequence[str]) -> Catalog | None:
    """Return what files of a commit say, those that it has; None where that is no catalog that can be read."""
    return _catalog(draft, contents(git, commit, paths))


def _catalog(draft: CatalogDraft, sources: Mapping[str, bytes]) -> Catalog | None:
    try:
        return catalog_of(draft.repository, sources)
    except GeneratorError:
        return None


def _text(states: Mapping[str, State]) -> str:
    return json.dumps(states, sort_keys=True)
