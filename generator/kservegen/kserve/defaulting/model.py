"""The words of defaulting: what it depends on, what it gives back, how to get home."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.resource import Origin, Resource, trace

# Chart value kserve.inferenceservice.resources: what a container of one's own gets where it states none.
CHART_RESOURCES: Final[Mapping[str, JsonValue]] = MappingProxyType({"cpu": "1", "memory": "2Gi"})
# Where an environment states that value.
CHART_RESOURCES_VALUE: Final = ("kserve", "values", "kserve-resources", "kserve", "inferenceservice", "resources")
# By the resource: what the ConfigMap calls the limit of a container that states none.
_LIMITS: Final = {"cpu": "cpuLimit", "memory": "memoryLimit"}


def default_limit(resource: str) -> tuple[str, Path]:
    """Say whose limit it is that a container of one's own gets, and where an environment sets it; blank without one."""
    name = _LIMITS.get(resource)
    if name is None:
        return "", ()
    whose = f", KServe's default (ConfigMap inferenceservice-config, inferenceService.resource.{name})"
    return whose, (*CHART_RESOURCES_VALUE, "limits", resource)


class Installation(Struct, frozen=True, kw_only=True):
    """What the defaulter reads of the cluster: its release and its ConfigMap, with the charts' values as defaults."""

    kserve_version: str
    deployment_mode: str = "Standard"
    default_requests: Mapping[str, JsonValue] = field(default_factory=lambda: CHART_RESOURCES)
    default_limits: Mapping[str, JsonValue] = field(default_factory=lambda: CHART_RESOURCES)
    mounts_token: bool = True
    explainer_version: str = ""  # empty: the release's own


class Defaulted(Struct, frozen=True, kw_only=True, eq=False):
    """An object after defaulting, beside the one it was made of; `resource` leads to the words of both.

    `resource.doc` shares what did not change with `written.doc`: neither may be edited.
    `moves` say what stands elsewhere than in `written.doc`: at `built` what stood at `words`.
    `crashes` tells that the real defaulter panics on the object, which the API server answers with code 500;
    `failure` that ours did, so that nothing more is said of the object.
    """

    written: Resource
    resource: Resource
    moves: tuple[Origin, ...] = ()
    crashes: bool = False
    failure: Finding | None = None

    def original_path(self, path: Path) -> Path:
        """Map a path of the defaulted document to the author's; one to an added value leads to where it would be."""
        return trace(path, self.moves)
