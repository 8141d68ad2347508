"""Judges of single fields of pods: the value of a field and its place in, what is wrong with it out.

A pod has some hundred fields and most objects set ten of them. A rule that is about fields names them with their
judges; the runner goes through the pods and containers of an object once and asks the judges of what it meets there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem, to_finding
from kservegen.kserve.workloads import FRAMEWORKS, ContainerAt, PodSpecAt

_ALONE: Final = frozenset({"transformer", "explainer", "graph", "storage"})
_MODELS: Final = frozenset({"model", *FRAMEWORKS})


class Place(NamedTuple):
    """Where a judged value stands; `at` is its container, None for a field of the pod itself."""

    path: Path
    pod: PodSpecAt
    at: ContainerAt | None

    @property
    def container(self) -> JsonObject:
        """The container's fields, for a judge of containers."""
        return self.at.container if self.at else {}

    @property
    def overlaid(self) -> bool:
        """Whether KServe merges this pod with a runtime's or a preset's, which may bring what is missing here."""
        return is_overlaid(self.pod)


Judge: TypeAlias = Callable[[JsonValue, Place], Iterable[Problem]]


def is_overlaid(pod: PodSpecAt) -> bool:
    """Say whether a pod is one half of a merge: by name, so that twins collapse and gaps are filled."""
    if pod.role in _ALONE:
        return False
    return pod.role != "predictor" or not _MODELS.isdisjoint(pod.spec)


def findings(meta: RuleMeta, mistakes: Iterable[Problem]) -> Iterator[Finding]:
    """Put a rule's id and its fix to what its judges found: what a check of a whole object makes of their words."""
    return (to_finding(meta, mistake) for mistake in mistakes)
