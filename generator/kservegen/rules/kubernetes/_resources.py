"""What a container asks for: a container in, its requests and limits with their paths out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.document import mapping
from kservegen.jsontypes import JsonObject, JsonValue, Path
from kservegen.quantity import Quantity, parse
from kservegen.rules.base import Context
from kservegen.rules.view import containers_of, of_kind
from kservegen.workloads import ContainerAt

SIDES: Final = ("requests", "limits")
STANDARD: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


class Amount(NamedTuple):
    """One line of `requests` or `limits`."""

    path: Path
    side: str
    name: str
    value: JsonValue


def amounts(resource: Resource) -> Iterator[Amount]:
    """List every amount that the containers of an object ask for."""
    for at in containers_of(resource):
        resources = at.container.get("resources")
        if not isinstance(resources, dict):
            continue
        for side in SIDES:
            listed = resources.get(side)
            if isinstance(listed, dict):
                for name, value in listed.items():
                    yield Amount((*at.path, "resources", side, name), side, name, value)


def both_sides(at: ContainerAt) -> tuple[JsonObject, JsonObject]:
    """Hand out a container's requests and limits, empty where there are none."""
    resources = mapping(at.container.get("resources"))
    return mapping(resources.get("requests")), mapping(resources.get("limits"))


def quantity(value: JsonValue) -> Quantity | None:
    """Read an amount; None for what another rule or the schema speaks about."""
    return parse(value) if isinstance(value, (str, int, float)) else None


def is_extended(name: str) -> bool:
    """Whether a resource is counted in whole pieces and never overcommitted: GPUs and their like."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and domain != "kubernetes.io" and not domain.endswith(".kubernetes.io")


def may_come_from_runtime(at: ContainerAt, name: str, context: Context) -> bool:
    """Whether a limit that this container lacks may be merged in from a ServingRuntime of the environment."""
    if at.role not in {"predictor", "worker"} or at.init:
        return False
    runtimes = (*of_kind(context, "ServingRuntime"), *of_kind(context, "ClusterServingRuntime"))
    return any(a.side == "limits" and a.name == name for runtime in runtimes for a in _runtime_amounts(runtime))


def _runtime_amounts(runtime: Resource) -> Iterator[Amount]:
    # Not through the view: its slot belongs to the object that is being checked.
    spec = mapping(runtime.doc.get("spec"))
    for pod in (spec, mapping(spec.get("workerSpec"))):
        listed = pod.get("containers")
        for container in listed if isinstance(listed, list) else ():
            limits = mapping(mapping(mapping(container).get("resources")).get("limits"))
            for name, value in limits.items():
                yield Amount((), "limits", name, value)
