"""A clone and an environment in; what the branch that its engine syncs holds of its output, and since when, out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct, field

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.git.checkout import current_branch
from kservegen.git.log import FileCommit, last_commits
from kservegen.git.process import Git
from kservegen.git.remote import choose_remote
from kservegen.git.tree import Blob, blob_name, files, has_commits, read
from kservegen.render.gitops.repository import OutputRepository as Addresses


class SyncedBranch(Struct, frozen=True, eq=False, dict=True):
    """The output of one environment on a branch. Paths are relative to the environment's folder.

    `label` is what people call the branch. Of a remote's branch it is what this clone last saw.
    """

    git: Git
    environment: str
    commit: str
    label: str
    _after: dict[str, frozenset[str] | None] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The environment's folder."""
        return f"{OUTPUT_FOLDER}/{self.environment}"

    @cached_property
    def files(self) -> Mapping[str, Blob]:
        """The files; none where the branch carries no output of the environment."""
        return {path: blob for path, blob in files(self.git, self.commit, self.folder).items() if blob.is_file}

    @cached_property
    def contents(self) -> Mapping[str, bytes]:
        """What the files hold, read by one process: whoever asks for one model's mostly asks for all."""
        held = read(self.git, (blob.name for blob in self.files.values()))
        return {path: held[blob.name] for path, blob in self.files.items()}

    @cached_property
    def commits(self) -> Mapping[str, FileCommit]:
        """The commit by which each file became what it is, where this clone knows."""
        return last_commits(self.git, self.commit, self.folder)

    def holds(self, path: str, content: bytes) -> bool:
        """Whether the branch has just this content at a path."""
        blob = self.files.get(path)
        return blob is not None and blob.name == blob_name(content, blob.name)

    def commits_after(self, revision: str) -> frozenset[str] | None:
        """Return the branch's commits that are not in the history of a commit; None where this clone lacks that one.

        One process for each revision: what an engine syncs is mostly one for all models.
        """
        if revision not in self._after:
            done = self.git.attempt("rev-list", self.commit, f"^{revision}^{{commit}}")
            self._after[revision] = None if done.returncode else frozenset(done.stdout.decode().split())
        return self._after[revision]


def synced_branch(git: Git, environment: ResolvedEnvironment) -> SyncedBranch | None:
    """Find the branch that an environment's engine syncs; HEAD where this clone lacks it, None before any commit.

    A remote's branch comes first: what is merged there reached the environment, what is committed here did not yet.
    """
    if not has_commits(git):
        return None
    revision = Addresses.of(environment).revision.removeprefix("refs/heads/")
    known = [(f"refs/heads/{revision}", revision), (f"refs/tags/{revision}", revision), (revision, revision)]
    try:
        remote = choose_remote(git, current_branch(git) or "")
        known.insert(0, (f"refs/remotes/{remote}/{revision}", f"{remote}/{revision}"))
    except GeneratorError:
        pass
    for ref, label in (*known, ("HEAD", "HEAD")):
        if not ref.startswith("-"):
            done = git.attempt("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
            if done.returncode == 0:
                return SyncedBranch(git, environment.name, done.stdout.decode().strip(), label)
    return None
