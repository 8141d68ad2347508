"""A pod's init containers in; findings out where one that ends is probed or hooked as if it went on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/init-container",
    title="An init container that ends has probes or lifecycle hooks",
    why="Only a sidecar, an init container with restartPolicy Always, goes on beside the others and may have them. The "
    "object is admitted, its Deployment is refused.",
    fix="Remove the probe or hook, or make the container a sidecar with restartPolicy Always.",
    bad="initContainers: [{name: warm-up, image: example/warm-up:v1, readinessProbe: {tcpSocket: {port: 8080}}}]",
    good="initContainers: [{name: warm-up, image: example/warm-up:v1}]",
    upstream=SOURCE,
)

_FORBIDDEN: Final = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    for container, path in maps(value, place.path):
        # A preset's half of the container may be what makes it a sidecar.
        if container.get("restartPolicy") == "Always" or place.overlaid:
            continue
        for field in _FORBIDDEN:
            if container.get(field) is not None:
                message = f"{field} may not be set for init containers without restartPolicy Always"
                yield Problem((*path, field), message, at_key=True)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"initContainers": _judge})
