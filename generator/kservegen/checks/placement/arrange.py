"""A scene and numbers of pods in; whether the scheduler finds a node for each out.

The scheduler takes pods one at a time, in an order that nobody knows beforehand, and moves none again. So three
answers: FITS where every order that is tried ends well, FULL where no arrangement at all exists (a sum that does not
work out, or a search that went through all of them), UNSURE for what lies between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat
from typing import Final, NamedTuple

from kservegen.checks.placement.node_state import Board, PlacementScene

# Steps of the search for one question, and pods times nodes up to which all orders are tried.
SEARCH: Final = 3_000
_TRIED: Final = 60_000


class ArrangeOutcome(StrEnum):
    """What becomes of the pods."""

    FITS = "fits"
    FULL = "full"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A resource that there is less of than is needed, summed over the pools that would do."""

    resource: str
    needed: int
    there: int
    pools: tuple[int, ...]


class ArrangeAnswer(NamedTuple):
    """An outcome; the group that stays without nodes, and what there is too little of where one sum shows it."""

    outcome: ArrangeOutcome
    waiting: int = -1
    shortage: Shortage | None = None


ChooseNode = Callable[[Board, int, Sequence[int]], int]


def arrange(scene: PlacementScene, counts: Sequence[int]) -> ArrangeAnswer:
    """Say whether `counts` pods of each group of a scene find nodes."""
    certain = _arrange(scene._replace(lenient=False), counts)
    if certain.outcome is not ArrangeOutcome.FULL or all(claim.sure == claim.maybe for claim in scene.claims):
        return certain
    possible = _arrange(scene._replace(lenient=True), counts)
    return (
        possible if possible.outcome is ArrangeOutcome.FULL else ArrangeAnswer(ArrangeOutcome.UNSURE, certain.waiting)
    )


def _arrange(scene: PlacementScene, counts: Sequence[int]) -> ArrangeAnswer:
    waiting = [_fill(scene, counts, order, choose) for order, choose in _tries(scene, counts)]
    stuck = next((index for index in waiting if index >= 0), -1)
    if stuck < 0:
        return ArrangeAnswer(ArrangeOutcome.FITS)
    shortage = find_shortage(scene, counts)
    if shortage is not None:
        return ArrangeAnswer(ArrangeOutcome.FULL, _last_of(scene, counts, shortage), shortage)
    if min(waiting) < 0:
        return ArrangeAnswer(ArrangeOutcome.UNSURE, stuck)
    found = _Search(scene, counts).run()
    if found is False and not _depends_on_order(scene):
        return ArrangeAnswer(ArrangeOutcome.FULL, stuck)
    return ArrangeAnswer(ArrangeOutcome.UNSURE, stuck)


def _last_of(scene: PlacementScene, counts: Sequence[int], shortage: Shortage) -> int:
    """Return the group that takes the most of what is short."""
    inside = frozenset(shortage.pools)
    return max(
        (index for index in range(len(counts)) if scene.pools_of(index) <= inside),
        key=lambda index: (scene.claims[index].need.get(shortage.resource, 0) * counts[index], -index),
    )


def _tries(scene: PlacementScene, counts: Sequence[int]) -> Iterator[tuple[Sequence[int], ChooseNode]]:
    """Yield orders of groups with a way to choose nodes: densest first, then as the scheduler spreads pods."""
    plain = range(len(counts))
    large = sorted(plain, key=lambda index: _weight(scene, index), reverse=True)
    yield large, _first
    if sum(counts) * sum(scene.sizes) <= _TRIED:
        for order in (large, large[::-1], plain, plain[::-1]):
            yield order, _emptiest
        yield large[::-1], _first


def _weight(scene: PlacementScene, claim: int) -> tuple[bool, float]:
    """Order groups: those bound to their neighbours first, then those that fill the largest part of a node."""
    parts = [
        amount / offered
        for name, amount in scene.claims[claim].need.items()
        for pool in scene.pools_of(claim)
        if (offered := scene.pools[pool].offers(name))
    ]
    return scene.claims[claim].neighbours.any, max(parts, default=0.0)


def _first(_board: Board, _claim: int, nodes: Sequence[int]) -> int:
    return nodes[0]


def _emptiest(board: Board, claim: int, nodes: Sequence[int]) -> int:
    """Choose as the scheduler's LeastAllocated does: where the most cores and memory are left, by their share."""
    need = board.scene.claims[claim].need

    def share(node: int) -> float:
        pool = board.scene.pools[board.pool[node]]
        return sum(
            (board.used[node].get(name, 0) + need.get(name, 0)) / offered
            for name in ("cpu", "memory")
            if (offered := pool.offers(name))
        )

    return min(nodes, key=share)


def _fill(scene: PlacementScene, counts: Sequence[int], order: Sequence[int], choose: ChooseNode) -> int:
    """Place pods one by one; return a group of which pods are left over, -1 where none is."""
    board, passed = Board(scene), dict[object, int]()
    left = {index: counts[index] for index in order if counts[index]}
    before = -1
    while left and sum(left.values()) != before:  # what waits is tried again once more pods stand
        before = sum(left.values())
        for index in list(left):
            left[index] -= _place(board, index, left[index], choose, passed)
            if not left[index]:
                del left[index]
        if all(board.is_plain(index) for index in left):
            break
    return next(iter(left), -1)


def _place(board: Board, claim: int, number: int, choose: ChooseNode, passed: dict[object, int]) -> int:
    """Place up to `number` pods of a group; return how many found a node."""
    if choose is _first and board.is_plain(claim):
        return _pack(board, claim, number, passed)
    for placed in range(number):
        nodes = list(board.places(claim))
        if not nodes:
            return placed
        board.put(claim, choose(board, claim, nodes))
    return number


def _pack(board: Board, claim: int, number: int, passed: dict[object, int]) -> int:
    """Fill one node after the other: what does not take a pod now will take none later.

    `passed` tells for each sort of pod how many of its nodes are full already.
    """
    sort = (tuple(board.scene.claims[claim].need.items()), board.scene.pools_of(claim))
    nodes, placed = board.nodes_of(claim), 0
    for position in range(passed.get(sort, 0), len(nodes)):
        passed[sort] = position
        while placed < number and board.has_room(claim, nodes[position]):
            board.put(claim, nodes[position])
            placed += 1
        if placed == number:
            break
    return placed


def find_shortage(scene: PlacementScene, counts: Sequence[int]) -> Shortage | None:
    """Find a sum that proves that pods are left over: of groups that have no other pools than these."""
    for inside in sorted({scene.pools_of(index) for index, count in enumerate(counts) if count}, key=sorted):
        bound = [index for index, count in enumerate(counts) if count and scene.pools_of(index) <= inside]
        for name in dict.fromkeys(chain.from_iterable(scene.claims[index].need for index in bound)):
            there = _offered(scene, inside, name)
            needed = sum(scene.claims[index].need.get(name, 0) * counts[index] for index in bound)
            if there is not None and needed > there:
                return Shortage(resource=name, needed=needed, there=there, pools=tuple(sorted(inside)))
    return None


def _offered(scene: PlacementScene, inside: frozenset[int], resource: str) -> int | None:
    total = 0
    for pool in inside:
        offered = scene.pools[pool].offers(resource)
        if offered is None:
            return None
        total += offered * scene.sizes[pool]
    return total


def _depends_on_order(scene: PlacementScene) -> bool:
    """Whether a search that takes groups in one order, on all nodes that there may be, leaves something out."""
    for index, claim in enumerate(scene.claims):
        if any(not term.groups <= {index} for term in claim.neighbours.together):
            return True
        if any(not spread.counts <= {index} for spread in claim.neighbours.spreads):
            return True
        if claim.neighbours.spreads and any(scene.pools[pool].is_elastic for pool in claim.selected):
            return True
    return False


class _Search:
    """Goes through all arrangements, like ones once; gives up after so many steps."""

    def __init__(self, scene: PlacementScene, counts: Sequence[int]) -> None:
        order = sorted(range(len(counts)), key=lambda index: _weight(scene, index), reverse=True)
        self._pods = [index for index in order for _ in repeat(None, counts[index])]
        self._board = Board(scene)
        self._seen: set[object] = set()
        self._steps = 0

    def run(self) -> bool | None:
        """Return whether an arrangement exists; None where the steps did not suffice."""
        if len(self._pods) > _DEPTH:
            return None
        return self._from(0)

    def _from(self, position: int) -> bool | None:
        if position == len(self._pods):
            return True
        self._steps += 1
        if self._steps > SEARCH:
            return None
        state = (position, self._board.state())
        if state in self._seen:
            return False
        self._seen.add(state)
        claim, board = self._pods[position], self._board
        tried: set[tuple[int, frozenset[tuple[int, int]]]] = set()
        for node in list(board.places(claim)):
            like = (board.pool[node], frozenset(board.held[node].items()))
            if like in tried:
                continue
            tried.add(like)
            board.put(claim, node)
            found = self._from(position + 1)
            board.put(claim, node, -1)
            if found is not False:
                return found
        return False


# Pods that a search takes on: as deep as it calls itself.
_DEPTH: Final = 400
