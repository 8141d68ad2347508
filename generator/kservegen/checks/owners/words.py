"""owners.yaml and the catalog in; what in it names nothing, or is held twice, out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Final

from msgspec import Struct

from kservegen.catalog.field_mapping import MODEL_KINDS
from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.catalog.owners import ANY, Owners, Team, lies_in
from kservegen.catalog.sections import GROUP, KINDS
from kservegen.core.diagnostics import Diagnostic, Related
from kservegen.core.document import mapping, value_at
from kservegen.core.jsontypes import JsonObject, Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import CATALOG_FOLDER
from kservegen.core.suggest import did_you_mean, is_slip

# What no word of an entry is, and every entry may say.
_NOT_GUARDED: Final = frozenset({"environments", "kind", "namespace", "owner", "profile"})


class _Held(Struct, frozen=True):
    """A path or namespace that a team holds, and the place in owners.yaml that says so."""

    team: Team
    said: str
    place: Path


def check_owners(catalog: Catalog, file: CatalogDocument) -> Iterator[Diagnostic]:
    """Find names that there are none of, files that are not there, and what two teams hold."""
    owners = Owners.of(file.value)
    words = frozenset(chain.from_iterable(MODEL_KINDS.values())) - _NOT_GUARDED
    yield from _unknown(file, ("platform", "words"), owners.guarded, words, "there is no word {} of a model")
    for team in owners.teams:
        at = ("teams", team.name)
        yield from _mistyped_kinds(file, (*at, "kinds"), team.kinds or ())
        guarded = "{} is no guarded word: every team may use it"
        yield from _unknown(file, (*at, "words"), team.words, owners.guarded, guarded)
        known = (*catalog.environments, *catalog.unreadable, *catalog.bases)
        yield from _unknown(file, (*at, "environments"), team.environments or (), known, "there is no environment {}")
        yield from _quota(file, (*at, "quota"), team.quota, _accelerators(catalog))
        if catalog.complete and "files" in mapping(value_at(file.value, at)):
            yield from _absent(file, team, [document.file for document in catalog.documents])
    yield from _held_twice(file, catalog, owners)


def _accelerators(catalog: Catalog) -> frozenset[str]:
    """Return the accelerators of all environments: a quota is left out where one has none of its name."""
    documents = (document for source in catalog.environments.values() for document in source.documents)
    return frozenset(name for document in documents for name in document.section("accelerators"))


def _quota(file: CatalogDocument, at: Path, quota: JsonObject, accelerators: Collection[str]) -> Iterator[Diagnostic]:
    """Find what a quota says of accelerators that limits nothing anywhere."""
    name = quota.get("accelerator")
    if isinstance(name, str) and name not in accelerators:
        message = "no environment has an accelerator {}, so this limits nothing"
        yield _unknown_name(file, (*at, "accelerator"), name, accelerators, message)
    for word, other in (("accelerator", "limit"), ("limit", "accelerator")):
        if word in quota and other not in quota:
            message = f"{word} limits nothing without {other}"
            path = format_path((*at, word))
            place = file.source.key((*at, word))
            yield by_manual("budget/no-limit", message, place, path=path, hint=f"Add {other}, or remove {word}.")


def _unknown(
    file: CatalogDocument, at: Path, names: Iterable[str], known: Collection[str], message: str
) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        place = (*at, index)
        if name not in known and file.source.has(place):
            yield _unknown_name(file, place, name, known, message)


def _unknown_name(file: CatalogDocument, place: Path, name: str, known: Collection[str], message: str) -> Diagnostic:
    return by_manual(
        "owners/unknown-name",
        message.format(name),
        file.source.value(place),
        path=format_path(place),
        seen=name,
        allowed=", ".join(sorted(known)) or "none",
        hint=did_you_mean(name, known),
    )


def _mistyped_kinds(file: CatalogDocument, at: Path, kinds: Iterable[str]) -> Iterator[Diagnostic]:
    """Find kinds of KServe that are written wrong; what stands beside models may be of any kind."""
    for index, kind in enumerate(kinds):
        name = kind.removeprefix(f"{GROUP}/")
        if name not in KINDS and (name != kind or is_slip(name, KINDS)):
            yield _unknown_name(file, (*at, index), kind, KINDS, "KServe has no kind {}")


def _absent(file: CatalogDocument, team: Team, there: Collection[str]) -> Iterator[Diagnostic]:
    for index, place in enumerate(team.files):
        if place.startswith(f"{CATALOG_FOLDER}/") and not any(lies_in(place, path) for path in there):
            path: Path = ("teams", team.name, "files", index)
            folders = {path.rpartition("/")[0] + "/" for path in there if path.count("/") > 1}
            yield by_manual(
                "owners/no-such-file",
                f"the catalog has nothing at {place}",
                file.source.value(path),
                path=format_path(path),
                seen=place,
                hint=did_you_mean(place, {*there, *folders}),
            )


def _held_twice(file: CatalogDocument, catalog: Catalog, owners: Owners) -> Iterator[Diagnostic]:
    files = [_Held(team, said, _place(team, "files", i)) for team in owners.teams for i, said in enumerate(team.files)]
    yield from _told(file, _nested(files, "/", lambda _one, _other: True))
    spaces = [
        _Held(team, said, _place(team, "namespaces", index))
        for team in owners.teams
        for index, said in enumerate(team.namespaces)
    ]
    lives = {team.name: _environments(catalog, team) for team in owners.teams}

    def meet(one: Team, other: Team) -> bool:
        return not lives[one.name].isdisjoint(lives[other.name])

    yield from _told(file, _nested(spaces, ANY, meet))


def _environments(catalog: Catalog, team: Team) -> frozenset[str]:
    return frozenset(name for name, source in catalog.environments.items() if team.lives_in(source.names))


def _nested(held: Iterable[_Held], end: str, meet: Callable[[Team, Team], bool]) -> Iterator[tuple[_Held, _Held]]:
    """Yield, for each that is held, the first of another team that is the same or takes it in.

    What takes others in has an `end`; teams that never `meet` are in no environment together.
    """
    items = tuple(held)
    by_said: dict[str, list[_Held]] = {}
    for item in items:
        by_said.setdefault(item.said, []).append(item)
    for item in items:
        for said in (item.said, *_around(item.said, end)):
            earlier = (other for other in by_said.get(said, ()) if said != item.said or other.place < item.place)
            other = next((o for o in earlier if o.team is not item.team and meet(item.team, o.team)), None)
            if other is not None:
                yield item, other
                break


def _around(said: str, end: str) -> Iterator[str]:
    """Yield what takes in a name or path: patterns that it begins as, or the folders above it."""
    name = said.removesuffix(ANY)
    for length in range(1, len(name) + 1):
        part = f"{name[:length]}{ANY}" if end == ANY else name[:length]
        if part.endswith(end) and part != said:
            yield part


def _told(file: CatalogDocument, pairs: Iterable[tuple[_Held, _Held]]) -> Iterator[Diagnostic]:
    for item, other in pairs:
        same = "" if item.said == other.said else f", which takes in {item.said}"
        yield by_manual(
            "owners/held-twice",
            f"{other.said} is held by {other.team.name}, too{same}",
            file.source.value(item.place),
            path=format_path(item.place),
            seen=item.said,
            related=(Related(f"{other.team.name} holds it here", file.source.value(other.place)),),
        )


def _place(team: Team, word: str, index: int) -> Path:
    return ("teams", team.name, word, index)
