"""The contract between a rule and the runner: what a rule is handed and what it gives back."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from types import ModuleType
from typing import TypeAlias

from msgspec import Struct, field

from kservegen.catalog.inventory.model import Inventory
from kservegen.checks.basis import Directory
from kservegen.checks.simulation import KServeInstallation, Simulation
from kservegen.core.assumptions import Assumption
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.manual import read_manual
from kservegen.core.problem import Problem
from kservegen.core.resource import Resource, ResourceId
from kservegen.core.values import is_template
from kservegen.kserve.platform import Platform
from kservegen.kserve.releases import Release
from kservegen.kubernetes.fields import FieldLaw

__all__ = [
    "Check",
    "Context",
    "Problem",
    "Problems",
    "Resource",
    "Rule",
    "Scope",
    "Stage",
    "id_of",
    "manual_of",
    "rule",
    "without_placeholders",
]

Problems: TypeAlias = Iterator[Problem]


class Stage(StrEnum):
    """Who would say no. One word per rule, so that a verdict can be read off the findings of an object."""

    ADMISSION = "admission"  # the API server or a webhook refuses the object
    DEPLOYMENT = "deployment"  # admitted, but the controller never creates the workload
    RUN = "run"  # deployed, but the pods cannot start or start something else than was meant
    ADVICE = "advice"  # it works, and surprises later


class Scope(StrEnum):
    """What a verdict depends on.

    What is said of an object alone holds wherever the same object stands; what lies around it has to be looked at anew
    in every environment.
    """

    OBJECT = "object"  # the object, the KServe version and the cluster's default mode
    ENVIRONMENT = "environment"  # also other objects, what the platform has and promises
    UPDATE = "update"  # what the object was before, so that a change is refused and not what it leads to
    MADE = "made"  # what KServe's controllers make of the object, where nothing keeps them from it; and the release
    MADE_AROUND = "made-around"  # also other objects, what the platform has and promises


class Context(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """What a rule may look at beside its own object: the environment as a whole.

    `release` is the version of KServe, `platform` what its own installation offers. `prerequisites` are the promises of
    the environment file: operators (`cert-manager`) and objects (`Secret/x`).
    `kubernetes_version` is the cluster's, as the environment writes it; empty where it does not.
    `old` are the objects as the cluster has them: one that is there is updated, one that is not is created.
    `installation` is KServe as it is installed, None where nothing is to be made of objects; `simulation` makes it.
    `inventory` is what the cluster held, None where nobody wrote it down.
    `directory` finds what objects name, and puts what it finds on a promise alone into `assumed`, which a context that
    replaces this one has in common with it. `promised_by` says who promises what no environment does.
    """

    environment: str
    release: Release
    deployment_mode: str
    platform: Platform
    resources: Mapping[ResourceId, Resource]
    prerequisites: frozenset[str] = frozenset()
    kubernetes_version: str = ""
    old: Mapping[ResourceId, Resource] = field(default_factory=dict)
    installation: KServeInstallation | None = None
    inventory: Inventory | None = None
    promised_by: Mapping[str, str] = field(default_factory=dict)
    assumed: set[Assumption] = field(default_factory=set)

    @cached_property
    def simulation(self) -> Simulation:
        """What KServe makes of objects here."""
        return Simulation(self.release, self.installation, self.resources, self.prerequisites, self.inventory)

    @cached_property
    def directory(self) -> Directory:
        """What finds the objects that others name."""
        return Directory(
            self.resources, self.platform, self.prerequisites, self.promised_by, self.assumed, self.inventory
        )


Check: TypeAlias = Callable[[Resource, Context], Iterable[Problem]]


class Rule(Struct, frozen=True, kw_only=True, eq=False):
    """A check and when it bites; its manual is the docstring of its module, its id that module's place.

    `kinds` are the kinds it looks at; empty means every kind. `check` reports only on the object it was handed, though
    it may look at the whole environment. A rule about fields of pods or containers states a law of
    `kubernetes/` for each of them instead, which is asked where the field is set.
    """

    stage: Stage
    scope: Scope = Scope.OBJECT
    check: Check | None = None
    kinds: frozenset[str] = frozenset()
    pod: Mapping[str, FieldLaw] = field(default_factory=dict)
    container: Mapping[str, FieldLaw] = field(default_factory=dict)


def rule(stage: Stage, *kinds: str, scope: Scope = Scope.OBJECT) -> Callable[[Check], Rule]:
    """Make a module's check its rule; for every kind where none is named."""

    def make(check: Check) -> Rule:
        return Rule(stage=stage, scope=scope, check=check, kinds=frozenset(kinds))

    return make


def id_of(module: ModuleType) -> str:
    """Return the id of a rule, which is its module's place."""
    return "/".join(module.__name__.split(".")[-2:]).replace("_", "-")


def manual_of(module: ModuleType) -> RuleMeta:
    """Read the manual of a rule's module; ValueError where it is none.

    Python without docstrings (-OO) still has the source.
    """
    written = module.__doc__ or ast.get_docstring(ast.parse(inspect.getsource(module))) or ""
    return read_manual(id_of(module), written)


def without_placeholders(problems: Iterable[Problem]) -> Problems:
    """Leave out what is said of texts that KServe fills in before Kubernetes sees them, as runtimes and presets do."""
    return (problem for problem in problems if not is_template(problem.seen))
