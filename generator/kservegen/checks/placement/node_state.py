"""Nodes with pods on them: who stands where, and where the next pod of a group may go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.checks.placement.neighbours import NeighbourTerms, Spread
from kservegen.checks.placement.pools import HOSTNAME, Pool, PoolAmounts


class Claim(Struct, frozen=True, kw_only=True):
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


class Node:
    """A node that pods may have stood on: its pool and number, what is free, how many pods it has of which group."""

    __slots__ = ("free", "held", "number", "pool", "share")

    def __init__(self, pool: int, number: int, free: list[int]) -> None:
        self.pool = pool
        self.number = number
        self.free = free
        self.held: dict[int, int] = {}
        self.share = 0.0  # of its cores and memory, what is taken


# How many nodes, or groups of nodes, are looked at together when room is searched for.
_FAN: Final = 8
_NO_END: Final = 1 << 62
# What a pod asks for: positions of resources, and amounts.
_Need = tuple[tuple[int, int], ...]


def _has_room(free: Sequence[int], need: _Need) -> bool:
    for resource, amount in need:  # noqa: SIM110 - asked of every node, and a generator costs three times as much
        if free[resource] < amount:
            return False
    return True


class _PoolNodes:
    """The nodes of a pool, of which those that nothing stood on yet are a number only.

    `levels` tells how much of each resource is free at the most: on a node, on eight of them, on eight times eight.
    """

    def __init__(self, index: int, size: int, room: list[int], weighed: Sequence[int]) -> None:
        self.index = index
        self.size = size
        self.nodes: list[Node] = []
        self.by_share: list[tuple[float, int]] = []
        self._room = room
        self._weighed = [(resource, room[resource]) for resource in weighed if 0 < room[resource] < _NO_END]
        self._levels: list[list[list[int]]] = [[]]
        self._weights: dict[_Need, float] = {}

    @property
    def untouched(self) -> int:
        """How many nodes nothing stood on yet."""
        return self.size - len(self.nodes)

    def add(self) -> Node:
        """Return a node that nothing stood on yet."""
        node = Node(self.index, len(self.nodes), self._room.copy())
        self.nodes.append(node)
        self._levels[0].append(node.free)
        insort(self.by_share, (0.0, node.number))
        position = node.number
        for below, level in pairwise(self._levels):
            position //= _FAN
            self._sum_up(below, level, position)
        if len(self._levels[-1]) > _FAN:
            self._levels.append([])
            for position in range(2):
                self._sum_up(self._levels[-2], self._levels[-1], position)
        return node

    def refresh(self, node: Node) -> None:
        """Take note of what is free on a node now."""
        del self.by_share[bisect_left(self.by_share, (node.share, node.number))]
        node.share = sum((room - node.free[resource]) / room for resource, room in self._weighed)
        insort(self.by_share, (node.share, node.number))
        position = node.number
        for below, level in pairwise(self._levels):
            position //= _FAN
            if not self._sum_up(below, level, position):
                return

    def with_room(self, need: _Need, first: int = 0) -> Iterator[Node]:
        """Yield the nodes that pods stood on already and that have room for one more, in order, from some number on."""
        levels, nodes = self._levels, self.nodes
        top = len(levels) - 1
        # What is still to look at: a level, a position there, and the one to stop at.
        waiting = [(top, first // _FAN**top, len(levels[top]))]
        while waiting:
            level, position, end = waiting.pop()
            free = levels[level]
            while position < end:
                here = free[position]
                for resource, amount in need:  # `_has_room`, which calling would cost more than asking
                    if here[resource] < amount:
                        break
                else:
                    break
                position += 1
            else:
                continue
            waiting.append((level, position + 1, end))
            if level:
                least = max(position * _FAN, first // _FAN ** (level - 1))
                waiting.append((level - 1, least, min((position + 1) * _FAN, len(levels[level - 1]))))
            else:
                yield nodes[position]

    def weight(self, need: _Need) -> float:
        """Return the share of a node's cores and memory that a pod takes."""
        weight = self._weights.get(need)
        if weight is None:
            asked = dict(need)
            weight = self._weights[need] = sum(asked.get(resource, 0) / room for resource, room in self._weighed)
        return weight

    @staticmethod
    def _sum_up(below: list[list[int]], level: list[list[int]], position: int) -> bool:
        most = list(map(max, zip(*below[position * _FAN : (position + 1) * _FAN], strict=True)))
        if position == len(level):
            level.append(most)
        elif level[position] == most:
            return False
        else:
            level[position] = most
        return True


class _Tally:
    """How many pods of some groups stand in each domain of a topology, on nodes of some pools."""

    def __init__(self, scene: PlacementScene, key: str, pools: frozenset[int]) -> None:
        self.pools = frozenset(pool for pool in pools if scene.sizes[pool])
        self.domains = None if key == HOSTNAME else [pool.labels.get(key, "") for pool in scene.pools]
        self.counts: dict[object, int] = {self.domains[pool]: 0 for pool in self.pools} if self.domains else {}
        self.number = len(self.counts) if self.domains else sum(scene.sizes[pool] for pool in self.pools)

    def domain(self, node: Node) -> object:
        """Return the domain that a node is in."""
        return (node.pool, node.number) if self.domains is None else self.domains[node.pool]

    def count(self, node: Node, number: int) -> None:
        """Count pods that come, or with a negative number go."""
        if node.pool in self.pools:
            domain = self.domain(node)
            self.counts[domain] = self.counts.get(domain, 0) + number

    def least(self) -> int:
        """Return the number of the domain that has the fewest; those where none came yet are not listed."""
        return min(self.counts.values(), default=0) if len(self.counts) == self.number else 0


class Board:
    """The nodes of a scene with pods on them; what stands can be taken off again, the last first.

    Nodes on which nothing stood yet are all alike in a pool: the first of them is made when it is wanted. While a pod
    that asks nothing of its neighbours may have such, only the last `window` of the others in a pool are looked at for
    room, all where it is None. While something is `rolling`, old pods do not count against those of a new revision.
    """

    def __init__(self, scene: PlacementScene, window: int | None = None) -> None:
        self.scene = scene
        self.rolling = scene.rolling
        self._window = window
        names = list(dict.fromkeys(name for claim in scene.claims for name in claim.need))
        place = {name: position for position, name in enumerate(names)}
        self.needs: list[_Need] = [
            tuple((place[name], amount) for name, amount in claim.need.items() if amount) for claim in scene.claims
        ]
        weighed = [place[name] for name in ("cpu", "memory") if name in place]
        self._pools = [
            _PoolNodes(index, size, [_NO_END if (most := pool.offers(n)) is None else most for n in names], weighed)
            for index, (pool, size) in enumerate(zip(scene.pools, scene.sizes, strict=True))
        ]
        inside = {pools: sorted(pools) for pools in {scene.pools_of(index) for index in range(len(scene.claims))}}
        self._usable = [[self._pools[n] for n in inside[scene.pools_of(i)]] for i in range(len(scene.claims))]
        self._history: list[tuple[int, Node, int]] = []
        self._tallies: dict[tuple[str, frozenset[int], frozenset[int]], _Tally] = {}
        self._counting: dict[int, list[_Tally]] = {}
        self._barring: dict[int, list[_Tally]] = {}
        everywhere = frozenset(range(len(scene.pools)))
        for index, claim in enumerate(scene.claims):
            for term in claim.neighbours.apart:
                self._barring.setdefault(index, []).append(self._tally(term.key, term.groups, everywhere))
                mine = self._tally(term.key, frozenset({index}), everywhere)
                for other in term.groups:
                    self._barring.setdefault(other, []).append(mine)
        self._spread = {
            index: [
                (spread, self._tally(spread.key, spread.counts, self._counted(claim, spread)))
                for spread in claim.neighbours.spreads
            ]
            for index, claim in enumerate(scene.claims)
            if claim.neighbours.spreads
        }
        self._wanted = {
            index: [self._tally(term.key, _meant(claim), everywhere) for term in claim.neighbours.together]
            for index, claim in enumerate(scene.claims)
            if claim.neighbours.together
        }

    def put(self, claim: int, node: Node, number: int = 1) -> None:
        """Put pods of a group on a node."""
        self._history.append((claim, node, number))
        self._move(claim, node, number)

    def standing(self) -> int:
        """Return a mark of what stands now."""
        return len(self._history)

    def take_off(self, mark: int) -> None:
        """Take off what was put on after a mark."""
        while len(self._history) > mark:
            claim, node, number = self._history.pop()
            self._move(claim, node, -number)

    def remove(self, claim: int) -> None:
        """Take all pods of a group off."""
        for node in (node for pool in self._pools for node in pool.nodes if claim in node.held):
            self.put(claim, node, -node.held[claim])

    def room(self, claim: int, node: Node) -> int:
        """Return for how many pods of a group a node's resources suffice."""
        return min(node.free[resource] // amount for resource, amount in self.needs[claim])

    def is_plain(self, claim: int) -> bool:
        """Whether a pod's place depends on resources alone."""
        return claim not in self._barring and claim not in self._spread and claim not in self._wanted

    def places(self, claim: int) -> Iterator[Node]:
        """Yield the nodes that take one more pod of a group as things stand; of untouched ones, one of each pool."""
        accepts = self._filter(claim)
        window = self._window if accepts is None and any(pool.untouched for pool in self._usable[claim]) else None
        for pool in self._usable[claim]:
            first = 0 if window is None else max(len(pool.nodes) - window, 0)
            for node in pool.with_room(self.needs[claim], first):
                if accepts is None or accepts(node):
                    yield node
            if pool.untouched and not (pool.nodes and not pool.nodes[-1].held):
                node = pool.add()
                if accepts is None or accepts(node):
                    yield node

    def emptiest(self, claim: int) -> Node | None:
        """Return the node that the scheduler's LeastAllocated prefers: most cores and memory left, by their share."""
        accepts, need = self._filter(claim), self.needs[claim]
        best: tuple[float, int, Node] | None = None
        for pool in self._usable[claim]:
            if pool.untouched and not (pool.nodes and not pool.nodes[-1].held):
                pool.add()
            for share, number in pool.by_share:
                node = pool.nodes[number]
                if _has_room(node.free, need) and (accepts is None or accepts(node)):
                    found = share + pool.weight(need)
                    if best is None or found < best[0]:
                        best = found, pool.index, node
                    break
        return best[2] if best else None

    def state(self) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
        """Return what stands where up to the order of like nodes."""
        nodes = (node for pool in self._pools for node in pool.nodes if node.held)
        return tuple(sorted((node.pool, tuple(sorted(node.held.items()))) for node in nodes))

    def _move(self, claim: int, node: Node, number: int) -> None:
        for resource, amount in self.needs[claim]:
            node.free[resource] -= amount * number
        left = node.held.get(claim, 0) + number
        if left:
            node.held[claim] = left
        else:
            del node.held[claim]
        self._pools[node.pool].refresh(node)
        for tally in self._counting.get(claim, ()):
            tally.count(node, number)

    def _tally(self, key: str, groups: frozenset[int], pools: frozenset[int]) -> _Tally:
        known = self._tallies.get((key, groups, pools))
        if known is None:
            known = self._tallies[key, groups, pools] = _Tally(self.scene, key, pools)
            for group in groups:
                self._counting.setdefault(group, []).append(known)
        return known

    def _counted(self, claim: Claim, spread: Spread) -> frozenset[int]:
        """Return the pools whose nodes a spread constraint counts."""
        pools = frozenset(range(len(self.scene.pools)))
        pools &= claim.selected if spread.heeds_affinity else pools
        return pools & claim.tolerated if spread.heeds_taints else pools

    def _filter(self, claim: int) -> Callable[[Node], bool] | None:
        """Return what tells as things stand whether a node's neighbours suit a pod of a group; None where all do."""
        if self.is_plain(claim):
            return None
        barring, wanted = self._barring.get(claim, ()), self._wanted.get(claim, ())
        limits = [
            (tally, spread.skew + (0 if tally.number < spread.domains else tally.least()) - spread.counts_itself)
            for spread, tally in self._spread.get(claim, ())
            if not (spread.by_revision and self.rolling)
        ]
        # The first of pods that want each other may go anywhere.
        first = claim in _meant(self.scene.claims[claim]) and not any(any(t.counts.values()) for t in wanted)
        return lambda node: (
            not any(tally.counts.get(tally.domain(node)) for tally in barring)
            and all(tally.counts.get(tally.domain(node), most) <= most for tally, most in limits)
            and (first or all(tally.counts.get(tally.domain(node)) for tally in wanted))
        )


def _meant(claim: Claim) -> frozenset[int]:
    """Return the groups that every term of a pod's affinity means."""
    terms = claim.neighbours.together
    return frozenset.intersection(*(term.groups for term in terms)) if terms else frozenset()
