"""An entry and a commit in; the edits that give it back the words it had there: the use case behind `rollback`.

What changed is undone in the file that says it, where that reaches no other environment; else in the files of the
environments that were asked for. All of them, or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.editing.patch import at
from kservegen.catalog.resolve import resolve_environment
from kservegen.changes.plan.fields import compare_fields
from kservegen.commands.edits import (
    Agree,
    CatalogDraft,
    ProposedEdits,
    agreed,
    changed_entries,
    entry_in,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
    reached_environments,
)
from kservegen.commands.following import overruled_words
from kservegen.commands.history import SOURCE_PATTERNS, EntryHistory, at_commit, before_now, state_in
from kservegen.commands.restoring import is_restored, say_again, write_differences
from kservegen.core.document import mapping, text, texts_in
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.repository import BASES_FOLDER, ENVIRONMENTS_FOLDER, LOCK_SUFFIX, Repository
from kservegen.evaluate.environment import build_one
from kservegen.git.process import open_git

_SHOWN: Final = 12  # digits of a commit's name
_FIELDS: Final = 4  # so many fields fit in a line


class RollbackLayer(StrEnum):
    """Where words of an entry stand: below all environments, below those that extend a base, in one of them."""

    CATALOG = "catalog"
    BASE = "base"
    ENVIRONMENT = "environment"


class Rollback(Struct, frozen=True, kw_only=True):
    """What goes back: `environments` may be bases; `to` a revision, None for before the last change of the entry.

    `layer` is where it is undone; None for the lowest that changes nothing else.
    """

    environments: Sequence[str]
    to: str | None = None
    layer: RollbackLayer | None = None


class _Undone(NamedTuple):
    """A way to undo: in which layer and files, on a draft of its own, and what else it changes: (environment, key)."""

    layer: RollbackLayer
    files: tuple[str, ...]
    draft: CatalogDraft
    others: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"in {' and '.join(self.files)}"


def roll_back(repository: Repository, name: str, request: Rollback, agree: Agree = agreed) -> ProposedEdits:
    """Edit source files and locks so that an entry is in environments what it was at a commit.

    GeneratorError where it did not live in one of them then, or no words of the asked layer do it.
    """
    draft = open_draft(repository)
    definition = find_definition(draft.catalog, name)
    target = (definition.section, definition.key)
    asked = reached_environments(draft.catalog, request.environments)
    git = open_git(repository.root)
    now = {environment: state_in(draft.resolved(environment), target) for environment in asked}
    past = at_commit(git, draft, asked, target, request.to) if request.to else before_now(git, draft, target, now)
    wanted = _wanted(asked, past, definition.key)
    undone = _choose(draft, request.layer, target, wanted, past)
    draft.texts = undone.draft.texts
    for environment, was in past.states.items():
        _restore_pins(draft, environment, now[environment].pins, was.pins, texts_in(wanted[environment]))
    draft.notes += _proof(draft, target, past)
    if undone.layer is RollbackLayer.ENVIRONMENT:
        draft.notes += _stops_following(draft, target, asked)
    return finish_draft(draft, agree, origin=past.commit)


def _wanted(asked: Sequence[str], past: EntryHistory, key: str) -> dict[str, JsonObject]:
    found = {}
    for environment in asked:
        words = past.states[environment].words
        if words is None:
            raise GeneratorError(
                f"{key} did not live in {environment} at {past.commit.name[:_SHOWN]}",
                subject=past.commit.subject,
                hint="Name another commit with --to, or take it out of the environment by hand.",
            )
        found[environment] = words
    return found


def _choose(
    draft: CatalogDraft,
    layer: RollbackLayer | None,
    target: tuple[str, str],
    wanted: Mapping[str, JsonObject],
    past: EntryHistory,
) -> _Undone:
    """Return the way to go: in the asked layer, or in the lowest one that changes nothing else; notes name others."""
    if is_restored(draft, target, wanted):
        return _Undone(RollbackLayer.CATALOG, (), draft, ())
    ways = {}
    for one in (layer,) if layer is not None else tuple(RollbackLayer):
        way = _undo(draft, one, target, wanted, past, is_asked=layer is not None)
        if way is not None:
            ways[one] = way
    chosen = next((way for way in ways.values() if layer is not None or not way.others), None)
    if chosen is None:
        where = f"words of {_said(layer)}" if layer is not None else "words of these environments alone"
        raise GeneratorError(
            f"what {target[1]} was at {past.commit.name[:_SHOWN]} cannot be written as {where}",
            hint=f"Look at both: git diff {past.commit.name[:_SHOWN]} -- {' '.join(SOURCE_PATTERNS)}",
        )
    for one, way in ways.items():
        if way is not chosen and way.others:
            draft.notes.append(f"{way} it would change {_listed(way.others)}, too: --in {one}")
    return chosen


def _said(layer: RollbackLayer) -> str:
    return f"the {layer}" if layer is not RollbackLayer.BASE else "a base that all of these environments extend"


def _listed(others: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{key} in {environment}" for environment, key in others)


def _undo(
    draft: CatalogDraft,
    layer: RollbackLayer,
    target: tuple[str, str],
    wanted: Mapping[str, JsonObject],
    past: EntryHistory,
    *,
    is_asked: bool,
) -> _Undone | None:
    """Undo in one layer; None where it does not say what has to go, or no words of it would do.

    In one that all share an entry is given its old value; words are added to it only where that layer `is_asked` for.
    """
    for files in _files(draft, layer, target, tuple(wanted), past):
        trial = replace(draft, texts=dict(draft.texts), notes=[])
        for file, then in files.items():
            old = past.sources.get(then)
            if old is not None:
                say_again(trial, file, target, old)
        done = is_restored(trial, target, wanted)
        if not done and layer is not RollbackLayer.ENVIRONMENT and is_asked:
            done = write_differences(trial, next(iter(files)), target, wanted)
        elif not done and layer is RollbackLayer.ENVIRONMENT:
            done = all(_undo_in(trial, draft, environment, target, words) for environment, words in wanted.items())
        if done:
            others = tuple(
                (environment, key)
                for environment, section, key in changed_entries(draft.catalog, trial.current)
                if environment not in wanted or (section, key) != target
            )
            return _Undone(layer, tuple(files), trial, others)
    return None


def _undo_in(
    trial: CatalogDraft, draft: CatalogDraft, environment: str, target: tuple[str, str], words: JsonObject
) -> bool:
    """Write into an environment's entry, as it is, what makes it the old one."""
    file = environment_file(draft.catalog, environment)
    if is_restored(trial, target, {environment: words}):
        return True
    trial.texts[file] = draft.texts[file]
    return write_differences(trial, file, target, {environment: words})


def _files(
    draft: CatalogDraft, layer: RollbackLayer, target: tuple[str, str], environments: Sequence[str], past: EntryHistory
) -> Iterator[dict[str, str]]:
    """Yield the files of a layer that can be edited together, each with the file that the commit had in its place."""
    if layer is RollbackLayer.CATALOG:
        then = past.catalog.definitions.get(target)
        if then is not None:
            yield {draft.catalog.definitions[target].document.file: then.document.file}
    elif layer is RollbackLayer.BASE:
        extended = [draft.catalog.environments[name].bases for name in environments]
        for base in extended[0]:
            file = f"{BASES_FOLDER}/{base}.yaml"
            if all(base in others for others in extended):
                yield {file: file}
    else:
        files = [environment_file(draft.catalog, name) for name in environments]
        yield dict(zip(files, files, strict=True))


def _restore_pins(
    draft: CatalogDraft, environment: str, now: JsonObject, then: JsonObject, used: Iterable[str]
) -> None:
    """Give the lock's entries of the entry's addresses back what they held."""
    file = f"{ENVIRONMENTS_FOLDER}/{environment}{LOCK_SUFFIX}"
    for address, pin in then.items():
        if now.get(address) == pin:
            continue
        draft.put(file, ("models", address), pin)
        revision = text(mapping(pin).get("revision"))[:_SHOWN]
        draft.notes.append(f"{file} pins {address} to {revision or 'no revision'} again, for all models served from it")
    for address in (now.keys() - then.keys()) & set(used):
        if at(draft.value(file), ("models", address)) is not None:
            draft.drop(file, ("models", address))
            draft.notes.append(f"{file} pins {address} no more, as then")


def _proof(draft: CatalogDraft, target: tuple[str, str], past: EntryHistory) -> Iterator[str]:
    """Say of each environment whether the entry is rendered as it was, or in which fields it is not."""
    tools = draft.project.tools
    for environment in past.states:
        pair = resolve_environment(past.catalog, environment)[0], draft.resolved(environment)
        old, new = (entry_in(side, *target) for side in pair)
        if old is None or new is None or any(s.text("kserve", "version") not in tools.releases.versions for s in pair):
            continue
        before, after = build_one(pair[0], old, tools), build_one(pair[1], new, tools)
        fields = compare_fields(before.doc, after.doc)
        if fields:
            more = f" and {len(fields) - _FIELDS} more" if len(fields) > _FIELDS else ""
            said = ", ".join(f"{f.path}: {_value(f.old)} -> {_value(f.new)}" for f in fields[:_FIELDS])
            yield f"{environment}: {after.id} is not rendered as it was, as more than its words changed: {said}{more}"
        else:
            yield f"{environment}: {after.id} is rendered as it was"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=lambda _: "nothing")


def _stops_following(draft: CatalogDraft, target: tuple[str, str], environments: Sequence[str]) -> Iterator[str]:
    """Name the words that environments overrule from now on, and how they follow the catalog again."""
    for environment in environments:
        before = {word.path for word in overruled_words(draft.catalog, environment, target)}
        held = [word.path for word in overruled_words(draft.current, environment, target) if word.path not in before]
        if held:
            yield (
                f"{environment} does not follow the catalog any more in {', '.join(map(format_path, held))} of"
                f" {target[1]}: kservegen rollback {target[1]} --env {environment} --follow ends that"
            )
