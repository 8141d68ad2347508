"""Assignments to an entry in; the edits of its source file out: the use case behind `kservegen set`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from kservegen.catalog.editing.assignment import Assignment, PathStep, locate_assignment
from kservegen.catalog.editing.patch import at
from kservegen.catalog.model import Definition
from kservegen.commands.edits import (
    Agree,
    CatalogDraft,
    ProposedEdits,
    agreed,
    entry_in,
    environment_file,
    find_definition,
    finish_draft,
    open_draft,
)
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.repository import Repository


class SetRequest(Struct, frozen=True, kw_only=True):
    """What is to be set, and what to be unset, as typed with its steps."""

    assignments: Sequence[Assignment] = ()
    unset: Sequence[tuple[str, tuple[PathStep, ...]]] = ()


def set_words(
    repository: Repository,
    name: str,
    request: SetRequest,
    agree: Agree = agreed,
    *,
    environments: Sequence[str] = (),
) -> ProposedEdits:
    """Edit an entry in the files of environments or bases, or where the catalog defines it."""
    draft = open_draft(repository)
    definition = find_definition(draft.catalog, name)
    for environment in environments or (None,):
        file = environment_file(draft.catalog, environment) if environment else definition.document.file
        for assignment in request.assignments:
            _assign(draft, definition, assignment, file, environment)
        for typed, steps in request.unset:
            _unset(draft, definition, (typed, steps), file, environment)
        if environment:
            _check_lives(draft, definition, environment)
    return finish_draft(draft, agree, watched=() if environments else ((definition.section, definition.key),))


def _assign(
    draft: CatalogDraft, definition: Definition, assignment: Assignment, file: str, environment: str | None
) -> None:
    entry: Path = (definition.section, definition.key)
    own = at(draft.value(file), entry)
    if own is None and (definition.key in mapping(draft.value(file).get(definition.section))):
        hint = f"Bring it back first: remove {definition.section}.{definition.key}: null from {file}."
        raise GeneratorError(f"{file} removes {definition.key}", subject=assignment.typed, hint=hint)
    path, made = locate_assignment(assignment.steps, (*_layers(draft, definition, environment), own), assignment.typed)
    value = assignment.value
    if made:
        number = max(index for index, part in enumerate(path) if isinstance(part, int))
        if len(made) > 1:
            raise GeneratorError(
                "only one item can be new", subject=assignment.typed, hint="Write the item in the file."
            )
        value = _item(made[0], path[number + 1 :], value)
        path = path[: number + 1]
    draft.put(file, (*entry, *path), value)


def _item(item: dict[str, JsonValue], rest: Path, value: JsonValue) -> JsonValue:
    if not rest:
        return {**item, **value} if isinstance(value, dict) else value
    for part in reversed(rest[1:]):
        value = {str(part): value}
    return {**item, str(rest[0]): value}


def _layers(draft: CatalogDraft, definition: Definition, environment: str | None) -> tuple[JsonValue, ...]:
    """Return what lies under the words that are edited: it tells lists from maps."""
    names = (environment,) if environment else tuple(draft.catalog.environments)
    found = (entry_in(draft.resolved(name), definition.section, definition.key) for name in names[:1])
    return tuple(entry.words for entry in found if entry is not None)


def _unset(
    draft: CatalogDraft,
    definition: Definition,
    word: tuple[str, tuple[PathStep, ...]],
    file: str,
    environment: str | None,
) -> None:
    typed, steps = word
    entry: Path = (definition.section, definition.key)
    own = at(draft.value(file), entry)
    path, made = locate_assignment(steps, (own,), typed)
    parent = at(own, path[:-1])
    if made or not (path[-1] in parent if isinstance(parent, dict) else at(parent, path[-1:]) is not None):
        hint = _elsewhere(draft, definition, word, environment)
        raise GeneratorError(f"{file} does not say {typed} of {definition.key}", hint=hint)
    draft.drop(file, (*entry, *path))
    if file != definition.document.file:
        prune(draft, file, entry)


def _elsewhere(
    draft: CatalogDraft, definition: Definition, word: tuple[str, tuple[PathStep, ...]], environment: str | None
) -> str:
    """Say where a word stands that the edited file does not say, and how it is taken away there or here."""
    typed, steps = word
    path = tuple(step.text for step in steps)
    entry = entry_in(draft.resolved(environment), definition.section, definition.key) if environment else None
    if entry is None or at(entry.words, path) is None:
        return f"What a profile, the defaults or another file say is removed by {typed}=null."
    said = entry.locate(path)
    bases = ((name, source) for name, source in draft.catalog.bases.items() if source is not None)
    base = next((name for name, source in bases if source.own.file == said.file), "")
    there = f" (--env {base} --unset {typed})" if base else ""
    return f"{said} says it: remove it there{there}, or here alone by {typed}=null."


def prune(draft: CatalogDraft, file: str, entry: Path) -> None:
    """Remove an entry of an environment that says nothing any more, and its section."""
    for path in (entry, entry[:1]):
        if at(draft.value(file), path) == {}:
            draft.drop(file, path)


def _check_lives(draft: CatalogDraft, definition: Definition, environment: str) -> None:
    reached = draft.catalog.reached(environment)
    if all(entry_in(draft.resolved(name), definition.section, definition.key) is None for name in reached):
        why = f"{definition.key} does not live in" if reached else "no environment extends"
        raise GeneratorError(
            f"{why} {environment}: the edit would change nothing",
            subject=str(definition.location),
            hint=f"Add {environment} to its `environments` first." if reached else "Extend it in one first.",
        )
