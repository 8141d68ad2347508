"""A container's lifecycle hooks in; findings out where the API server refuses one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE
from kservegen.checks.rules.kubernetes._handlers import handler
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/lifecycle",
    title="A lifecycle hook has no handler, two, or an impossible one",
    why="postStart and preStop do exactly one thing, and a sleep ends within the pod's grace period. The object is "
    "admitted, its Deployment is refused.",
    fix="Keep one of exec, httpGet, tcpSocket and sleep; no sleep outlasts terminationGracePeriodSeconds.",
    bad="lifecycle: {preStop: {sleep: {seconds: 60}}}",
    good="lifecycle: {preStop: {sleep: {seconds: 10}}}",
    upstream=SOURCE,
)

_DEFAULT_GRACE: Final = 30
_GRACE: Final = "terminationGracePeriodSeconds"


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    if place.at and place.at.init and place.container.get("restartPolicy") != "Always":
        return  # another rule says that it has no hooks
    for hook in ("postStart", "preStop"):
        action = mapping(value).get(hook)
        if isinstance(action, dict):
            yield from handler(action, (*place.path, hook), overlaid=place.overlaid)
            yield from _sleep(mapping(action.get("sleep")), (*place.path, hook, "sleep"), place)


def _sleep(action: JsonObject, path: Path, place: Place) -> Iterator[Problem]:
    seconds, grace = integer(action.get("seconds")), integer(place.pod.spec.get(_GRACE))
    if seconds is None or (grace is None and place.overlaid and seconds >= 0):
        return
    longest = _DEFAULT_GRACE if grace is None else grace
    if not 0 <= seconds <= longest:
        message = f"a sleep must be non-negative and not longer than {_GRACE}"
        yield Problem((*path, "seconds"), message, str(seconds), f"0 to {longest}")


RULE: Final = Rule(meta=META, kinds=KINDS, container={"lifecycle": _judge})
