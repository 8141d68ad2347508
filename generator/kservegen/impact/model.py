"""The words between a plan and its impact: an environment before or after a change, and what the change does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kservegen.build.resource import Resource, ResourceId
from kservegen.diagnostics import Finding
from kservegen.jsontypes import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """One environment at one time, as its files say.

    `resources` are the objects as they are written; one that is the same on both sides is the same Python object there,
    so that `is` tells what changed. `values` are those of the charts in use, by chart. `synced_by` names, by folder
    (`models/ns`, see `Resource.file`), the object of the GitOps engine that applies it: "" where none does.
    """

    kserve_version: str
    deployment_mode: str
    values: Mapping[str, JsonObject]
    resources: Mapping[ResourceId, Resource]
    engine: str = "none"  # gitops.engine
    synced_by: Mapping[str, str] = field(default_factory=dict)


class Cause(NamedTuple):
    """Why pods restart: fields of the object itself, or (`through`) of what it is made with.

    `through` is a name that people know: `ClusterServingRuntime kserve-huggingfaceserver`, `chart kserve-resources`,
    `KServe v0.19.0 -> v0.20.0`, `Application prod-models-ns`. `paths` are document paths there, empty for all of it.
    """

    through: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """An object that runs on both sides and whose pods are replaced.

    `pods` are those at maxReplicas, `accelerators` what they hold, by type; `surge` is what a rolling update takes on
    top of that for a while.
    """

    subject: ResourceId
    pods: int
    accelerators: Mapping[str, int]
    causes: tuple[Cause, ...]
    surge: Mapping[str, int] = field(default_factory=dict)


class Refused(NamedTuple):
    """An update that the API server or a webhook refuses; `resource` is the object after the change, as written."""

    resource: Resource
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """All that one change does to what runs in one environment."""

    restarts: tuple[Restart, ...] = ()
    refused: tuple[Refused, ...] = ()
