"""An entry of an environment in; what it was at a commit, or at the newest one where it was something else, out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

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
    """A commit, what it holds, and the state of the entry there."""

    commit: Commit
    sources: Mapping[str, bytes]
    state: State


def state_in(environment: ResolvedEnvironment, target: tuple[str, str]) -> State:
    """Return what an entry, by section and key, is in an environment."""
    entry = entry_in(environment, *target)
    if entry is None:
        return State(None, {})
    settings = Settings.of(environment)
    addresses = {settings.rewrite_uri(word) for word in texts_in(entry.words)}
    return State(entry.words, {a: said for a, said in environment.locked.items() if a in addresses})


def at_commit(git: Git, draft: CatalogDraft, environment: str, target: tuple[str, str], to: str) -> EntryHistory:
    """Return what an entry was at a commit; GeneratorError where the environment was not there."""
    commit = describe(git, resolve_revision(git, to))
    past = _load(git, draft, environment, target, commit)
    if past is None:
        raise GeneratorError(f"there is no environment {environment} at {to}", hint="Name another commit with --to.")
    return past


def before_now(git: Git, draft: CatalogDraft, environment: str, target: tuple[str, str], now: State) -> EntryHistory:
    """Find the newest commit at which the entry was something else."""
    head = resolve_revision(git, "HEAD")
    for commit in commits_touching(git, SOURCE_PATTERNS, start=head, limit=_MOST_COMMITS):
        past = _load(git, draft, environment, target, commit)
        if past is not None and _text(past.state) != _text(now):
            return past
    if is_shallow(git):
        raise GeneratorError(
            f"{target[1]} was never anything else in {environment} in the commits of this clone, which is shallow",
            hint="Fetch more (git fetch --deepen=100), or check out with fetch-depth: 0.",
        )
    raise GeneratorError(
        f"{target[1]} was never anything else in {environment} in the last {_MOST_COMMITS} commits of the catalog",
        hint="Name a commit with --to.",
    )


def _load(
    git: Git, draft: CatalogDraft, environment: str, target: tuple[str, str], commit: Commit
) -> EntryHistory | None:
    """Return what a commit held; None where its catalog had no such environment or cannot be read."""
    sources = contents(git, commit.name, SOURCE_PATTERNS)
    try:
        catalog = catalog_of(draft.repository, sources)
    except GeneratorError:
        return None
    if catalog.source_of(environment) is None:
        return None
    return EntryHistory(commit, sources, state_in(resolve_environment(catalog, environment)[0], target))


def _text(state: State) -> str:
    return json.dumps(state, sort_keys=True)
