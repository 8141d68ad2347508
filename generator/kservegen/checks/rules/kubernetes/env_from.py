"""A container's `envFrom` in; findings out where the API server refuses one of its sources or prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, lawful, maps, needed
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue
from kservegen.core.names import subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.values import env_name_error

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/env-from",
    title="An entry of envFrom names no source, two, or one that cannot exist",
    why="Every entry takes all keys of exactly one ConfigMap or Secret. The object is admitted, its Deployment is "
    "refused.",
    fix="Give every entry either configMapRef or secretRef, with a name.",
    bad="envFrom: [{prefix: HF_}]",
    good="envFrom: [{prefix: HF_, secretRef: {name: hugging-face}}]",
    upstream=SOURCE,
)

_SOURCES: Final = ("configMapRef", "secretRef")


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    for entry, path in maps(value, place.path):
        yield from lawful(entry, "prefix", path, env_name_error)
        given = [field for field in _SOURCES if entry.get(field) is not None]
        if not given:
            yield Problem(path, "must specify one of: configMapRef or secretRef")
        elif len(given) > 1:
            yield Problem((*path, given[1]), "may not have more than one source", " ".join(given), at_key=True)
        for field in given:
            yield from needed(mapping(entry.get(field)), "name", (*path, field), _name_error)


def _name_error(name: str) -> str | None:
    """Judge the name as the API server does here: as one that something may yet be appended to."""
    return subdomain_error(name[:-1] + "a" if name.endswith("-") else name)


RULE: Final = Rule(meta=META, kinds=KINDS, container={"envFrom": _judge})
