"""Lines or files in; the commits that changed them out, as far as this clone goes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
