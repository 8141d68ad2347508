"""The source commit and where a branch is in; what a commit builds on there out, or who was there first."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern
from kservegen.git.process import Git
from kservegen.git.remote import fetch_commit, leads_to
from kservegen.render.commit.source import CATALOG, RenderSource

TRAILER_SOURCE: Final = "Kservegen-Source"
TRAILER_CATALOG: Final = "Kservegen-Catalog"
TRAILER_BRANCH: Final = "Kservegen-Branch"
_COMMIT: Final = lazy_pattern("[0-9a-f]{40}|[0-9a-f]{64}")


class Base(NamedTuple):
    """The parents of a commit, and the commit whose other files it keeps (empty: none)."""

    parents: tuple[str, ...]
    tree_of: str


class Superseded(NamedTuple):
    """The branch holds what came later already; `why` says so to people."""

    why: str


FoundBase: TypeAlias = Base | Superseded


class Question(NamedTuple):
    """What decides about a base: the clone, the remote to ask for more history, the source, the branch's name.

    `is_in_place` says that the branch is the source's own. `allow_unrelated` goes on where the branch was rendered from
    a commit that is not in the source's history.
    """

    git: Git
    source: RenderSource
    branch: str
    remote: str
    is_in_place: bool
    allow_unrelated: bool


def choose_base(ask: Question, tip: str | None) -> FoundBase:
    """Say what a commit on a branch that carries the source, or may, builds on.

    - The branch holds the source already: on its tip, unless its catalog has moved on since.
    - The branch is the source's own and its remote is behind, or it is not there yet: on the source.
    - Kservegen started the branch (for a pull request), and all that the source lacks is kservegen's: on both.
    - Else the commits of the source are not ours to bring there.
    """
    git, source = ask.git, ask.source.name
    if tip is None or tip == source:
        return Base((source,), source)
    relation = _relation(ask, tip)
    if relation is _Relation.AHEAD:
        if _catalog(git, tip) == _catalog(git, source):
            return Base((tip,), tip)
        return Superseded(
            f"{ask.branch} has moved on to {tip[:12]}, whose catalog differs from {source[:12]}: its own run renders it"
        )
    if relation is _Relation.BEHIND and (ask.is_in_place or _is_own(git, tip, ask.branch)):
        return Base((source,), source)
    if relation is _Relation.BEHIND:
        raise GeneratorError(
            f"lacks commits that lead to {source[:12]}, and they would come with the output",
            subject=ask.branch,
            hint="Merge them first. Only a branch that kservegen started, for a pull request, takes the source in.",
        )
    if not _catalog(git, tip):
        return check_order(ask, last_source(git, tip)) or Base((tip,), tip)
    foreign = _commits_of_others(git, source, tip)
    if foreign:
        raise GeneratorError(
            f"has parted from {source[:12]}: {len(foreign)} commits there are not kservegen's, {foreign[0][:12]} first",
            subject=ask.branch,
            hint="Merge or rebase, then run the command again. Nothing is forced.",
        )
    return check_order(ask, last_source(git, tip)) or Base((tip, source), source)


class _Relation(Enum):
    """How a branch stands to the source: it has it, it is in its history, or neither."""

    AHEAD = 1
    BEHIND = 2
    PARTED = 3


def _relation(ask: Question, tip: str) -> _Relation:
    for remote in ("", ask.remote):  # history is fetched only where what is here does not tell
        if leads_to(ask.git, ask.source.name, tip, remote):
            return _Relation.AHEAD
        if leads_to(ask.git, tip, ask.source.name, remote):
            return _Relation.BEHIND
    return _Relation.PARTED


def check_order(ask: Question, other: str) -> Superseded | None:
    """Hold the source against the one that a branch was rendered from: never put the older on top of the newer.

    GeneratorError where neither led to the other.
    """
    git, source = ask.git, ask.source.name
    if not other or other == source or ask.allow_unrelated:
        return None
    known = fetch_commit(git, other, ask.remote) if ask.remote else True
    if known and leads_to(git, other, source, ask.remote):
        return None
    if known and leads_to(git, source, other, ask.remote):
        return Superseded(f"{ask.branch} was rendered from {other[:12]}, which is newer than {source[:12]}")
    raise GeneratorError(
        f"was rendered from {other[:12]}, which is not in the history of {source[:12]}",
        subject=ask.branch,
        hint="If this commit shall replace it all the same, say --allow-unrelated.",
    )


def last_source(git: Git, tip: str) -> str:
    """Return the source that the newest of kservegen's commits on a branch names; empty where there is none."""
    shown = git.text("log", "-1", f"--grep=^{TRAILER_SOURCE}: ", f"--format={_trailer(TRAILER_SOURCE)}", tip)
    return shown.strip() if _COMMIT.fullmatch(shown.strip()) else ""


def _is_own(git: Git, tip: str, branch: str) -> bool:
    """Whether kservegen started the branch: one of its commits says so."""
    shown = git.text("log", f"--grep=^{TRAILER_BRANCH}: ", f"--format={_trailer(TRAILER_BRANCH)}", tip)
    return branch in shown.split("\n")


def _trailer(key: str) -> str:
    return f"%(trailers:key={key},valueonly,separator=%x20)"


def _catalog(git: Git, commit: str) -> bytes:
    paths = [git.inside(path) for path in CATALOG]
    return git.run("ls-tree", "-z", "--full-tree", commit, "--", *paths)


def _commits_of_others(git: Git, source: str, tip: str) -> list[str]:
    """List the commits that the source lacks and kservegen did not make, newest first."""
    lines = git.text("log", f"--format=%H {_trailer(TRAILER_SOURCE)}", f"{source}..{tip}").split("\n")
    pairs = (line.partition(" ") for line in lines if line)
    return [name for name, _, trailer in pairs if not _COMMIT.fullmatch(trailer.strip())]
