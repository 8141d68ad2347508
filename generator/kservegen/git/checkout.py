"""A work tree in; the branch it is on, what is under way in it, and what of it is not committed out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from kservegen.git.process import Git

_UNDER_WAY: Final = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "index.lock": "another git command",
}
_HEADS: Final = "refs/heads/"


def current_branch(git: Git) -> str | None:
    """Return the branch that is checked out; None where HEAD is detached."""
    done = git.attempt("symbolic-ref", "--quiet", "HEAD")
    return done.stdout.decode("utf-8", "surrogateescape").strip().removeprefix(_HEADS) or None


def under_way(git: Git) -> str:
    """Name what was begun and not ended: a merge, a rebase; empty where there is nothing."""
    words = [word for name in _UNDER_WAY for word in ("--git-path", name)]
    places = git.text("rev-parse", *words).split("\n")
    found = (what for place, what in zip(places, _UNDER_WAY.values(), strict=True) if (git.top / place).exists())
    return next(found, "")


def unmerged(git: Git) -> tuple[str, ...]:
    """List the paths that a merge left for somebody to decide."""
    lines = git.run("ls-files", "--unmerged", "-z").split(b"\0")
    return tuple(dict.fromkeys(_path(line.partition(b"\t")[2]) for line in lines if line))


def uncommitted(git: Git, paths: Iterable[str]) -> Iterator[str]:
    """Yield what HEAD does not hold as the work tree does: changed, new (ignored or not), or kept out of sight.

    Paths are relative to the top.
    """
    wanted = [f":(top,literal){path}" for path in paths]
    status = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=traditional", "--no-renames")
    for line in git.run(*status, "--", *wanted).split(b"\0"):
        if line:
            yield _path(line[3:])
    # Files that a sparse checkout leaves out, or that git was told not to look at, never show as changed.
    for line in git.run("ls-files", "-v", "-z", "--", *wanted).split(b"\0"):
        if line[:1] == b"S" or line[:1].islower():
            yield _path(line[2:])


def other_checkouts(git: Git) -> dict[str, Path]:
    """Return where else branches are checked out, by name."""
    found, place = {}, Path()
    for line in git.text("worktree", "list", "--porcelain").split("\n"):
        word, _, value = line.partition(" ")
        if word == "worktree":
            place = Path(value)
        elif word == "branch" and place.resolve() != git.top.resolve():
            found[value.removeprefix(_HEADS)] = place
    return found


def ignored(git: Git, paths: Iterable[str]) -> dict[str, tuple[str, int, str]]:
    """Return, by path, the file, the line and the pattern that make git ignore it; tracked files never are."""
    asked = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    done = git.attempt("check-ignore", "--verbose", "-z", "--stdin", stdin=asked)
    fields = [_path(field) for field in done.stdout.split(b"\0")]
    found = {}
    for file, line, pattern, path in zip(*(fields[start:-1:4] for start in range(4)), strict=False):
        if not pattern.startswith("!"):
            found[path] = (file, int(line), pattern)
    return found


def _path(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
