"""A container's policies in; findings out where one is spelt as Kubernetes does not know it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, maps, required
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/container-policy",
    title="A policy of a container is not one of Kubernetes'",
    why="Images are pulled Always, IfNotPresent or Never, the last words of a container come from a File or "
    "FallbackToLogsOnError, and only cpu and memory are resized. The object is admitted, its Deployment is refused.",
    fix="Write one of the allowed words, in this very spelling.",
    bad="imagePullPolicy: if-not-present",
    good="imagePullPolicy: IfNotPresent",
    upstream=SOURCE,
)

_RESOURCES: Final = ("cpu", "memory")
_RESTARTS: Final = ("NotRequired", "RestartContainer")


def _word(allowed: tuple[str, ...], _value: JsonValue, place: Place) -> Iterator[Problem]:
    yield from choice(place.container, str(place.path[-1]), place.path[:-1], allowed)


def _resize(value: JsonValue, place: Place) -> Iterator[Problem]:
    seen: set[str] = set()
    for policy, path in maps(value, place.path):
        for field, allowed in (("resourceName", _RESOURCES), ("restartPolicy", _RESTARTS)):
            yield from required(policy, field, path)
            yield from choice(policy, field, path, allowed)
        name = text(policy.get("resourceName"))
        if name and name in seen:
            yield Problem(path, f"two resize policies for {name}", name)
        seen.add(name)


RULE: Final = Rule(
    meta=META,
    kinds=KINDS,
    container={
        "imagePullPolicy": partial(_word, ("Always", "IfNotPresent", "Never")),
        "terminationMessagePolicy": partial(_word, ("FallbackToLogsOnError", "File")),
        "resizePolicy": _resize,
    },
)
