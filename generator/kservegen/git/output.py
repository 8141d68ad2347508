"""Rendered files in; what files at other places in the repository have engines and git make of them, out.

Flux leaves out of a repository what a `.sourceignore` in any of its folders names, by the patterns of gitignore
(fluxcd/pkg sourceignore, `LoadIgnorePatterns`), and prunes it then. Attributes have git keep other bytes than the work
tree has: Argo CD's clone may lack the filter, and Flux's applies none (go-git).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from kservegen.git.process import Git

_SOURCE_IGNORE: Final = ".sourceignore"
ATTRIBUTES: Final = ".gitattributes"
_UNSAID: Final = frozenset({"unspecified", "unset"})
# Attributes that make a blob differ from the file, and the values that do not.
_CHANGING: Final = {
    "filter": _UNSAID,
    "ident": _UNSAID,
    "working-tree-encoding": _UNSAID | {"UTF-8", "utf-8"},
    "eol": _UNSAID | {"lf"},
}


class KeptOtherwise(NamedTuple):
    """A file that git keeps with other bytes than it has in the work tree, and the attribute that says so."""

    path: str
    attribute: str


def left_out_by_flux(git: Git, folder: str) -> tuple[str, ...]:
    """List the files below a folder that a `.sourceignore` in or above it leaves out; paths are the folder's own."""
    words = ("-c", "-o", "-i", "-z", f"--exclude-per-directory={_SOURCE_IGNORE}")
    inside = f"{git.inside(folder).rstrip('/')}/"
    listed = git.run("--literal-pathspecs", "ls-files", *words, "--", inside).split(b"\0")
    paths = (item.decode("utf-8", "surrogateescape") for item in listed if item)
    return tuple(sorted(path.removeprefix(inside) for path in paths))


def kept_otherwise(git: Git, paths: Iterable[str]) -> Iterator[KeptOtherwise]:
    """Find files that git keeps otherwise than they are; paths are relative to the folder that git was opened for."""
    asked = b"".join(git.inside(path).encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    if not asked:
        return
    said = (
        git.run("check-attr", "-z", "--stdin", *_CHANGING, stdin=asked).decode("utf-8", "surrogateescape").split("\0")
    )
    for path, attribute, value in zip(said[0::3], said[1::3], said[2::3], strict=False):
        if value not in _CHANGING[attribute]:
            yield KeptOtherwise(path.removeprefix(git.prefix), f"{attribute}={value}".removesuffix("=set"))
