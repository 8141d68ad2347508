"""The contract between a rule and the runner: what a rule is handed and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from kservegen.checks.rules.fields import Judge
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Context:
    """What a rule may look at beside its own object: the environment as a whole.

    `platform` is what KServe's own installation offers. `prerequisites` are the promises of the environment file:
    operators (`cert-manager`) and objects (`Secret/x`).
    `old` are the objects as the cluster has them: one that is there is updated, one that is not is created.
    """

    environment: str
    kserve_version: str
    deployment_mode: str
    platform: Platform
    resources: Mapping[ResourceId, Resource]
    prerequisites: frozenset[str] = frozenset()
    old: Mapping[ResourceId, Resource] = field(default_factory=dict)

    @property
    def is_019(self) -> bool:
        """Whether the release is one of v0.19; what v0.20 changed is asked by this."""
        return self.kserve_version.startswith("v0.19.")


Check: TypeAlias = Callable[[Resource, Context], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A fact and its check. `kinds` are the kinds it looks at; empty means every kind.

    `check` reports only on the object it was handed, though it may look at the whole environment. A rule about fields
    of pods or containers states a judge for each of them instead (or as well), which is asked where the field is set.
    """

    meta: RuleMeta
    check: Check | None = None
    kinds: frozenset[str] = frozenset()
    pod: Mapping[str, Judge] = field(default_factory=dict)
    container: Mapping[str, Judge] = field(default_factory=dict)
