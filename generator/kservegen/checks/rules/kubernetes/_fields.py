"""What judges of fields have in common: values and their laws in, what is wrong with them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import is_template

KINDS: Final = frozenset(
    {
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "InferenceGraph",
        "InferenceService",
        "LLMInferenceService",
        "LLMInferenceServiceConfig",
        "ServingRuntime",
    }
)
SOURCE: Final = ("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go")
Law: TypeAlias = Callable[[str], str | None]


def maps(value: JsonValue, path: Path) -> Iterator[tuple[JsonObject, Path]]:
    """Go through the maps of a list, each with its path."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, dict):
            yield item, (*path, index)


def texts(value: JsonValue, path: Path) -> Iterator[tuple[str, Path]]:
    """Go through the texts of a list, each with its path; what KServe fills in is left out."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, str) and not is_template(item):
            yield item, (*path, index)


def choice(owner: JsonObject, field: str, path: Path, allowed: tuple[str, ...]) -> Iterator[Problem]:
    """Judge a field that takes one of a few words; the empty word is the default."""
    if owner.get(field) != "":
        yield from word(owner, field, path, allowed)


def word(owner: JsonObject, field: str, path: Path, allowed: tuple[str, ...]) -> Iterator[Problem]:
    """Judge a field that takes one of a few words, where the empty one is none of them."""
    value = owner.get(field)
    if isinstance(value, str) and value not in allowed and not is_template(value):
        yield Problem((*path, field), f"unsupported value {value!r} of {field}", value, ", ".join(allowed))


def required(owner: JsonObject, field: str, path: Path) -> Iterator[Problem]:
    """Judge a field that must be there and not empty; told at the field, or at its owner where it is absent."""
    if not owner.get(field):
        where = (*path, field) if field in owner else path
        yield Problem(where, f"required value: {field} is missing or empty", at_key=field not in owner)


def lawful(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Problem]:
    """Judge a text by a law of names or values; an absent or empty one is not its business."""
    value = owner.get(field)
    if isinstance(value, str) and value and not is_template(value) and (reason := law(value)):
        yield Problem((*path, field), f"invalid value of {field}: {reason}", value)


def needed(owner: JsonObject, field: str, path: Path, law: Law) -> Iterator[Problem]:
    """Judge a text that must be there and obey a law."""
    yield from required(owner, field, path)
    yield from lawful(owner, field, path, law)


def bounded(owner: JsonObject, field: str, path: Path, least: int, most: int | None = None) -> Iterator[Problem]:
    """Judge a whole number by its bounds, both inclusive."""
    value = owner.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        return
    if value < least or (most is not None and value > most):
        allowed = f"{least} and more" if most is None else f"{least} to {most}"
        yield Problem((*path, field), f"{field} is {value}, out of its bounds", str(value), allowed)


def counted(owner: JsonObject, field: str, path: Path, least: int, most: int | None = None) -> Iterator[Problem]:
    """Judge a whole number by its bounds; an absent one is 0, which is out of them."""
    if field not in owner:
        yield Problem(path, f"required value: {field} is missing", at_key=True)
    yield from bounded(owner, field, path, least, most)


def numbered(owner: JsonObject, field: str, path: Path, law: Callable[[int], str | None]) -> Iterator[Problem]:
    """Judge a whole number by a law."""
    value = owner.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and (reason := law(value)):
        yield Problem((*path, field), f"invalid value of {field}: {reason}", str(value))
