"""Lines or files in; the commits that changed them out, as far as this clone goes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from kservegen.git.process import Git
from kservegen.git.tree import is_shallow


class Span(NamedTuple):
    """Lines of a file, both ends counted in, from 1; the file is relative to the folder that git was opened for."""

    file: str
    first: int
    last: int


class Commit(NamedTuple):
    """One commit; `date` is its author's day."""

    name: str
    date: str
    author: str
    subject: str


class History(NamedTuple):
    """The newest commits first. `complete` is false where the clone ends before the history does."""

    commits: tuple[Commit, ...]
    complete: bool


# Fields end with a byte that no name or subject holds; the parents are blank at the end of the clone.
_FORMAT: Final = "%x1e%H%x1f%P%x1f%as%x1f%an%x1f%s"


_TIMED: Final = "%x1e%H%x1f%P%x1f%cI"


def history(git: Git, spans: Iterable[Span], *, limit: int) -> History:
    """Return the commits that changed these lines of HEAD, at most `limit`."""
    lines = [f"-L{span.first},{span.last}:{git.inside(span.file)}" for span in spans]
    if not lines:
        return History((), complete=True)
    shallow = is_shallow(git)
    records = _log(git, "--no-patch", f"--max-count={limit + shallow}", *lines, "HEAD")
    # The oldest commit of a shallow clone seems to have written every line: it is not known who did.
    known = [record for record in records if record[1] or not shallow]
    return History(tuple(map(_commit, known[:limit])), complete=len(known) == len(records))


def commits_touching(git: Git, paths: Iterable[str], *, start: str, limit: int) -> tuple[Commit, ...]:
    """List the commits that changed any of these paths, the newest first, `start` itself among them."""
    inside = [f":(top,literal){git.inside(path)}" for path in paths]
    return tuple(map(_commit, _log(git, f"--max-count={limit}", start, "--", *inside)))


class FileCommit(NamedTuple):
    """The commit by which a branch got a file as it is, and when: its committer's time, which has a zone."""

    name: str
    when: datetime


def last_commits(git: Git, revision: str, folder: str) -> dict[str, FileCommit]:
    """Return the newest commit of each file below a folder, by path relative to it, along the first parents.

    A merge stands for all that it brought. What a shallow clone ends with is left out: it seems to have written all.
    """
    base = git.inside(f"{folder.strip('/')}/")
    words = ("log", "--first-parent", "-m", "--name-only", "--no-renames", f"--format={_TIMED}", revision)
    printed = git.text(*words, "--", f":(top,literal){base}")
    is_cut_off = is_shallow(git)
    found: dict[str, FileCommit] = {}
    for record in printed.split("\x1e")[1:]:
        head, _, files = record.partition("\n")
        name, parents, when = head.split("\x1f")
        if parents or not is_cut_off:
            for file in files.split("\n"):
                if file.startswith(base):
                    found.setdefault(file.removeprefix(base), FileCommit(name, datetime.fromisoformat(when)))
    return found


def commit_time(git: Git, commit: str) -> datetime:
    """Return when a commit was made, as its committer has it."""
    return datetime.fromisoformat(git.text("log", "-1", "--format=%cI", commit))


def describe(git: Git, commit: str) -> Commit:
    """Return who made a commit, when, and what it says."""
    return _commit(_log(git, "-1", commit)[0])


def _log(git: Git, *words: str) -> list[list[str]]:
    printed = git.text("log", f"--format={_FORMAT}", *words)
    return [record.strip("\n").split("\x1f") for record in printed.split("\x1e") if record.strip()]


def _commit(record: Sequence[str]) -> Commit:
    name, _, date, author, subject = record
    return Commit(name, date, author, subject.partition("\n")[0])


def content(git: Git, file: str) -> bytes | None:
    """Return a file as HEAD holds it; None where it does not."""
    done = git.attempt("show", f"HEAD:{git.inside(file)}")
    return done.stdout if done.returncode == 0 else None
