"""A pod's containers in; findings out where one has no name, an impossible one, or another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, maps, needed
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/container-name",
    title="A container has no name, an impossible one, or the name of another",
    why="A container's name is a DNS label that stands once among the containers and init containers of a pod. The "
    "object is admitted, its Deployment is refused. KServe itself names a component's first container.",
    fix="Use lower-case letters, digits and '-', and another name for every container.",
    bad="containers: [{name: kserve-container, image: example/app:v1}, {name: Log_Agent, image: example/log:v1}]",
    good="containers: [{name: kserve-container, image: example/app:v1}, {name: log-agent, image: example/log:v1}]",
    upstream=SOURCE,
)

_RENAMED: Final = frozenset({"transformer", "explainer"})
_SERVING: Final = "kserve-container"


def _containers(value: JsonValue, place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for container, path in maps(value, place.path):
        name = _name(container, path, place)
        if name != _SERVING or container.get("name") == name:
            yield from needed(container, "name", path, label_error)
        if name in names and not place.overlaid:
            yield Problem((*path, "name"), f"two containers are called {name!r}", name)
        names.add(name)


def _init_containers(value: JsonValue, place: Place) -> Iterator[Problem]:
    path = place.path
    running = maps(place.pod.spec.get("containers"), (*path[:-1], "containers"))
    others = {_name(container, at, place) for container, at in running}
    names: set[str] = set()
    for container, at in maps(value, path):
        yield from needed(container, "name", at, label_error)
        name = text(container.get("name"))
        if name and (name in others or (name in names and not place.overlaid)):
            yield Problem((*at, "name"), f"two containers are called {name!r}", name)
        names.add(name)


def _name(container: JsonObject, path: Path, place: Place) -> str:
    """Say what the container will be called once KServe's defaulter has named the first of a component."""
    name, role = text(container.get("name")), place.pod.role
    first = path[-1] == 0
    alone = len(sequence(place.pod.spec.get("containers"))) == 1 if first else False
    if first and (role in _RENAMED or (role == "predictor" and not place.overlaid and (alone or not name))):
        return _SERVING
    return name


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"containers": _containers, "initContainers": _init_containers})
