"""The owners before a change and after it in; what it gives and takes out, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.owners import PLATFORM, Owners, Team, holds, lies_in
from kservegen.catalog.sections import KINDS

# What a team may do with one thing that it holds: file, namespace, kind, word, environment.
_DEEDS: Final = ("hold file", "hold namespace", "hold kind", "use", "be in")
_ALL: Final = "every environment"


def holdings_changed(before: Owners | None, after: Owners | None) -> Iterator[str]:
    """Say what a change of owners.yaml gives and takes; nothing where it changes none of that."""
    if before == after:
        return
    if before is None or after is None:
        listed = before or after
        count = len(listed.teams) if listed is not None else 0
        teams = f"{count} {'team' if count == 1 else 'teams'}"
        yield f"{teams} from now on" if before is None else f"{teams} no longer: every file may hold everything"
        return
    old, new = ({team.name: team for team in owners.teams} for owners in (before, after))
    yield from (f"{word} is a guarded word" for word in after.guarded if word not in before.guarded)
    yield from (f"every team may use {word}" for word in before.guarded if word not in after.guarded)
    yield from _reviewers(PLATFORM, before.reviewers, after.reviewers)
    if (before.labelled, before.codeowners) != (after.labelled, after.codeowners):
        yield "what the platform says of all teams changes"
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{name} is a new team{_with(new[name])}"
            yield from _beyond_any(new[name])
        elif name not in new:
            yield f"{name} is no team any more{_with(old[name])}"
        else:
            yield from _team(old[name], new[name])
        if name in new:
            yield from _taken(before, new[name], old.get(name, Team(name=name)))


def _beyond_any(team: Team) -> Iterator[str]:
    """Say what a new team may do that not every one may."""
    of_all = [info.kind for info in KINDS.values() if info.namespaced]
    yield from (f"{team.name} may hold kind {kind}" for kind in team.kinds or () if kind not in of_all)
    yield from (f"{team.name} may use {word}" for word in team.words)


def _taken(before: Owners, now: Team, was: Team) -> Iterator[str]:
    """Say what a team now holds that another held before."""
    for other in (team for team in before.teams if team.name != now.name):
        for what, names, known, others, takes_in in (
            ("file", now.files, was.files, other.files, lies_in),
            ("namespace", now.namespaces, was.namespaces, other.namespaces, holds),
        ):
            for name in names:
                if name not in known and any(takes_in(name, each) or takes_in(each, name) for each in others):
                    yield f"{now.name} takes {what} {name} from {other.name}"


def _team(old: Team, new: Team) -> Iterator[str]:
    for deed, was, now in zip(_DEEDS, _held(old), _held(new), strict=True):
        yield from (f"{new.name} may {deed} {each}" for each in now if each not in was)
        yield from (f"{new.name} may no longer {deed} {each}" for each in was if each not in now)
    if old.quota != new.quota:
        yield f"the quota of {new.name} changes"
    yield from _reviewers(new.name, old.reviewers, new.reviewers)


def _held(team: Team) -> tuple[tuple[str, ...], ...]:
    kinds = tuple(info.kind for info in KINDS.values() if info.namespaced) if team.kinds is None else team.kinds
    environments = (_ALL,) if team.environments is None else team.environments
    return team.files, team.namespaces, kinds, team.words, environments


def _with(team: Team) -> str:
    return f" ({', '.join(team.namespaces)})" if team.namespaces else ""


def _reviewers(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    if before != after:
        yield f"reviewers of {name}: {', '.join(before) or 'none'} -> {', '.join(after) or 'none'}"
