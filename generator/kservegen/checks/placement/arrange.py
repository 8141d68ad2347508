"""A scene and numbers of pods in; whether the scheduler finds a node for each, and for those that a rollout adds, out.

The scheduler takes pods one at a time, in an order that nobody knows beforehand, and moves none again. So three
answers: FITS where every order that is tried ends well, or a sum proves it of all; FULL where no arrangement at all
exists (a sum that does not work out, or a search that went through all of them); UNSURE for what lies between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import repeat
from typing import Final

from msgspec import Struct

from kservegen.checks.placement.bounds import Shortage, Sums, is_roomy
from kservegen.checks.placement.neighbours import NO_NEIGHBOURS
from kservegen.checks.placement.node_state import Board, Claim, PlacementScene

# Steps of the search for one question, and pods times nodes up to which all orders are tried.
SEARCH: Final = 3_000
_TRIED: Final = 60_000
# Pods above which none is placed: what no sum proves stays open.
_ARRANGED: Final = 100_000
# Nodes of a pool that are looked at for room, in the one order that is tried above that, while others are empty.
_WINDOW: Final = 64


class ArrangeOutcome(StrEnum):
    """What becomes of the pods."""

    FITS = "fits"
    FULL = "full"
    UNSURE = "unsure"


class ArrangeAnswer(Struct, frozen=True):
    """An outcome; the group that stays without nodes, and what there is too little of where one sum shows it."""

    outcome: ArrangeOutcome
    waiting: int = -1
    shortage: Shortage | None = None


_FITS: Final = ArrangeAnswer(ArrangeOutcome.FITS)


def arrange(scene: PlacementScene, counts: Sequence[int]) -> ArrangeAnswer:
    """Say whether `counts` pods of each group of a scene find nodes."""
    return Arrangement(scene, counts).answer


class Arrangement:
    """So many pods of each group of a scene on its nodes, and what comes beside them while an object rolls.

    `rollouts` are those that will be asked about, each as a number of further pods by group. Of a search, at most
    `steps` are taken; the rollouts have as many together.
    """

    def __init__(
        self,
        scene: PlacementScene,
        counts: Sequence[int],
        rollouts: Sequence[Mapping[int, int]] = (),
        *,
        steps: int = SEARCH,
    ) -> None:
        self._scene = scene
        self._counts = counts
        self._steps = steps // max(len(rollouts), 1)
        self._sums = Sums(scene, counts)
        self._settled: frozenset[int] = frozenset()  # groups of which any rollout finds nodes
        self.boards: list[Board] = []
        self.answer = self._judge(rollouts, steps)

    def rollout(self, more: Mapping[int, int]) -> ArrangeAnswer:
        """Say whether the pods that a rolling update adds find nodes beside all others, where those do."""
        waiting = (
            -1 if self._settled.issuperset(more) else max((_add(board, more) for board in self.boards), default=-1)
        )
        if waiting < 0:
            return _FITS
        short = self._sums.shortage(more) or self._sums.crowding(more)
        if short is not None:
            return ArrangeAnswer(ArrangeOutcome.FULL, waiting, short)
        counts = [count + more.get(index, 0) for index, count in enumerate(self._counts)]
        return _searched(self._scene._replace(rolling=True), counts, waiting, self._steps)

    def _judge(self, rollouts: Sequence[Mapping[int, int]], steps: int) -> ArrangeAnswer:
        scene, counts = self._scene, self._counts
        shortage = self._sums.shortage()
        if shortage is not None:
            return ArrangeAnswer(ArrangeOutcome.FULL, _last_of(scene, counts, shortage), shortage)
        plain = _plain(scene)
        if len(plain) == len(counts) and is_roomy(scene, counts, rollouts):
            self._settled = plain
            return _FITS
        largest = max(range(len(counts)), key=counts.__getitem__)
        waiting = [largest] if sum(counts) > _ARRANGED else self._fill(plain, rollouts)
        stuck = next((index for index in waiting if index >= 0), -1)
        if stuck < 0:
            return _FITS
        if min(waiting) < 0:
            return ArrangeAnswer(ArrangeOutcome.UNSURE, stuck)
        crowd = self._sums.crowding()
        if crowd is not None:
            return ArrangeAnswer(ArrangeOutcome.FULL, _last_of(scene, counts, crowd), crowd)
        return _searched(scene, counts, stuck, steps)

    def _fill(self, plain: frozenset[int], rollouts: Sequence[Mapping[int, int]]) -> list[int]:
        """Place all pods in one or several ways; return for each a group that has pods left over, or -1."""
        scene, counts = self._scene, self._counts
        if sum(counts) * sum(scene.sizes) > _TRIED:
            return [self._fill_once(plain, rollouts)]
        waiting = []
        for order, spread in _tries(scene):
            board = Board(scene)
            waiting.append(_fill(board, counts, order, spread=spread))
            self.boards.append(board)
        return waiting

    def _fill_once(self, plain: frozenset[int], rollouts: Sequence[Mapping[int, int]]) -> int:
        """Place all pods in one way, where it can be with room left for any rollout."""
        scene, counts = self._scene, self._counts
        reserve = _reserve(scene, [more for more in rollouts if plain.issuperset(more)])
        wider = scene._replace(claims=[*scene.claims, *(claim for claim, _ in reserve)])
        kept = [*counts, *(number for _, number in reserve)]
        board = Board(wider, _WINDOW)
        waiting = _fill(board, kept, _densest_first(wider), spread=False)
        if waiting < 0:
            self._settled = plain
            for index in range(len(counts), len(kept)):
                board.remove(index)
        elif reserve:
            board = Board(scene, _WINDOW)
            waiting = _fill(board, counts, _densest_first(scene), spread=False)
        self.boards.append(board)
        return waiting


def fill_densely(scene: PlacementScene, counts: Sequence[int]) -> Board | None:
    """Put pods on as few nodes as a simple order takes, those left out that find none; None for more than is tried."""
    if sum(counts) > _ARRANGED:
        return None
    board = Board(scene, _WINDOW)
    _fill(board, counts, _densest_first(scene), spread=False)
    return board


def _plain(scene: PlacementScene) -> frozenset[int]:
    """Return the groups whose pods' places depend on resources alone."""
    repelled = {other for claim in scene.claims for term in claim.neighbours.apart for other in term.groups}
    groups = enumerate(scene.claims)
    return frozenset(index for index, claim in groups if not claim.neighbours.any and index not in repelled)


def _reserve(scene: PlacementScene, rollouts: Sequence[Mapping[int, int]]) -> list[tuple[Claim, int]]:
    """Return pods that ask for as much as those of any one rollout: where these have nodes, so have those."""
    needs: dict[frozenset[int], dict[str, int]] = {}
    numbers: dict[frozenset[int], int] = {}
    for more in rollouts:
        own: dict[frozenset[int], int] = {}
        for index, number in more.items():
            pools = scene.pools_of(index)
            need = needs.setdefault(pools, {})
            for name, amount in scene.claims[index].need.items():
                need[name] = max(amount, need.get(name, 0))
            own[pools] = own.get(pools, 0) + number
        for pools, number in own.items():
            numbers[pools] = max(number, numbers.get(pools, 0))
    return [
        (Claim(need=needs[at], sure=at, maybe=at, selected=at, tolerated=at, neighbours=NO_NEIGHBOURS), number)
        for at, number in numbers.items()
    ]


def _last_of(scene: PlacementScene, counts: Sequence[int], shortage: Shortage) -> int:
    """Return the group that takes the most of what is short."""
    inside = frozenset(shortage.pools)
    return max(
        (index for index in range(len(counts)) if scene.claims[index].maybe <= inside),
        key=lambda index: (scene.claims[index].need.get(shortage.resource, 0) * counts[index], -index),
    )


def _tries(scene: PlacementScene) -> Iterator[tuple[Sequence[int], bool]]:
    """Yield orders of groups, and whether pods spread over nodes: densest first, then as the scheduler spreads them."""
    large, plain = _densest_first(scene), range(len(scene.claims))
    yield large, False
    for order in (large, large[::-1], plain, plain[::-1]):
        yield order, True
    yield large[::-1], False


def _densest_first(scene: PlacementScene) -> Sequence[int]:
    return sorted(range(len(scene.claims)), key=lambda index: _weight(scene, index), reverse=True)


def _weight(scene: PlacementScene, claim: int) -> tuple[bool, float]:
    """Order groups: those bound to their neighbours first, then those that fill the largest part of a node."""
    parts = [
        amount / offered
        for name, amount in scene.claims[claim].need.items()
        for pool in scene.pools_of(claim)
        if (offered := scene.pools[pool].offers(name))
    ]
    return scene.claims[claim].neighbours.any, max(parts, default=0.0)


def _fill(board: Board, counts: Sequence[int], order: Sequence[int], *, spread: bool) -> int:
    """Place pods one by one; return a group of which pods are left over, -1 where none is."""
    left = {index: counts[index] for index in order if counts[index]}
    before = -1
    while left and sum(left.values()) != before:  # what waits is tried again once more pods stand
        before = sum(left.values())
        for index in list(left):
            left[index] -= _place(board, index, left[index], spread=spread)
            if not left[index]:
                del left[index]
        if all(board.is_plain(index) for index in left):
            break
    return next(iter(left), -1)


def _place(board: Board, claim: int, number: int, *, spread: bool = False) -> int:
    """Place up to `number` pods of a group; return how many found a node."""
    if not spread and board.is_plain(claim):
        return _pack(board, claim, number)
    for placed in range(number):
        node = board.emptiest(claim) if spread else next(board.places(claim), None)
        if node is None:
            return placed
        board.put(claim, node)
    return number


def _pack(board: Board, claim: int, number: int) -> int:
    """Fill one node after the other; return how many pods found one."""
    left = number
    while left and (node := next(board.places(claim), None)):
        fitting = min(board.room(claim, node), left)
        board.put(claim, node, fitting)
        left -= fitting
    return number - left


def _add(board: Board, more: Mapping[int, int]) -> int:
    """Try pods beside those that stand; return a group that finds too few nodes, -1 where all find one."""
    board.rolling = True
    if len(more) == 1 and 1 in more.values():  # nothing comes after it, so it need not stand
        (index,) = more
        return index if next(board.places(index), None) is None else -1
    mark = board.standing()
    stuck = next((index for index, number in more.items() if _place(board, index, number) < number), -1)
    board.take_off(mark)
    return stuck


def _searched(scene: PlacementScene, counts: Sequence[int], waiting: int, steps: int) -> ArrangeAnswer:
    """Go through all arrangements on nodes that may take pods, as far as the steps suffice."""
    found = _Search(scene._replace(lenient=True), counts, steps).run()
    full = found is False and not _depends_on_order(scene)
    return ArrangeAnswer(ArrangeOutcome.FULL if full else ArrangeOutcome.UNSURE, waiting)


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

    def __init__(self, scene: PlacementScene, counts: Sequence[int], steps: int) -> None:
        self._scene = scene
        self._counts = counts
        self._left = steps
        self._seen: set[object] = set()

    def run(self) -> bool | None:
        """Return whether an arrangement exists; None where the steps did not suffice."""
        if sum(self._counts) > min(_DEPTH, self._left):
            return None
        order = _densest_first(self._scene)
        pods = [index for index in order for _ in repeat(None, self._counts[index])]
        return self._from(Board(self._scene), pods, 0)

    def _from(self, board: Board, pods: Sequence[int], position: int) -> bool | None:
        if position == len(pods):
            return True
        self._left -= 1
        if self._left < 0:
            return None
        state = (position, board.state())
        if state in self._seen:
            return False
        self._seen.add(state)
        tried: set[tuple[int, frozenset[tuple[int, int]]]] = set()
        for node in list(board.places(pods[position])):
            like = (node.pool, frozenset(node.held.items()))
            if like in tried:
                continue
            tried.add(like)
            mark = board.standing()
            board.put(pods[position], node)
            found = self._from(board, pods, position + 1)
            board.take_off(mark)
            if found is not False:
                return found
        return False


# Pods that a search takes on: as deep as it calls itself.
_DEPTH: Final = 400
