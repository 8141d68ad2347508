"""The catalog and its environments as loaded: plain data beside the positions it was read from."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.companions import ALL_ENVIRONMENTS, COMPANION_WORDS, CompanionKey
from kservegen.catalog.merge import MergeLayer, locate_merged
from kservegen.catalog.owners import Owners
from kservegen.catalog.sections import EXTRA_MANIFESTS
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.yaml.load import Loaded
from kservegen.formats.yaml.source import SourceMap


class CatalogDocument(Struct, frozen=True, eq=False):
    """One YAML file: its data (a map, also where the file was unusable) and the positions of all that is in it.

    It holds what was `loaded`, where a file was: another state of the catalog does not read the same bytes again.
    """

    file: str
    value: JsonObject
    source: SourceMap
    loaded: Loaded | None = None

    def section(self, name: str) -> JsonObject:
        """Return the map under a top-level word; empty where it is absent or not a map."""
        value = self.value.get(name)
        return value if isinstance(value, dict) else {}


class Fragment(Struct, frozen=True, eq=False):
    """A part of a document that is merged with others: one layer, and the way back to its lines."""

    name: str
    document: CatalogDocument
    path: Path
    value: JsonValue


class Definition(Struct, frozen=True, eq=False):
    """Where an entry (a model, a graph, ...) is defined: its section, its key, its file."""

    section: str
    key: str
    document: CatalogDocument

    @property
    def location(self) -> Location:
        """The line of the entry's key."""
        return self.document.source.key((self.section, self.key))


class EnvironmentSource(Struct, frozen=True, eq=False):
    """One environment's files in merge order, and those beside it.

    First what teams bring (`owners`), then `defaults.yaml` where there is one, then the bases that it extends, last its
    own. `bases` are their names.
    """

    name: str
    documents: tuple[CatalogDocument, ...]
    lock: CatalogDocument | None = None
    inventory: CatalogDocument | None = None
    bases: tuple[str, ...] = ()
    owners: Owners | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What an entry may call it by: its own name, and those of its bases."""
        return (self.name, *self.bases)

    def team_of(self, namespace: str) -> str:
        """Name the team that holds a namespace here; blank for the platform."""
        team = self.owners.holder_of(namespace, self.names) if self.owners is not None else None
        return team.name if team is not None else ""

    @property
    def manifest_folders(self) -> tuple[str, ...]:
        """The folders of `manifests/` that it takes."""
        return (ALL_ENVIRONMENTS, *self.bases, self.name)

    @property
    def own(self) -> CatalogDocument:
        """The environment's own file."""
        return self.documents[-1]


class PlainManifest(Struct, frozen=True, eq=False):
    """An object that stands as it is in a file below `manifests/`.

    `folder` is an environment, a base, or `all`; `words` are the object, `document` has the places of its fields, below
    `path` where it is an item of a List.
    """

    folder: str
    key: CompanionKey
    api_version: str
    document: CatalogDocument
    path: Path
    words: JsonObject

    @property
    def location(self) -> Location:
        """The line of the object's name."""
        return self.document.source.value((*self.path, "metadata", "name"))


class Catalog(Struct, frozen=True, eq=False):
    """Everything that people wrote: the definitions by section and key, and the environments by name.

    `complete` is false while a catalog file cannot be read: what is not defined may stand in it. `unreadable` names the
    environments that are there and are not known, because their own file or a base of theirs cannot be read. `shared`
    is the file whose `shared` lies under the defaults and profiles of every file; None where none has it. `bases` are
    what environments extend, by name, each with the files that lie under it as an environment would have them; None
    for one that cannot be read. `owners` is owners.yaml; None where there is none that can be read. `manifests` are the
    objects of `manifests/`, in the order of their files.
    """

    documents: tuple[CatalogDocument, ...]
    definitions: dict[tuple[str, str], Definition]
    environments: dict[str, EnvironmentSource]
    complete: bool = True
    unreadable: tuple[str, ...] = ()
    shared: CatalogDocument | None = None
    bases: Mapping[str, EnvironmentSource | None] = field(default_factory=dict)
    owners: CatalogDocument | None = None
    manifests: tuple[PlainManifest, ...] = ()

    def source_of(self, name: str) -> EnvironmentSource | None:
        """Return the files of an environment or a base; None where none of that name can be read."""
        return self.environments.get(name) or self.bases.get(name)

    def reached(self, name: str) -> tuple[str, ...]:
        """Return the environments that a name stands for: the one so called, or all that extend the base."""
        return tuple(known for known, source in self.environments.items() if name in source.names)

    @property
    def knows_shared(self) -> bool:
        """Whether all that files share is known: it may stand in a file that cannot be read."""
        return self.complete or self.shared is not None

    def defaults_of(self, document: CatalogDocument, section: str) -> tuple[Fragment, ...]:
        """Return what lies under every entry of a file's section, in merge order: the shared defaults, then its own.

        Defaults are words of models: an object beside them takes its owner and its environments from there alone.
        """
        own = Fragment("defaults", document, ("defaults",), document.section("defaults"))
        found: tuple[Fragment, ...] = (own,)
        if self.shared is not None:
            said = self._shared_part("defaults")
            found = (Fragment("shared defaults", self.shared, ("shared", "defaults"), said), own)
        if section != EXTRA_MANIFESTS:
            return found
        return tuple(replace(part, value=_companion_words(mapping(part.value))) for part in found)

    def profile_of(self, document: CatalogDocument, name: str) -> tuple[Fragment, ...]:
        """Return a profile as a file has it, in merge order: the shared one, then the file's own; empty for none."""
        found = []
        if self.shared is not None and name in (shared := self._shared_part("profiles")):
            found.append(Fragment(f"shared profile {name}", self.shared, ("shared", "profiles", name), shared[name]))
        own = document.section("profiles")
        if name in own:
            found.append(Fragment(f"profile {name}", document, ("profiles", name), own[name]))
        return tuple(found)

    def profiles_of(self, document: CatalogDocument) -> tuple[str, ...]:
        """Return the names of the profiles that a file has, the shared ones first."""
        return tuple(dict.fromkeys((*self._shared_part("profiles"), *document.section("profiles"))))

    def _shared_part(self, word: str) -> JsonObject:
        return {} if self.shared is None else mapping(self.shared.section("shared").get(word))


def _companion_words(words: JsonObject) -> JsonObject:
    return {word: words[word] for word in COMPANION_WORDS if word in words}


def find_fragment(fragments: tuple[Fragment, ...], merged: JsonValue, path: Path) -> tuple[Fragment, Path, bool]:
    """Return the fragment that wrote `path` of the merged value, the path in its document, and if it is exact."""
    place = locate_merged([MergeLayer(f.name, f.value) for f in fragments], merged, path)
    fragment = fragments[place.layer]
    return fragment, (*fragment.path, *place.path), place.exact


def find_location(fragments: tuple[Fragment, ...], merged: JsonValue, path: Path, *, at_key: bool = False) -> Location:
    """Return the line that a human edits to change the value at `path`; for a missing value, its parent's key."""
    fragment, place, exact = find_fragment(fragments, merged, path)
    source = fragment.document.source
    return source.key(place) if at_key or not exact else source.value(place)
