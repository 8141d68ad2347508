"""A commit in; the catalog, environments and locks that it holds out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.git.log import Commit
from kservegen.git.process import Git
from kservegen.git.tree import files, read

# Fields end with a byte that no name or subject holds.
_FORMAT: Final = "%x1e%H%x1f%as%x1f%an%x1f%s"


def commits_touching(git: Git, paths: Iterable[str], *, start: str, limit: int) -> Iterator[Commit]:
    """Go through the commits that changed any of these paths, the newest first, `start` itself among them."""
    inside = [f":(top,literal){git.inside(path)}" for path in paths]
    printed = git.text("log", f"--format={_FORMAT}", f"--max-count={limit}", start, "--", *inside)
    for record in printed.split("\x1e"):
        if record.strip():
            name, date, author, subject = record.strip("\n").split("\x1f")
            yield Commit(name, date, author, subject)


def describe(git: Git, commit: str) -> Commit:
    """Return who made a commit, when, and what it says."""
    name, date, author, subject = git.text("log", "-1", f"--format={_FORMAT}", commit).strip("\x1e\n").split("\x1f")
    return Commit(name, date, author, subject)


def contents(git: Git, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the plain files that a commit holds at these paths and below them."""
    found: dict[str, str] = {}
    for path in paths:
        held = files(git, commit, path)
        found.update({f"{path}/{file}": blob.name for file, blob in held.items() if blob.is_file})
        if not held and (blob := _file(git, commit, path)):
            found[path] = blob
    blobs = read(git, found.values())
    return {path: blobs[name] for path, name in found.items()}


def _file(git: Git, commit: str, path: str) -> str:
    done = git.attempt("rev-parse", "--verify", "--quiet", f"{commit}:{git.inside(path)}")
    return done.stdout.decode().strip() if done.returncode == 0 else ""
