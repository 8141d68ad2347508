"""Folders in; the files there that a commit of the index would not hold as they are, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kservegen.git.process import Git, index_of_the_caller

_UNTRACKED = "??"
_IGNORED = "!!"


def not_staged(git: Git, paths: Iterable[str], *, ignored: bool = False) -> Iterator[str]:
    """Yield the files below `paths` that differ from the index or are not in it, those that git ignores if asked.

    Paths are relative to the folder that git was opened for. In a hook the index is the one that the commit is made of.
    """
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    inside = [git.inside(path) for path in paths]
    more = ["--ignored=matching"] if ignored else []
    said = git.run("--literal-pathspecs", *words, *more, "--", *inside, environment=index_of_the_caller())
    for line in said.decode("utf-8", "surrogateescape").split("\0"):
        state, path = line[:2], line[3:]
        if state in {_UNTRACKED, _IGNORED} or state[1:].strip():
            yield path.removeprefix(git.prefix)
