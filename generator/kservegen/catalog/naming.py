"""A catalog in; out what its entries name and there is none of, and profiles that are written twice: each told once.

Where an entry lives and which profiles it takes does not hang on the environment that asks, so this is no business of
resolving: 457 entries that name one absent profile are one finding with its places.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from kservegen.catalog.companions import COMPANION_WORDS
from kservegen.catalog.extending import unused_bases
from kservegen.catalog.model import Catalog, CatalogDocument
from kservegen.catalog.owners import Owners
from kservegen.catalog.sections import EXTRA_MANIFESTS, SECTIONS
from kservegen.catalog.stages import check_stages
from kservegen.core.diagnostics import Diagnostic, FindingPlace, Fix, FixChange, Location, Related
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue, Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.repository import CATALOG_FILE, OWNERS_FILE
from kservegen.core.suggest import did_you_mean
from kservegen.formats.jsonschema.suggestions import certain


class _Place(NamedTuple):
    """Where a file says something, and the entry's key; blank where it is said for several."""

    document: CatalogDocument
    path: Path
    key: str = ""

    @property
    def location(self) -> Location:
        """The line of the value."""
        return self.document.source.value(self.path)


def check_names(catalog: Catalog) -> Iterator[Diagnostic]:
    """Find profiles, environments, teams and stages that are named and not there, or said twice."""
    yield from _absent_profiles(catalog)
    yield from _lists_of_environments(catalog)
    yield from _repeated_profiles(catalog)
    yield from _absent_teams(catalog)
    yield from check_stages(catalog)


def _absent_profiles(catalog: Catalog) -> Iterator[Diagnostic]:
    if not catalog.knows_shared:
        return
    absent: dict[str, tuple[CatalogDocument, list[_Place]]] = {}
    for own, place, value in (*_said(catalog, "profile"), *_said_over(catalog, "profile")):
        for name, where in _names(place, value):
            if not catalog.profile_of(own, name):
                absent.setdefault(name, (own, []))[1].append(where)
    for name, (own, places) in absent.items():
        known = catalog.profiles_of(own)
        elsewhere = sorted({d.file for d in catalog.documents if name in d.section("profiles")})
        if elsewhere:
            hint = f"{elsewhere[0]} has it for itself: move it to shared.profiles in {CATALOG_FILE}."
        else:
            where_to = f"under profiles in {own.file}, or for all files under shared.profiles in {CATALOG_FILE}"
            hint = did_you_mean(name, known, f"Define {name} {where_to}.")
        told = _told("catalog/unknown-profile", f"there is no profile {name} in {own.file}", name, places, known)
        yield replace(told, allowed=", ".join(known) or "no profile is defined", hint=hint)


def _lists_of_environments(catalog: Catalog) -> Iterator[Diagnostic]:
    """Find names of environments that there are none of, lists that reach none, and bases that nothing extends."""
    known = (*catalog.environments, *catalog.unreadable, *catalog.bases)
    absent: dict[str, list[_Place]] = {}
    reaching_none: dict[tuple[str, ...], list[_Place]] = {}
    for _, place, value in _said(catalog, "environments"):
        names = dict(_names(place, value))
        for name, where in names.items():
            if name not in known:
                absent.setdefault(name, []).append(where)
        is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
        if is_list and not any(_may_reach(catalog, name) for name in names):
            reaching_none.setdefault(tuple(names), []).append(place)
    for name, places in absent.items():
        told = _told("catalog/unknown-environment", f"there is no environment {name}", name, places, known)
        hint = did_you_mean(name, known, f"Write environments/{name}.yaml, or remove the name.")
        yield replace(told, allowed=", ".join(sorted(known)), hint=hint)
    for listed, places in reaching_none.items():
        if absent.keys().isdisjoint(listed):
            yield _reaches_none(listed, places)
    yield from unused_bases(catalog, {name for listed in reaching_none for name in listed})


def _absent_teams(catalog: Catalog) -> Iterator[Diagnostic]:
    """Find owners of entries that are no teams, where teams are listed."""
    if catalog.owners is None:
        return
    known = Owners.of(catalog.owners.value).names
    absent: dict[str, list[_Place]] = {}
    for _, place, value in (*_said(catalog, "owner"), *_said_over(catalog, "owner")):
        if isinstance(value, str) and value not in known:
            absent.setdefault(value, []).append(place)
    for name, places in absent.items():
        told = _told(
            "owners/unknown-team", f"there is no team {name or 'of a blank name'} in {OWNERS_FILE}", name, places
        )
        yield replace(told, allowed=", ".join(known), hint=did_you_mean(name, known, told.hint))


def _may_reach(catalog: Catalog, name: str) -> bool:
    """Whether a name stands for an environment, or may: what cannot be read may extend the base."""
    return bool(name in catalog.unreadable or catalog.reached(name) or (name in catalog.bases and catalog.unreadable))


def _reaches_none(names: tuple[str, ...], places: list[_Place]) -> Diagnostic:
    listed = ", ".join(names)
    message = f"no environment extends {listed}" if names else "the list of environments is empty"
    told = _told("catalog/reaches-no-environment", message, f"[{listed}]", places)
    remove = "Remove the word for all environments, or take the entry out."
    return replace(told, hint=f"Write extends: [{names[0]}] in an environment, or name one." if names else remove)


def _repeated_profiles(catalog: Catalog) -> Iterator[Diagnostic]:
    """Find profiles of one name that say the same in several files: an edit of one leaves the others behind."""
    written: dict[str, list[tuple[_Place, JsonValue]]] = {}
    if catalog.shared is not None:
        for name, words in mapping(catalog.shared.section("shared").get("profiles")).items():
            written[name] = [(_Place(catalog.shared, ("shared", "profiles", name)), words)]
    for document in catalog.documents:
        for name, words in document.section("profiles").items():
            written.setdefault(name, []).append((_Place(document, ("profiles", name)), words))
    for name, places in written.items():
        alike: dict[str, list[_Place]] = {}
        for place, words in places if len(places) > 1 else ():
            alike.setdefault(json.dumps(words, sort_keys=True), []).append(place)
        yield from (_repeated(name, same) for same in alike.values() if len(same) > 1)


def _repeated(name: str, places: list[_Place]) -> Diagnostic:
    here = [(place, place.document.source.key(place.path)) for place in places]
    shared = here[0] if places[0].path[0] == "shared" else None
    wrong = here[1:] if shared else here
    kept = f"Remove it here: shared.profiles in {places[0].document.file} is every file's."
    return replace(
        by_manual(
            "catalog/repeated-profile",
            f"profile {name} is written {len(places):,} times with the same words",
            min(location for _, location in wrong),
            path=format_path(wrong[0][0].path),
            hint=kept if shared else f"Write it once, under shared.profiles in {CATALOG_FILE}.",
            related=(Related("this one is every file's", shared[1]),) if shared else (),
        ),
        places=_all_of(wrong),
    )


_Saying: TypeAlias = tuple[CatalogDocument, _Place, JsonValue]  # the file of the entry, where, and what


def _said(catalog: Catalog, word: str) -> Iterator[_Saying]:
    """Yield where a word of entries is said; what defaults say once, for the first entry that takes it from there."""
    seen: set[_Place] = set()
    for (section, key), definition in catalog.definitions.items():
        if section == EXTRA_MANIFESTS and word not in COMPANION_WORDS:
            continue  # a field of the object
        document = definition.document
        own = mapping(document.section(section).get(key))
        if word in own:
            yield document, _Place(document, (section, key, word), key), own[word]
            continue
        for part in reversed(catalog.defaults_of(document, section)):
            words = mapping(part.value)
            if word in words:
                place = _Place(part.document, (*part.path, word))
                if place not in seen:
                    seen.add(place)
                    yield document, place, words[word]
                break


def _said_over(catalog: Catalog, word: str) -> Iterator[_Saying]:
    """Yield where the files of environments say a word of entries."""
    files = {document.file: document for source in catalog.environments.values() for document in source.documents}
    for over in files.values():
        for section in SECTIONS:
            for key, words in over.section(section).items():
                definition = catalog.definitions.get((section, key))
                if definition is not None and word in mapping(words):
                    yield definition.document, _Place(over, (section, key, word), key), mapping(words)[word]


def _names(place: _Place, value: JsonValue) -> Iterator[tuple[str, _Place]]:
    if isinstance(value, str):
        yield value, place
    elif isinstance(value, list):
        for index, name in enumerate(value):
            if isinstance(name, str):
                yield name, place._replace(path=(*place.path, index))


def _told(rule: str, message: str, name: str, places: list[_Place], known: Iterable[str] = ()) -> Diagnostic:
    """Say it of the first place, with all of them; where one of the `known` names must be meant, each is mended."""
    first = min(places, key=lambda place: place.location)
    told = by_manual(rule, message, first.location, path=format_path(first.path), seen=name)
    entries = tuple(dict.fromkeys(place.key for place in places if place.key))
    meant = certain(name, known)
    fixes = tuple(Fix(FixChange.REPLACE, place.path, meant, place.document.file) for place in places) if meant else ()
    return replace(told, entries=entries, places=_all_of((place, place.location) for place in places), fixes=fixes)


def _all_of(places: Iterable[tuple[_Place, Location]]) -> tuple[FindingPlace, ...]:
    """Return the places of a finding, none where it is the only one."""
    found = [
        FindingPlace(location, format_path(place.path), entries=(place.key,) if place.key else ())
        for place, location in places
    ]
    return tuple(sorted(found, key=lambda place: place.location)) if len(found) > 1 else ()
