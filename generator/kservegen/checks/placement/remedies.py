"""A scene whose pods do not all find nodes in; changes that were tried and help out, as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kservegen.checks.placement.arrange import ArrangeAnswer, ArrangeOutcome, arrange
from kservegen.checks.placement.board import PlacementScene

# A larger question than pods times nodes is not asked again and again.
_ASKED: Final = 20_000
_STEPS: Final = 8


def placement_remedies(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer, waiting: str) -> str:
    """Name how many nodes more, and which lower number of pods, would do; empty where nothing near does."""
    if sum(counts) * (sum(scene.sizes) + _STEPS) > _ASKED:
        return ""
    ways = [*_more_nodes(scene, counts, answer), *_fewer_pods(scene, counts, answer, waiting)]
    return f"Any of these does: {', '.join(ways)}." if ways else ""


def _more_nodes(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer) -> Iterator[str]:
    for number in sorted(scene.claims[answer.waiting].sure):
        pool = scene.pools[number]
        if pool.most is None:
            continue
        for extra in range(1, _STEPS + 1):
            sizes = list(scene.sizes)
            sizes[number] += extra
            if arrange(scene._replace(sizes=sizes), counts).outcome is ArrangeOutcome.FITS:
                yield f"{pool.most + extra} nodes in {pool.name}"
                break


def _fewer_pods(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer, waiting: str) -> Iterator[str]:
    for fewer in range(counts[answer.waiting] - 1, max(counts[answer.waiting] - _STEPS, 1) - 1, -1):
        tried = list(counts)
        tried[answer.waiting] = fewer
        if arrange(scene, tried).outcome is ArrangeOutcome.FITS:
            yield f"{fewer} pods of {waiting}"
            return
