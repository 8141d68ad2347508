"""What was made of an object in one cluster, made once for all clusters in which it would come out the same.

Controllers are functions of the stored object, of KServe as it is installed, and of what they look up beside it. What
they look up is noted; where an object is the same one, KServe is installed alike and every lookup finds the same, what
was made before is what would be made again. Made objects are never changed, so several may hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane, InstalledObjects
from kservegen.kserve.controllers.made import Made, Surroundings
from kservegen.kserve.controllers.reconcile import make_objects
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.releases import Release

_Derived = TypeVar("_Derived")

# Objects beyond this number are made anew in each cluster: some 27 KB each are held.
_MOST: Final = 2048


# What was looked up, one object by its kind, namespace and name, or without a name all of a kind; and what was found.
Found: TypeAlias = dict[tuple[str, str | None, str | None], JsonObject | list[JsonObject] | None]


class _Installed(Struct, frozen=True, eq=False):
    """KServe as it is installed, whatever stands beside it."""

    release: Release
    settings: ControllerSettings
    objects: InstalledObjects

    def is_like(self, other: _Installed) -> bool:
        """Whether controllers cannot tell the two apart."""
        own, theirs = self.settings, other.settings
        return (
            self.release is other.release
            and (own.sections, own.stated, own.namespace) == (theirs.sections, theirs.stated, theirs.namespace)
            and (self.objects.documents, self.objects.presets) == (other.objects.documents, other.objects.presets)
        )


class _Known(Struct, frozen=True):
    """What was made of an object; `source` is held so that no other object takes its identity."""

    source: JsonObject
    installed: _Installed
    found: Found
    made: Made | None


class SharedMade:
    """Makes objects for several clusters, those of one catalog; each object is known by its identity.

    What was made of the first `most` objects is kept; a cluster that shares with no other has no use for it.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[int, list[_Known]] = {}
        self._installed: list[tuple[_Installed, _Installed]] = []
        # By the identity of what was made, which is held above, and what was asked.
        self._derived: dict[tuple[int, Hashable], Any] = {}

    def make(
        self, source: JsonObject, stored: Callable[[], JsonObject], plane: ControlPlane
    ) -> tuple[Made | None, Found]:
        """Return what KServe makes of an object, and what it looked up for that.

        `stored` returns the object as the API server stores it.
        """
        installed = self._first_alike(plane)
        known = self._known.get(id(source), [])
        for item in known:
            if item.installed is installed and _finds(plane.beside, item.found):
                return item.made, item.found
        noted = _NotedSurroundings(plane.beside)
        made = make_objects(stored(), replace(plane, beside=noted))
        if known or len(self._known) < self._most:
            self._known.setdefault(id(source), []).append(_Known(source, installed, noted.found, made))
        return made, noted.found

    def derived(self, source: JsonObject, made: Made, what: Hashable, derive: Callable[[], _Derived]) -> _Derived:
        """Return what follows from a stored object and from what was made of it, and from nothing else.

        It is found out once for all clusters in which the very same was made of the object.
        """
        key = (id(made), what)
        if key in self._derived:
            known: _Derived = self._derived[key]
            return known
        found = derive()
        if any(item.made is made for item in self._known.get(id(source), ())):
            self._derived[key] = found
        return found

    def forget(self) -> None:
        """Let go of what was made so far: who comes now has none of it."""
        self._known.clear()
        self._derived.clear()

    def _first_alike(self, plane: ControlPlane) -> _Installed:
        """Return the first that was seen of all installations that are alike."""
        for seen, first in self._installed:
            if seen.settings is plane.settings and seen.objects is plane.installed and seen.release is plane.release:
                return first
        own = _Installed(plane.release, plane.settings, plane.installed)
        first = next((known for known, _ in self._installed if known.is_like(own)), own)
        self._installed.append((own, first))
        return first


def _finds(beside: Surroundings, noted: Found) -> bool:
    for (kind, namespace, name), before in noted.items():
        found = beside.all(kind, namespace) if name is None else beside.find(kind, namespace or "", name)
        if found != before:
            return False
    return True


class _NotedSurroundings(Surroundings):
    """Surroundings that note what is looked up in them."""

    def __init__(self, inner: Surroundings) -> None:
        super().__init__()
        self._inner = inner
        self.found: Found = {}

    def find(self, kind: str, namespace: str, name: str) -> JsonObject | None:
        result = self.found[kind, namespace, name] = self._inner.find(kind, namespace, name)
        return result

    def all(self, kind: str, namespace: str | None = None) -> list[JsonObject]:
        result = self.found[kind, namespace, None] = self._inner.all(kind, namespace)
        return result
