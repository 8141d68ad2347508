"""What KServe makes of an object, as rules look at it: fields of made documents lead to the line to edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from kservegen.checks.rules._cached import cached
from kservegen.checks.rules.base import Context, Problem
from kservegen.core.document import child, mapping, sequence
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin, Resource
from kservegen.kserve.controllers.made import KSERVE, KUBERNETES, STORED, Made, MadePod, source_of, source_text

# Where a field that somebody else brought is told: the model asked for it, or else the component did.
_HOMES: Final[tuple[Path, ...]] = (("spec", "predictor", "model"), ("spec", "predictor"), ("spec", "model"), ("spec",))


class Place(Struct, frozen=True):
    """Where a field of a made document is to be edited.

    `path` is a path of the stored object. `source` says who brought the field where the object does not state it
    itself, as in `ClusterServingRuntime kserve-lgbserver: spec.containers[0].image`; blank where it does.
    """

    path: Path
    source: str

    @property
    def told(self) -> str:
        """Words that a message ends with."""
        return f" (comes from {self.source})" if self.source else ""


class MadeView(Struct, frozen=True):
    """What is made of one object."""

    resource: Resource
    made: Made

    def pods(self) -> list[MadePod]:
        """List the pods that are not refused."""
        return [pod for pod in self.made.pods if pod.pod is not None]

    def where(self, origins: Iterable[Origin], path: Path) -> Place:
        """Return the place of a field of a made document, whose origins are given."""
        origins = tuple(origins)
        place = self.at_source(source_of(path, origins))
        if not place.source:
            return place
        above = [origin for origin in origins if path[: len(origin.built)] == origin.built and _is_stored(origin.words)]
        nearest = max(above, key=lambda origin: len(origin.built), default=None)
        return place if nearest is None else Place(nearest.words[1:], place.source)

    def at_source(self, source: Path) -> Place:
        """Return the place of a field whose source is known; that of the model where nobody states it there."""
        if _is_stored(source):
            return Place(source[1:], "")
        home = next((home for home in _HOMES if self._has(home)), ())
        return Place(home, source_text(source) if source and source[0] not in (KSERVE, KUBERNETES) else "")

    def _has(self, path: Path) -> bool:
        value = self.resource.doc
        for part in path:
            found = child(value, part)
            if not isinstance(found, dict):
                return False
            value = found
        return True


@cached
def pods_made(resource: Resource, context: Context) -> tuple[tuple[MadeView, MadePod], ...]:
    """List the pods that are made of an object and not refused."""
    view = made_of(resource, context)
    return () if view is None else tuple((view, pod) for pod in view.pods())


class ContainerMade(Struct, frozen=True):
    """A container of a made pod, the ones that run before the others among them, and its path there."""

    view: MadeView
    pod: MadePod
    container: JsonObject
    path: Path

    def where(self, *path: str | int) -> Place:
        """Return the place of a field of the container."""
        return self.view.where(self.pod.origins, (*self.path, *path))


@cached
def containers_made(resource: Resource, context: Context) -> tuple[ContainerMade, ...]:
    """List all containers of the pods that are made of an object and not refused."""
    return tuple(
        ContainerMade(view, made, mapping(item), ("spec", section, index))
        for view, made in pods_made(resource, context)
        for section in ("initContainers", "containers")
        for index, item in enumerate(sequence(mapping(mapping(made.pod).get("spec")).get(section)))
    )


def once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Leave out what is said of a field of which something was said: several pods are made of one."""
    told: set[Path] = set()
    for problem in problems:
        if problem.path not in told:
            told.add(problem.path)
            yield problem


@cached
def made_of(resource: Resource, context: Context) -> MadeView | None:
    """Return what KServe makes of an object; None where nothing is made of it, or its installation is not known."""
    made = context.simulation.made(resource)
    return None if made is None else MadeView(resource, made)


def _is_stored(source: Path) -> bool:
    return len(source) > 1 and source[0] == STORED
