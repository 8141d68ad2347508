"""The contract between a rule and the runner: what a rule is handed and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kservegen.build.resource import Resource, ResourceId
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.serving.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule may look at beside its own object: the environment as a whole.

    `platform` is what KServe's own installation offers. `prerequisites` are the promises of the environment file:
    operators (`cert-manager`) and objects (`Secret/x`).
    """

    environment: str
    kserve_version: str
    deployment_mode: str
    platform: Platform
    resources: Mapping[ResourceId, Resource]
    prerequisites: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fact and its check. `kinds` are the kinds it looks at; empty means every kind.

    `check` reports only on the object it was handed, though it may look at the whole environment.
    """

    meta: RuleMeta
    check: Callable[[Resource, Context], Iterable[Finding]]
    kinds: frozenset[str] = frozenset()
