"""A container's environment in; findings out where the value of a variable has no source, two, or an impossible one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._downward import ENV_FIELDS, field_reference, resource_reference
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps, needed
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import config_key_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/env-source",
    title="The value of an environment variable comes from nowhere, from two places, or from an impossible one",
    why="A variable has a value or one source: a key of a ConfigMap or a Secret, a field of the pod, a resource of the "
    "container. The object is admitted, its Deployment is refused.",
    fix="Keep either value or one source under valueFrom, with the name and the key that it needs.",
    bad="env: [{name: TOKEN, value: x, valueFrom: {secretKeyRef: {name: hf, key: token}}}]",
    good="env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]",
    upstream=SOURCE,
)

_KEYED: Final = ("configMapKeyRef", "secretKeyRef")
# A key of a file is a source only where the cluster has turned the feature on; what it says is not judged.
_FILE: Final = "fileKeyRef"
_SOURCES: Final = ("fieldRef", "resourceFieldRef", *_KEYED, _FILE)


def _judge(value: JsonValue, place: Place) -> Iterable[Problem]:
    sourced = any(isinstance(variable, dict) and "valueFrom" in variable for variable in sequence(value))
    return _mistakes(value, place) if sourced else ()


def _mistakes(value: JsonValue, place: Place) -> Iterator[Problem]:
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


RULE: Final = Rule(meta=META, kinds=KINDS, container={"env": _judge})
