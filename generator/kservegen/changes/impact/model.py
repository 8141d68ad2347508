"""The words between a plan and its impact: an environment before or after a change, and what the change does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.releases import Release


class ImpactSide(Struct, frozen=True, kw_only=True, eq=False):
    """One environment at one time, as its files say.

    `resources` are the objects as they are written; one that is the same on both sides is the same Python object there,
    so that `is` tells what changed. `values` are those of the charts in use, by chart. `synced_by` names, by folder
    (`models/ns`, see `Resource.file`), the object of the GitOps engine that applies it: "" where none does.
    `accelerators` and `prerequisites` are the environment's words, `inventory` is what its cluster was found to hold,
    `namespace` that of KServe's controllers.
    """

    release: Release
    deployment_mode: str
    values: Mapping[str, JsonObject]
    resources: Mapping[ResourceId, Resource]
    engine: str = "none"  # gitops.engine
    synced_by: Mapping[str, str] = field(default_factory=dict)
    accelerators: JsonObject = field(default_factory=dict)
    prerequisites: frozenset[str] = frozenset()
    inventory: Inventory | None = None
    namespace: str = KSERVE_NAMESPACE


class Cause(NamedTuple):
    """Why pods restart: fields of the object itself, or (`through`) of what it is made with.

    `through` is a name that people know: `ClusterServingRuntime kserve-huggingfaceserver`, `chart kserve-resources`,
    `KServe v0.19.0 -> v0.20.0`, `Application prod-models-ns`. `paths` are document paths there, empty for all of it.
    Not `certain`: pods may stay, or restart later than at the sync; `note` says what it depends on.
    """

    through: str = ""
    paths: tuple[str, ...] = ()
    certain: bool = True
    note: str = ""


class Restart(Struct, frozen=True, kw_only=True):
    """An object that runs on both sides and whose pods are replaced, those of some of its `roles` or all.

    `pods` are those at maxReplicas, `accelerators` what they hold, by type; `surge` is what a rolling update takes on
    top of that for a while, in `surge_pods` pods. `least` are the pods at minReplicas. `held` are the accelerators that
    guards count: where a change takes some from a pod, it still restarts what held them.
    """

    subject: ResourceId
    pods: int
    accelerators: Mapping[str, int]
    causes: tuple[Cause, ...]
    surge: Mapping[str, int] = field(default_factory=dict)
    surge_pods: int = 0
    least: int = 0
    roles: tuple[str, ...] = ()
    held: int = 0

    @property
    def certain(self) -> bool:
        """Whether the pods are replaced for sure: one cause at least is."""
        return any(cause.certain for cause in self.causes)


class Scaled(NamedTuple):
    """Like pods of an object whose number changes, those that stay undisturbed; at the least and at the most.

    `(0, 0)` is an object that stops, or starts again.
    """

    subject: ResourceId
    role: str
    before: tuple[int, int]
    after: tuple[int, int]


class RefusedUpdate(NamedTuple):
    """An update that the API server or a webhook refuses; `resource` is the defaulted object after the change."""

    resource: Resource
    finding: Finding


class Impact(Struct, frozen=True, kw_only=True):
    """All that one change does to what runs in one environment.

    `recreated` are objects that go under one name and come under another, with the accelerators that they held.
    """

    restarts: tuple[Restart, ...] = ()
    refused: tuple[RefusedUpdate, ...] = ()
    scaled: tuple[Scaled, ...] = ()
    recreated: Mapping[ResourceId, Mapping[str, int]] = field(default_factory=dict)

    @property
    def certain(self) -> tuple[Restart, ...]:
        """The restarts that are sure."""
        return tuple(restart for restart in self.restarts if restart.certain)


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up numbers by name, in the order of names."""
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))


def by_gpu(numbers: Mapping[str, int], accelerators: JsonObject) -> dict[str, int]:
    """Say numbers of accelerators by the name of the GPU, as people speak of it: `{"H100": 16}`.

    A type without a GPU of its own keeps its name.
    """
    names = {name: facts.get("gpu") for name, facts in accelerators.items() if isinstance(facts, dict)}
    return summed({str(names.get(name) or name): number} for name, number in numbers.items())
