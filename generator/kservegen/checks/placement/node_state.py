"""Nodes with pods on them: who stands where, and where the next pod of a group may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kservegen.checks.placement.neighbours import NeighbourTerms, Spread, Term
from kservegen.checks.placement.pools import HOSTNAME, Pool, PoolAmounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A group of like pods that want nodes: what one needs, and the pools that take it.

    `sure` are indices of pools that take it for certain, `maybe` of those too that may; `selected` those that its own
    selector and affinity point at, whose nodes a spread counts, and `tolerated` those whose taints it tolerates.
    """

    need: PoolAmounts
    sure: frozenset[int]
    maybe: frozenset[int]
    selected: frozenset[int]
    tolerated: frozenset[int]
    neighbours: NeighbourTerms


class PlacementScene(NamedTuple):
    """Pools, how many nodes of each are there, and the groups of pods that share them.

    `lenient` lets pods on pools that only may take them; `rolling` tells that there are two revisions of something.
    """

    pools: Sequence[Pool]
    sizes: Sequence[int]
    claims: Sequence[Claim]
    lenient: bool = False
    rolling: bool = False

    def pools_of(self, claim: int) -> frozenset[int]:
        """Return the pools that a group may use."""
        return self.claims[claim].maybe if self.lenient else self.claims[claim].sure


class Board:
    """The nodes of a scene. A node is its number; pods of a group on it are a count."""

    def __init__(self, scene: PlacementScene) -> None:
        self.scene = scene
        self.pool = [index for index, size in enumerate(scene.sizes) for _ in range(size)]
        self.used: list[dict[str, int]] = [{} for _ in self.pool]
        self.held: list[dict[int, int]] = [{} for _ in self.pool]
        by_pools = {
            allowed: [node for node, pool in enumerate(self.pool) if pool in allowed]
            for allowed in {scene.pools_of(index) for index in range(len(scene.claims))}
        }
        self._nodes = [by_pools[scene.pools_of(index)] for index in range(len(scene.claims))]
        self._repelled: dict[int, list[tuple[int, Term]]] = {}
        for index, claim in enumerate(scene.claims):
            for term in claim.neighbours.apart:
                for other in term.groups:
                    self._repelled.setdefault(other, []).append((index, term))

    def put(self, claim: int, node: int, number: int = 1) -> None:
        """Put pods of a group on a node, or take them off with a negative number."""
        used, held = self.used[node], self.held[node]
        for name, amount in self.scene.claims[claim].need.items():
            used[name] = used.get(name, 0) + amount * number
        left = held.get(claim, 0) + number
        if left:
            held[claim] = left
        else:
            del held[claim]

    def has_room(self, claim: int, node: int) -> bool:
        """Whether a node's resources suffice for one more pod of a group."""
        pool, used = self.scene.pools[self.pool[node]], self.used[node]
        for name, amount in self.scene.claims[claim].need.items():
            if used.get(name, 0) + amount > pool.room.get(name, 0) and name not in pool.unstated:
                return False
        return True

    def is_plain(self, claim: int) -> bool:
        """Whether a pod's place depends on resources alone."""
        return not self.scene.claims[claim].neighbours.any and claim not in self._repelled

    def places(self, claim: int) -> Iterator[int]:
        """Yield the nodes that take one more pod of a group as things stand."""
        nodes = self._nodes[claim]
        if self.is_plain(claim):
            for node in nodes:
                if self.has_room(claim, node):
                    yield node
            return
        barred = self._barred(claim)
        wanted = self._wanted(claim)
        for node in nodes:
            if not self.has_room(claim, node):
                continue
            if any(self._domain(node, key) in domains for key, domains in barred):
                continue
            if all(self._domain(node, key) in domains for key, domains in wanted):
                yield node

    def nodes_of(self, claim: int) -> Sequence[int]:
        """Return the nodes that a group may use, full or not."""
        return self._nodes[claim]

    def state(self) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
        """Return what stands where up to the order of like nodes."""
        return tuple(sorted((self.pool[node], tuple(sorted(held.items()))) for node, held in enumerate(self.held)))

    def _domain(self, node: int, key: str) -> str:
        return str(node) if key == HOSTNAME else self.scene.pools[self.pool[node]].labels.get(key, "")

    def _barred(self, claim: int) -> list[tuple[str, set[str]]]:
        """List the domains that a pod of a group may not enter, by topology."""
        found = [(term.key, self._domains_with(term)) for term in self.scene.claims[claim].neighbours.apart]
        found += [
            (term.key, self._domains_with(Term(term.key, frozenset({owner}))))
            for owner, term in self._repelled.get(claim, ())
        ]
        return found + [self._too_many(claim, spread) for spread in self._spreads(claim)]

    def _spreads(self, claim: int) -> Iterator[Spread]:
        for spread in self.scene.claims[claim].neighbours.spreads:
            if not (spread.by_revision and self.scene.rolling):
                yield spread

    def _domains_with(self, term: Term) -> set[str]:
        return {
            self._domain(node, term.key)
            for node, held in enumerate(self.held)
            if held and not term.groups.isdisjoint(held)
        }

    def _too_many(self, claim: int, spread: Spread) -> tuple[str, set[str]]:
        counted = self._counted(claim, spread)
        least = 0 if len(counted) < spread.domains else min(counted.values(), default=0)
        most = spread.skew + least - spread.counts_itself
        return spread.key, {domain for domain, number in counted.items() if number > most}

    def _counted(self, claim: int, spread: Spread) -> Mapping[str, int]:
        asks = self.scene.claims[claim]
        counted: dict[str, int] = {}
        for node, pool in enumerate(self.pool):
            if spread.heeds_affinity and pool not in asks.selected:
                continue
            if spread.heeds_taints and pool not in asks.tolerated:
                continue
            domain = self._domain(node, spread.key)
            here = sum(number for owner, number in self.held[node].items() if owner in spread.counts)
            counted[domain] = counted.get(domain, 0) + here
        return counted

    def _wanted(self, claim: int) -> list[tuple[str, set[str]]]:
        """List the domains that a pod of a group must be in; the first of pods that want each other may go anywhere."""
        terms = self.scene.claims[claim].neighbours.together
        if not terms:
            return []
        meant = frozenset.intersection(*(term.groups for term in terms))
        found = [(term.key, self._domains_with(Term(term.key, meant))) for term in terms]
        return [] if claim in meant and not any(domains for _, domains in found) else found
