"""What a pod asks about pods beside it in; the groups of pods that it means out.

The filters are the scheduler's PodTopologySpread (DoNotSchedule) and InterPodAffinity (required). Kept are those whose
selector looks at labels that are known; the others are left out, which lets more pods in, never fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.placement.labels import closed_expression, match_selector
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

# A label that tells the pods of one revision of a Deployment from the next one's.
_REVISION = "pod-template-hash"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Member(NamedTuple):
    """What selectors see of a group of pods."""

    namespace: str
    labels: Mapping[str, str]


class Members:
    """What selectors see of all groups, found by what most selectors ask for: a label of one value."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = tuple(members)
        self._in_namespace: dict[str, list[int]] = {}
        self._with_label: dict[tuple[str, str, str], list[int]] = {}
        for index, member in enumerate(self._members):
            self._in_namespace.setdefault(member.namespace, []).append(index)
            for key, value in member.labels.items():
                self._with_label.setdefault((member.namespace, key, value), []).append(index)

    def meant(self, selector: JsonValue, itself: int) -> frozenset[int] | None:
        """Return the groups that a selector of a pod means; None where it asks for a label that is not known of it."""
        if not isinstance(selector, dict):
            return frozenset()  # no selector means no pod
        namespace, labels = self._members[itself]
        asked = match_selector(selector)
        if any(item.key not in labels for item in asked):
            return None
        listed = [self._in_namespace[namespace]]
        listed += [
            self._with_label.get((namespace, item.key, value), [])
            for item in asked
            if item.operator == "In" and len(item.values) == 1
            for value in item.values
        ]
        return frozenset(
            index
            for index in min(listed, key=len)
            if all(item.holds(self._members[index].labels, closed_expression) for item in asked)
        )


class Spread(NamedTuple):
    """A topology spread constraint; `counts` are the groups whose pods it counts.

    `by_revision` tells that while a Deployment rolls, old pods do not count.
    """

    key: str
    skew: int
    counts: frozenset[int]
    counts_itself: bool
    domains: int
    heeds_affinity: bool
    heeds_taints: bool
    by_revision: bool


class Term(NamedTuple):
    """A term of pod affinity or anti-affinity: a topology, and the groups whose pods it is about."""

    key: str
    groups: frozenset[int]


class NeighbourTerms(Struct, frozen=True):
    """Everything that a group of pods asks about its neighbours."""

    spreads: tuple[Spread, ...] = ()
    apart: tuple[Term, ...] = ()
    together: tuple[Term, ...] = ()

    @property
    def any(self) -> bool:
        """Whether it asks anything at all."""
        return bool(self.spreads or self.apart or self.together)


NO_NEIGHBOURS: Final = NeighbourTerms()


def neighbour_terms(pod: JsonObject, itself: int, members: Members, keys: frozenset[str]) -> NeighbourTerms:
    """Read what a pod asks about its neighbours; `keys` are the topologies that every pool has."""
    affinity = mapping(pod.get("affinity"))
    return NeighbourTerms(
        spreads=tuple(_spreads(pod, itself, members, keys)),
        apart=tuple(_terms(affinity.get("podAntiAffinity"), itself, members, keys)),
        together=tuple(_terms(affinity.get("podAffinity"), itself, members, keys)),
    )


def _spreads(pod: JsonObject, itself: int, members: Members, keys: frozenset[str]) -> Iterator[Spread]:
    for item in sequence(pod.get("topologySpreadConstraints")):
        said = mapping(item)
        more = sequence(said.get("matchLabelKeys"))
        unknown = [key for key in more if key != _REVISION]
        if said.get("whenUnsatisfiable") != "DoNotSchedule" or said.get("topologyKey") not in keys or unknown:
            continue
        meant = members.meant(said.get("labelSelector"), itself)
        if meant is None:
            continue
        yield Spread(
            key=text(said.get("topologyKey")),
            skew=integer(said.get("maxSkew")) or 1,
            counts=meant,
            counts_itself=itself in meant,
            domains=integer(said.get("minDomains")) or 1,
            heeds_affinity=said.get("nodeAffinityPolicy") != "Ignore",
            heeds_taints=said.get("nodeTaintsPolicy") == "Honor",
            by_revision=_REVISION in more,
        )


def _terms(side: JsonValue, itself: int, members: Members, keys: frozenset[str]) -> Iterator[Term]:
    for item in sequence(mapping(side).get(_REQUIRED)):
        said = mapping(item)
        beyond = {"namespaces", "namespaceSelector", "matchLabelKeys", "mismatchLabelKeys"} & said.keys()
        if beyond or said.get("topologyKey") not in keys:
            continue
        meant = members.meant(said.get("labelSelector"), itself)
        if meant is not None:
            yield Term(text(said.get("topologyKey")), meant)
