"""A pod spec that a controller changes on its way: a part of the combined spec in, a copy of what is changed out."""

from __future__ import annotations

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin, trace
from kservegen.kserve.controllers.made import CONFIG_MAP, DERIVED, KSERVE, STORED, Traced


class LlmPod:
    """A pod spec in hand; what it was made from is never written to."""

    def __init__(self, part: Traced) -> None:
        self.spec: JsonObject = dict(part.value)
        self.origins: list[Origin] = list(part.origins)
        self._own: dict[int, JsonArray | JsonObject] = {}

    def items(self, owner: JsonObject, field: str) -> JsonArray:
        """Return a list of a map that is ours, as ours; made where it is missing."""
        found = owner.get(field)
        if found is not None and id(found) in self._own and isinstance(found, list):
            return found
        mine = list(sequence(found))
        owner[field] = mine
        self._own[id(mine)] = mine
        return mine

    def map(self, owner: JsonObject, field: str) -> JsonObject:
        """Return a map of a map that is ours, as ours; made where it is missing."""
        found = owner.get(field)
        if found is not None and id(found) in self._own and isinstance(found, dict):
            return found
        mine = dict(mapping(found))
        owner[field] = mine
        self._own[id(mine)] = mine
        return mine

    def container(self, name: str, field: str = "containers") -> JsonObject | None:
        """Return the first container of a name, ours to change; None where there is none."""
        place = self.place(name, field)
        if place is None:
            return None
        items = self.items(self.spec, field)
        found = items[place]
        if id(found) in self._own and isinstance(found, dict):
            return found
        mine = dict(mapping(found))
        items[place] = mine
        self._own[id(mine)] = mine
        return mine

    def place(self, name: str, field: str = "containers") -> int | None:
        """Say at which place the first container of a name stands."""
        found = sequence(self.spec.get(field))
        return next((place for place, item in enumerate(found) if mapping(item).get("name") == name), None)

    def add(self, field: str, item: JsonObject, source: Path = (KSERVE,)) -> None:
        """Append to a list of the pod spec."""
        items = self.items(self.spec, field)
        self.origins.append(Origin((field, len(items)), source))
        items.append(item)

    def add_to(self, container: JsonObject, field: str, item: JsonValue, source: Path = (KSERVE,)) -> None:
        """Append to a list of a container that is ours."""
        items = self.items(container, field)
        if (at := self._path(container)) is not None:
            self.origins.append(Origin((*at, field, len(items)), source))
        items.append(item)

    def put_first(self, container: JsonObject, field: str, added: JsonArray, source: Path = (KSERVE,)) -> None:
        """Put items in front of a list of a container; what stood there keeps its sources."""
        items = self.items(container, field)
        if (at := self._path(container)) is not None:
            old = [origin for origin in self.origins if origin.built[: len(at) + 1] == (*at, field)]
            whole = trace((*at, field), self.origins)
            self.origins = [origin for origin in self.origins if origin not in old]
            self.origins.append(Origin((*at, field), source))
            for place in range(len(items)):
                self.origins.append(Origin((*at, field, place + len(added)), (*whole, place)))
        items[:0] = added

    def put(self, container: JsonObject, field: str, value: JsonValue, source: Path = (KSERVE,)) -> None:
        """Set a field of a container that is ours."""
        container[field] = value
        if (at := self._path(container)) is not None:
            self.origins.append(Origin((*at, field), source))

    def set(self, field: str, value: JsonValue, source: Path = (KSERVE,)) -> None:
        """Set a field of the pod spec."""
        self.spec[field] = value
        self.origins.append(Origin((field,), source))

    def drop(self, field: str, name: str) -> None:
        """Take a container out of a list."""
        if (place := self.place(name, field)) is None:
            return
        items = self.items(self.spec, field)
        del items[place]
        if not items:
            del self.spec[field]
        self.origins = [moved for origin in self.origins if (moved := _without(origin, field, place)) is not None]

    def has_mount(self, container: JsonObject, *, volume: str) -> bool:
        """Whether a container mounts a volume."""
        return any(mapping(mount).get("name") == volume for mount in sequence(container.get("volumeMounts")))

    def has_volume(self, name: str) -> bool:
        """Whether the pod has a volume."""
        return any(mapping(volume).get("name") == name for volume in sequence(self.spec.get("volumes")))

    def _path(self, container: JsonObject) -> Path | None:
        for field in ("containers", "initContainers"):
            for place, item in enumerate(sequence(self.spec.get(field))):
                if item is container:
                    return (field, place)
        return None


def _without(origin: Origin, field: str, place: int) -> Origin | None:
    """Move an origin as the items behind a removed one move."""
    built, size = origin.built, 2
    if len(built) < size or built[0] != field or not isinstance(built[1], int) or built[1] < place:
        return origin
    return None if built[1] == place else Origin((field, built[1] - 1, *built[size:]), origin.words)


def names_in_env(container: JsonObject) -> set[str]:
    """Return the names of a container's environment variables."""
    return {text(mapping(variable).get("name")) for variable in sequence(container.get("env"))}


def config_source(section: str, name: str) -> Path:
    """Name a field of the ConfigMap as what something was made from."""
    return (CONFIG_MAP, section, name, DERIVED)


def stored_source(*path: str | int) -> Path:
    """Name a field of the service as what something was made from."""
    return (STORED, "spec", *path, DERIVED)
