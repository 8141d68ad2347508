"""A pod's volumes in; findings out where one has two sources, or a source that lacks something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.kubernetes._volume_sources import SOURCES
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/volume-source",
    title="A volume comes from two sources, or from one that lacks what it needs",
    why="A volume has one source; without any it is an emptyDir. The object is admitted, its Deployment is refused.",
    fix="Keep one source, and give it what is pointed at.",
    bad="volumes: [{name: cache, emptyDir: {}, persistentVolumeClaim: {claimName: cache}}]",
    good="volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]",
    upstream=SOURCE,
)


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    for volume, path in maps(value, place.path):
        yield from _volume(volume, path)


def _volume(volume: JsonObject, path: Path) -> Iterator[Problem]:
    given = [field for field in SOURCES if volume.get(field) is not None]
    if len(given) > 1:
        message = "may not specify more than 1 volume type"
        yield Problem((*path, given[1]), message, " ".join(given), "one source", at_key=True)
    for field in given:
        source, judge = volume.get(field), SOURCES[field]
        if isinstance(source, dict) and judge is not None:
            yield from judge(source, (*path, field))


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"volumes": _judge})
