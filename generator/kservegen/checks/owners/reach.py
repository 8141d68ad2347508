"""An environment and the owners in; what entries in files of teams reach that those do not hold out.

A file that no team holds is the platform's, and so is every file of an environment: what these say of a team's entry,
the platform has said. Who may hold what is judged by owners.yaml as it is, and by that of the base of a change: no
change gives itself rights. A file that a change gives to a team is judged by what the base gives to that team, or to
one that it does not list: what no other team holds. What the platform's own file said of an entry is no gain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import find_fragment
from kservegen.catalog.owners import Owners, Team, is_of_kserve
from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.document import text, value_at
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import OWNERS_FILE
from kservegen.core.suggest import did_you_mean

RULE: Final = "owners/beyond-team"
# Parts of an entry that have its words one level down.
_PARTS: Final = ("transformer", "explainer", "worker", "prefill")


class _Reach(Struct, frozen=True):
    """One thing that an entry reaches: what it is, what was seen and is allowed, and where."""

    word: str
    message: str
    seen: str
    allowed: str
    place: Location
    path: Path


def check_reach(
    environment: ResolvedEnvironment, before: tuple[Owners | None, Callable[[], Iterable[Entry]]] | None
) -> Iterator[Diagnostic]:
    """Find what reaches beyond its team.

    `before` are the owners at the base of the change, None where there are none, and its entries in this environment,
    asked for only where a change gives a file to a team and the file reaches beyond.
    """
    base, entries_before = before or (None, tuple)
    now = environment.source.owners
    told = set()

    def tell(owners: Owners, reaches: Iterable[tuple[_Judged, _Reach]]) -> Iterator[Diagnostic]:
        for judged, reach in reaches:
            known = (judged.entry.key, reach.word, reach.seen, reach.place)
            if known not in told:
                told.add(known)
                yield _diagnostic(environment, judged.entry, judged.team, reach, of_base=owners is base)

    if now is not None:
        yield from tell(now, _reaches(environment, now))
    if base is not None:
        yield from tell(base, _reaches(environment, base))
    if base is not None and now is not None:
        given = list(_reaches(environment, base, now))
        platforms = _entries_of_platform(base, entries_before()) if given else {}
        yield from tell(base, (found for found in given if not _is_no_gain(*found, platforms)))


def _reaches(
    environment: ResolvedEnvironment, owners: Owners, given: Owners | None = None
) -> Iterator[tuple[_Judged, _Reach]]:
    """Judge the files that `owners` give to teams, or else those that only `given` gives to one."""
    holders: dict[str, Team | None] = {}
    for entry in environment.entries:
        file = entry.own_location.file
        if file not in holders:
            holder = owners.holder_of_file(file)
            holders[file] = holder if given is None else _given(owners, given, file) if holder is None else None
        team = holders[file]
        if team is not None:
            judged = _Judged(entry, team, file, owners)
            reaches = (judged.environment(environment), judged.namespace(environment), judged.kind(), judged.words())
            for reach in chain.from_iterable(reaches):
                yield judged, reach


def _given(base: Owners, now: Owners, file: str) -> Team | None:
    """Return the team that holds a file now, with what the base lets it hold; None where none holds it."""
    holder = now.holder_of_file(file)
    if holder is None:
        return None
    known = next((team for team in base.teams if team.name == holder.name), None)
    return known or Team(name=holder.name, namespaces=holder.namespaces, environments=holder.environments)


def _entries_of_platform(base: Owners, entries: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    platforms = (entry for entry in entries if base.holder_of_file(entry.own_location.file) is None)
    return {(entry.section, entry.key): entry for entry in platforms}


def _is_no_gain(judged: _Judged, reach: _Reach, before: Mapping[tuple[str, str], Entry]) -> bool:
    """Whether the base has the entry in a file of the platform's, and it reaches as far there."""
    entry = judged.entry
    old = before.get((entry.section, entry.key))
    if old is None:
        return False
    if reach.word == "word":
        return value_at(old.words, reach.path) is not None
    if reach.word == "namespace":
        return old.namespace == entry.namespace and judged.others_of(entry.namespace) is None
    return reach.word == "kind" and old.info == entry.info


class _Judged(Struct, frozen=True):
    """An entry, the team whose file it stands in, and that file."""

    entry: Entry
    team: Team
    file: str
    owners: Owners

    def environment(self, environment: ResolvedEnvironment) -> Iterator[_Reach]:
        if not self.team.lives_in(environment.source.names):
            allowed = ", ".join(self.team.environments or ())
            yield self._at("environments", environment.name, f"is not in {environment.name}", allowed)

    def namespace(self, environment: ResolvedEnvironment) -> Iterator[_Reach]:
        entry, namespace = self.entry, self.entry.namespace
        if not namespace:
            return
        other = self.others_of(namespace)
        taken = None if self.team in self.owners.teams else self.owners.holder_of(namespace, environment.source.names)
        if self.team.holds_namespace(namespace) and taken is None:
            return
        if "/" not in entry.key and self._said_by_environment(("namespace",)):
            return
        said = f"does not hold namespace {namespace}" + (f", {other.name} does" if other else "")
        allowed = ", ".join(self.team.namespaces) if taken is None else "namespaces that the base gives to no team"
        yield self._at("namespace", namespace, said, allowed)

    def others_of(self, namespace: str) -> Team | None:
        """Return another team that holds a namespace; None where there is none."""
        return next((t for t in self.owners.teams if t.holds_namespace(namespace) and t != self.team), None)

    def kind(self) -> Iterator[_Reach]:
        info = self.entry.info
        if not self.team.holds_kind(info):
            kinds = self.team.kinds
            allowed = (
                "KServe's kinds that have a namespace; others by name, in `kinds`"
                if kinds is None
                else ", ".join(kinds)
            )
            yield self._at("kind", info.kind, f"does not hold kind {info.kind}", allowed)

    def words(self) -> Iterator[_Reach]:
        """Look at what the team's own file says, also where another layer lies over it."""
        allowed = ", ".join(self.team.words)
        for fragment in self.entry.fragments:
            if fragment.document.file != self.file:
                continue
            source = fragment.document.source
            for word in self.owners.guarded if is_of_kserve(self.entry.info) else ():
                for path in ((word,), *((part, word) for part in _PARTS)):
                    if word not in self.team.words and value_at(fragment.value, path) is not None:
                        place = source.key((*fragment.path, *path))
                        yield _Reach("word", f"may not use the word {word}", word, allowed, place, path)
            owner = text(value_at(fragment.value, ("owner",)))
            if owner and owner != self.team.name:
                place = source.value((*fragment.path, "owner"))
                yield _Reach(
                    "owner", f"has an entry that says owner: {owner}", owner, self.team.name, place, ("owner",)
                )

    def _at(self, word: str, seen: str, message: str, allowed: str) -> _Reach:
        """Point at a word where the team's file says it, else at the entry."""
        entry, place = self.entry, self.entry.own_location
        ways: tuple[Path, ...] = ((word,), ("metadata", word))  # as words, and as a plain manifest says it
        path = next((way for way in ways if value_at(entry.words, way) is not None), ())
        if path and not (path == ("namespace",) and "/" in entry.key):
            there = entry.locate(path)
            place = there if there.file == self.file else place
        return _Reach(word, message, seen, allowed, place, (word,))

    def _said_by_environment(self, path: Path) -> bool:
        fragment, *_ = find_fragment(self.entry.fragments, self.entry.words, path)
        return fragment.name == fragment.document.file  # layers of environments are called as their files


def _diagnostic(
    environment: ResolvedEnvironment, entry: Entry, team: Team, reach: _Reach, *, of_base: bool
) -> Diagnostic:
    by = f"by {OWNERS_FILE} of the base of this change, " if of_base else ""
    hint = f"What a change of {OWNERS_FILE} gives counts from the next change on: merge it first." if of_base else ""
    if not hint and reach.word == "namespace":
        hint = did_you_mean(reach.seen, team.named_namespaces)
    found = by_manual(
        RULE,
        f"{by}{team.name} {reach.message}",
        reach.place,
        path=format_path((entry.section, entry.key, *reach.path)),
        seen=reach.seen,
        allowed=reach.allowed or "none",
        hint=hint or _HINTS.get(reach.word, ""),
        environments=(environment.name,),
        cause=f"{of_base}/{team.name}/{reach.word}/{reach.seen}",
    )
    return replace(found, entries=(entry.key,))


_HINTS: Final[Mapping[str, str]] = {
    "owner": "Remove the word, or move the entry to a file of its owner; docs/teams.md says how two teams become one.",
    "word": f"Say it in other words, or have the platform add it to the team's words in {OWNERS_FILE}.",
    "environments": "Name the environments that the entry lives in, or have the platform add this one to the team.",
}
