"""The output of all environments on one branch: the one that is checked out, or another that is not."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from kservegen.git.write import with_trailers
from kservegen.render.commit.base import TRAILER_BRANCH, Question, Superseded, choose_base
from kservegen.render.commit.contents import compare_with
from kservegen.render.commit.landing import Prepared, tip_of
from kservegen.render.commit.message import source_trailers, write_message


class OneBranch(Struct, frozen=True, kw_only=True, eq=False):
    """A job: the rendered files of these environments, on the branch that the question is about.

    `unmanaged` are the files that they answer for beside, `target` the branch that a pull request of this one goes
    into; blank where none is meant.
    """

    ask: Question
    desired: Mapping[str, bytes]
    unmanaged: frozenset[str]
    environments: tuple[str, ...]
    is_partial: bool
    words: str
    target: str = ""

    @property
    def branch(self) -> str:
        """Its name."""
        return self.ask.branch

    @property
    def compare(self) -> str:
        """The refs that a pull request would be opened from; empty where none is meant."""
        return f"{self.target}...{self.branch}" if self.target else ""

    def prepare(self) -> Prepared | Superseded:
        """Look where the branch is, and say what would be committed there now."""
        git = self.ask.git
        tip = tip_of(git, self.branch, self.ask.remote)
        base = choose_base(self.ask, tip)
        if isinstance(base, Superseded):
            return base
        scope = self.environments if self.is_partial else None
        contents = compare_with(git, base.tree_of, self.desired, scope, self.unmanaged)
        message = write_message(contents, self.environments, self.words)
        trailers = source_trailers(self.ask.source)
        if not self.ask.is_in_place and tip != self.ask.source.name and self.ask.source.name in base.parents:
            trailers[TRAILER_BRANCH] = self.branch
        return Prepared(
            tip=tip,
            parents=base.parents,
            tree_of=base.tree_of,
            contents=contents,
            edits=contents.edits(git),
            message=with_trailers(git, message, trailers),
        )
