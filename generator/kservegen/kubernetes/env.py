"""The environment of a container in; what the API server refuses in its variables and their sources out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import config_key_error, env_name_error
from kservegen.kubernetes.downward import ENV_FIELDS, field_reference, resource_reference
from kservegen.kubernetes.fields import FieldPlace, lawful, maps, needed


def env_names(value: JsonValue, place: FieldPlace) -> Iterable[Problem]:
    """Check the names of `env`."""
    # Nearly every name is right: a plain look at them all is cheaper than telling each its place.
    return () if all(_is_named(variable) for variable in sequence(value)) else _name_problems(value, place)


def _is_named(variable: JsonValue) -> bool:
    name = variable.get("name") if isinstance(variable, dict) else None
    return isinstance(name, str) and bool(name) and env_name_error(name) is None


def _name_problems(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    for variable, path in maps(value, place.path):
        name = variable.get("name")
        if not name:
            yield Problem(path, "an environment variable has no name")
        elif isinstance(name, str) and (reason := env_name_error(name)):
            yield Problem((*path, "name"), f"{name!r} cannot name an environment variable", name, reason)


_KEYED: Final = ("configMapKeyRef", "secretKeyRef")
# A key of a file is a source only where the cluster has turned the feature on; what it says is not checked.
_FILE: Final = "fileKeyRef"
_SOURCES: Final = ("fieldRef", "resourceFieldRef", *_KEYED, _FILE)


def env_sources(value: JsonValue, place: FieldPlace) -> Iterable[Problem]:
    """Check `valueFrom` of `env`: one source, and what it needs."""
    sourced = any(isinstance(variable, dict) and "valueFrom" in variable for variable in sequence(value))
    return _source_problems(value, place) if sourced else ()


def _source_problems(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    for variable, path in maps(value, place.path):
        source = variable.get("valueFrom")
        if isinstance(source, dict):
            yield from _source(variable, source, (*path, "valueFrom"))


def _source(variable: JsonObject, source: JsonObject, path: Path) -> Iterator[Problem]:
    given = [field for field in _SOURCES if source.get(field) is not None]
    name = text(variable.get("name"))
    if not given:
        allowed = ", ".join(_SOURCES[:-1])
        yield Problem(path, f"valueFrom of {name} must specify one of its sources", allowed=allowed, at_key=True)
    elif variable.get("value"):
        yield Problem(path, f"{name} has both value and valueFrom", at_key=True)
    elif len(given) > 1:
        yield Problem((*path, given[1]), f"{name} may not have more than one source", " ".join(given), at_key=True)
    for field in _KEYED:
        if (reference := source.get(field)) is not None:
            yield from needed(mapping(reference), "name", (*path, field), subdomain_error)
            yield from needed(mapping(reference), "key", (*path, field), config_key_error)
    yield from field_reference(source.get("fieldRef"), (*path, "fieldRef"), ENV_FIELDS)
    yield from resource_reference(source.get("resourceFieldRef"), (*path, "resourceFieldRef"), of_volume=False)


_MAPS: Final = ("configMapRef", "secretRef")


def env_from(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `envFrom`: one source each, and a prefix that can begin a name."""
    for entry, path in maps(value, place.path):
        yield from lawful(entry, "prefix", path, env_name_error)
        given = [field for field in _MAPS if entry.get(field) is not None]
        if not given:
            yield Problem(path, "must specify one of: configMapRef or secretRef")
        elif len(given) > 1:
            yield Problem((*path, given[1]), "may not have more than one source", " ".join(given), at_key=True)
        for field in given:
            yield from needed(mapping(entry.get(field)), "name", (*path, field), _name_error)


def _name_error(name: str) -> str | None:
    """Check the name as the API server does here: as one that something may yet be appended to."""
    return subdomain_error(name[:-1] + "a" if name.endswith("-") else name)
