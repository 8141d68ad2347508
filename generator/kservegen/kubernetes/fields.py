"""What laws of single fields have in common: the value of a field and its place in, what is wrong with it out.

A law knows nothing of who wrote the pod. Of a pod that is one half of a merge (`partial`) it does not say that
something is missing, nor that a name stands twice: the other half may bring the one, and twins collapse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from kservegen.core.document import sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse_quantity

Law: TypeAlias = Callable[[str], str | None]


class PodPlace(Protocol):
    """A map that holds PodSpec's fields, and where it stands."""

    @property
    def path(self) -> Path:
        """The way to the pod spec."""

    @property
    def spec(self) -> JsonObject:
        """Its fields."""

    @property
    def partial(self) -> bool:
        """Whether it is merged with another pod spec before Kubernetes sees it."""


class ContainerPlace(Protocol):
    """A container, where it stands, and its pod."""

    @property
    def path(self) -> Path:
        """The way to the container."""

    @property
    def container(self) -> JsonObject:
        """Its fields."""

    @property
    def pod(self) -> PodPlace:
        """The pod that it is of."""

    @property
    def init(self) -> bool:
        """Whether it is an init container."""


class FieldPlace(Struct, frozen=True):
    """Where a value stands; `at` is its container, None for a field of the pod itself."""

    path: Path
    pod: PodPlace
    at: ContainerPlace | None = None

    @property
    def container(self) -> JsonObject:
        """The container's fields, for a law of containers."""
        return self.at.container if self.at else _NO_CONTAINER

    @property
    def init(self) -> bool:
        """Whether it is a field of an init container."""
        return self.at is not None and self.at.init


class BrokenLaw(NamedTuple):
    """What the API server refuses, and the name of the law that it breaks: `affinity`, `port`, ..."""

    law: str
    problem: Problem


_QUANTITY: Final = "a number with m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent"
_NO_CONTAINER: Final[JsonObject] = {}
FieldLaw: TypeAlias = Callable[[JsonValue, FieldPlace], Iterable[Problem]]


def maps(value: JsonValue, path: Path) -> Iterator[tuple[JsonObject, Path]]:
    """Go through the maps of a list, each with its path."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, dict):
            yield item, (*path, index)


def texts(value: JsonValue, path: Path) -> Iterator[tuple[str, Path]]:
    """Go through the texts of a list, each with its path."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, str):
            yield item, (*path, index)


def choice(owner: JsonObject, field: str, path: Path, allowed: tuple[str, ...]) -> Iterator[Problem]:
    """Check a field that takes one of a few words; the empty word is the default."""
    if owner.get(field) != "":
        yield from word(owner, field, path, allowed)


def word(owner: JsonObject, field: str, path: Path, allowed: tuple[str, ...]) -> Iterator[Problem]:
    """Check a field that takes one of a few words, where the empty one is none of them."""
    value = owner.get(field)
    if isinstance(value, str) and value not in allowed:
        yield Problem((*path, field), f"unsupported value {value!r} of {field}", value, ", ".join(allowed))


def required(owner: JsonObject, field: str, path: Path) -> Iterator[Problem]:
    """Check a field that must be there and not empty; told at the field, or at its owner where it is absent."""
    if not owner.get(field):
        where = (*path, field) if field in owner else path
        yield Problem(where, f"required value: {field} is missing or empty", at_key=field not in owner)


def lawful(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Problem]:
    """Check a text by a law of names or values; an absent or empty one is not its business."""
    value = owner.get(field)
    if isinstance(value, str) and value and (reason := law(value)):
        yield Problem((*path, field), f"invalid value of {field}: {reason}", value)


def needed(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Problem]:
    """Check a text that must be there and obey a law."""
    yield from required(owner, field, path)
    yield from lawful(owner, field, path, law)


def bounded(owner: JsonObject, field: str, path: Path, least: int, most: int | None = None) -> Iterator[Problem]:
    """Check a whole number by its bounds, both inclusive."""
    value = owner.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        return
    if value < least or (most is not None and value > most):
        allowed = f"{least} and more" if most is None else f"{least} to {most}"
        yield Problem((*path, field), f"{field} is {value}, out of its bounds", str(value), allowed)


def counted(owner: JsonObject, field: str, path: Path, least: int, most: int | None = None) -> Iterator[Problem]:
    """Check a whole number by its bounds; an absent one is 0, which is out of them."""
    if field not in owner:
        yield Problem(path, f"required value: {field} is missing", at_key=True)
    yield from bounded(owner, field, path, least, most)


def numbered(owner: JsonObject, field: str, path: Path, law: Callable[[int], str | None]) -> Iterator[Problem]:
    """Check a whole number by a law."""
    value = owner.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and (reason := law(value)):
        yield Problem((*path, field), f"invalid value of {field}: {reason}", str(value))


def unreadable(path: Path, name: str, value: JsonValue) -> Iterator[Problem]:
    """Check that an amount is a quantity."""
    if isinstance(value, (str, int, float)) and parse_quantity(value) is None:
        yield Problem(path, f"{name} is {value!r}, which is no quantity", str(value), _QUANTITY)


def unique(value: JsonValue, place: FieldPlace, what: str, law: Law) -> Iterator[Problem]:
    """Check the names of a list's maps: there, lawful, and each once."""
    names: set[str] = set()
    for item, path in maps(value, place.path):
        yield from needed(item, "name", path, law)
        name = text(item.get("name"))
        if name and name in names and not place.pod.partial:
            yield Problem((*path, "name"), f"two {what} are called {name!r}", name)
        names.add(name)
