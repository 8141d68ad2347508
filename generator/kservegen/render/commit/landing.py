"""Prepared commits in; branches moved out, one after the other, as often as somebody else is first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from kservegen.core.errors import GeneratorError
from kservegen.git.process import Git
from kservegen.git.remote import push, remote_tip
from kservegen.git.write import Edits, Signature, branch_tip, commit_tree, move_branch, write_tree
from kservegen.render.commit.base import Superseded
from kservegen.render.commit.contents import CommitContents

# Every turn that is lost was won by somebody: so many others at once are a mistake, not a queue.
ATTEMPTS: Final = 10


class Prepared(NamedTuple):
    """A commit to be made. `tip` is where the branch was when it was prepared; `edits` are all of its files."""

    tip: str | None
    parents: tuple[str, ...]
    tree_of: str
    contents: CommitContents
    edits: Edits
    message: str

    def is_needed(self, git: Git) -> bool:
        """Whether the commit would change anything on its branch."""
        if self.edits or self.tip is None or len(self.parents) == 1:
            return bool(self.edits)
        old, new = git.text("rev-parse", f"{self.tip}^{{tree}}", f"{self.tree_of}^{{tree}}").split()
        return old != new


class Job(Protocol):
    """A branch that a commit goes to."""

    @property
    def branch(self) -> str:
        """Its name."""
        ...

    @property
    def environments(self) -> tuple[str, ...]:
        """What is rendered to it."""
        ...

    @property
    def compare(self) -> str:
        """The refs that a pull request would be opened from; empty where none is meant."""
        ...

    def prepare(self) -> Prepared | Superseded:
        """Look where the branch is, and say what would be committed there now."""
        ...


class Landed(NamedTuple):
    """What a branch is at in the end; `commit` is new where `is_new`."""

    prepared: Prepared
    commit: str
    is_new: bool


class Landing(Struct, frozen=True, kw_only=True, eq=False):
    """Where commits go (a remote, or this clone where it is empty), who makes them, and what follows each.

    `before` runs when a commit is made and no branch knows it yet.
    """

    git: Git
    remote: str
    who: Signature
    before: Callable[[Prepared, str], None] | None = None

    def land(self, job: Job, prepared: Prepared | Superseded) -> Landed | Superseded:
        """Commit on a branch; where it moved meanwhile, look again and build on what is there now."""
        for _ in range(ATTEMPTS):
            if isinstance(prepared, Superseded):
                return prepared
            if not prepared.is_needed(self.git):
                return Landed(prepared, prepared.tip or "", is_new=False)
            tree = write_tree(self.git, prepared.tree_of, prepared.edits)
            commit = commit_tree(self.git, tree, prepared.parents, prepared.message, self.who)
            if self._advance(job.branch, commit, prepared):
                return Landed(prepared, commit, is_new=True)
            prepared = job.prepare()
        raise GeneratorError(
            f"moved {ATTEMPTS} times while a commit was made for it",
            subject=job.branch,
            hint="Find out what else commits there, and run the command again.",
        )

    def start(self, branch: str) -> None:
        """Make a branch that holds nothing yet, for pull requests to go into."""
        tree = write_tree(self.git, "", Edits({}, ()))
        commit = commit_tree(self.git, tree, (), f"Start {branch}\n", self.who)
        if self.remote:
            push(self.git, self.remote, f"refs/heads/{branch}", commit, None)
        else:
            move_branch(self.git, branch, commit, None, f"kservegen commit: start {branch}")

    def _advance(self, branch: str, commit: str, prepared: Prepared) -> bool:
        if self.remote:
            return push(self.git, self.remote, f"refs/heads/{branch}", commit, prepared.tip)
        if self.before is not None:
            self.before(prepared, commit)
        subject = prepared.message.partition("\n")[0]
        return move_branch(self.git, branch, commit, prepared.tip, f"kservegen commit: {subject}")


def tip_of(git: Git, branch: str, remote: str) -> str | None:
    """Return where a branch is, at the remote or (without one) here; None where it is not."""
    return remote_tip(git, remote, f"refs/heads/{branch}") if remote else branch_tip(git, branch)
