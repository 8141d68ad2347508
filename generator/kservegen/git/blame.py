"""Lines of files in; the commit that brought them to this branch out, and who stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern
from kservegen.git.log import Span
from kservegen.git.process import Git
from kservegen.git.tree import has_commits, is_shallow

# Trailers by which people say that they have looked at a commit.
_APPROVING: Final = ("Approved-by", "Reviewed-by", "Acked-by")
_TRAILERS: Final = ",".join(f"key={key}" for key in _APPROVING)
# Fields end with bytes that no name holds.
_FORMAT: Final = f"%x1e%H%x1f%P%x1f%cs%x1f%an%x1f%(trailers:{_TRAILERS},valueonly,unfold,separator=%x1d)"
# What `git blame --porcelain` writes before a line: the commit, the line there and here.
_HEAD: Final = lazy_pattern(rb"([0-9a-f]{40,64}) \d+ \d+")


class BranchChange(NamedTuple):
    """A commit of the branch itself: a merge stands for all that it brought.

    `date` is the committer's day, `author` who wrote it, or merged it. `approvers` are those whom its trailers name
    (Approved-by, Reviewed-by, Acked-by); of a merge without them it is who merged, else nobody.
    """

    commit: str
    date: str
    author: str
    approvers: tuple[str, ...]


class _WrittenLine(NamedTuple):
    commit: str
    content: bytes


def last_changes(git: Git, parts: Sequence[Sequence[Span]], revision: str = "") -> list[BranchChange | None]:
    """Return for each part, which is made of spans, the newest commit that wrote a line of it.

    Lines are those of `revision`, or of the files as they lie there. None where that is not known: for a line that is
    in no commit yet, a file that git does not know, a commit that a shallow clone ends with. Comments and blank lines
    at the end of a span belong to what follows.
    """
    if not revision and not has_commits(git):
        return [None for _ in parts]
    lines = {file: _lines(git, file, revision) for file in dict.fromkeys(span.file for part in parts for span in part)}
    # Clocks differ, and a rebase gives many commits one time: the branch's own order counts.
    order = {
        name: place for place, name in enumerate(git.text("rev-list", "--first-parent", revision or "HEAD").split())
    }
    newest = [_newest([_trimmed(lines[span.file], span) for span in part], order) for part in parts]
    changes = _described(git, filter(None, newest))
    return [changes.get(commit) for commit in newest]


def _newest(spans: Sequence[Sequence[_WrittenLine]], order: Mapping[str, int]) -> str:
    """Return the newest commit of these lines; blank where one of them is in none."""
    commits = {line.commit for span in spans for line in span}
    known = all(spans) and commits <= order.keys()
    return min(commits, key=order.__getitem__, default="") if known else ""


def _trimmed(lines: Sequence[_WrittenLine], span: Span) -> Sequence[_WrittenLine]:
    last = min(span.last, len(lines))
    while last > span.first and (not (said := lines[last - 1].content.strip()) or said.startswith(b"#")):
        last -= 1
    return lines[span.first - 1 : last]


def _lines(git: Git, file: str, revision: str) -> list[_WrittenLine]:
    """Ask git for each line of a file along the first parents; nothing where it does not know the file."""
    words = ("blame", "--porcelain", "--first-parent", *([revision] if revision else []), "--", git.inside(file))
    done = git.attempt(*words)
    if done.returncode:
        return []
    commit = ""
    written: list[_WrittenLine] = []
    for line in done.stdout.split(b"\n"):
        if line.startswith(b"\t"):
            written.append(_WrittenLine(commit, line[1:]))
        elif head := _HEAD.match(line):
            commit = head[1].decode()
    return written


def _described(git: Git, commits: Iterable[str]) -> Mapping[str, BranchChange]:
    names = sorted(set(commits))
    if not names:
        return {}
    words = ("log", "--no-walk", "--stdin", f"--format={_FORMAT}")
    printed = git.run(*words, stdin="".join(f"{name}\n" for name in names).encode())
    return dict(_read(printed.decode("utf-8", "replace"), is_cut_off=is_shallow(git)))


def _read(printed: str, *, is_cut_off: bool) -> Iterator[tuple[str, BranchChange]]:
    for record in printed.split("\x1e"):
        if not record.strip():
            continue
        name, parents, date, author, trailers = record.strip("\n").split("\x1f")
        # The oldest commit of a shallow clone seems to have written every line: it is not known who did.
        if parents or not is_cut_off:
            named = tuple(filter(None, map(str.strip, trailers.split("\x1d"))))
            yield name, BranchChange(name, date, author, named or ((author,) if " " in parents else ()))
