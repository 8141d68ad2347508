"""An entry and a commit in; the edits that give it back the words it had there: the use case behind `rollback`."""

from __future__ import annotations

from kservegen.commands.edits import Amendment, EditOrigin, environment_file, find_definition, finish_draft, open_draft
from kservegen.commands.history import at_commit, before_now, state_in
from kservegen.commands.restore import restore_entry, restore_pins
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.git.process import open_git


def roll_back(repository: Repository, name: str, environment: str, to: str | None = None) -> Amendment:
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
    restore_entry(draft, environment, target, past)
    restore_pins(draft, environment, now, past.state)
    origin = EditOrigin(
        commit=past.commit.name, date=past.commit.date, author=past.commit.author, subject=past.commit.subject
    )
    return finish_draft(draft, origin=origin)
