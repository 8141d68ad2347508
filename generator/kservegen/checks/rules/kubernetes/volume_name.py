"""A pod's volumes in; findings out where one has no name, an impossible one, or another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps, needed
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue
from kservegen.core.names import label_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/volume-name",
    title="A volume has no name, an impossible one, or the name of another",
    why="A volume's name is a DNS label that stands once in a pod. Where KServe merges the pod with a runtime's, twins "
    "collapse into one; anywhere else the Deployment is refused.",
    fix="Use lower-case letters, digits and '-', and another name for every volume.",
    bad="volumes: [{name: model_cache, emptyDir: {}}]",
    good="volumes: [{name: model-cache, emptyDir: {}}]",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for volume, path in maps(value, place.path):
        yield from needed(volume, "name", path, label_error)
        name = text(volume.get("name"))
        if name and name in names and not place.overlaid:
            yield Problem((*path, "name"), f"two volumes are called {name!r}", name)
        names.add(name)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"volumes": _judge})
