"""Numbers that processes take in turn: each once, in ranges of a length that pays."""

from __future__ import annotations

import pytest

from kservegen.evaluate.workers import Turns


@pytest.mark.parametrize("among", [1, 2, 3])
@pytest.mark.parametrize("number", [0, 1, 5, 100, 3000, 40_000])
def test_turns_are_all_numbers_once_and_the_same_again(number: int, among: int) -> None:
    turns = Turns(number, among, least=32, most=512)
    taken = list(turns)
    assert [each for some in taken for each in some] == list(range(number))
    assert all(len(some) <= 512 for some in taken)
    assert list(turns) == taken


@pytest.mark.parametrize(("number", "among"), [(3000, 2), (3000, 4), (100_000, 2)])
def test_turns_are_long_first_and_short_at_last_but_none_is_too_short(number: int, among: int) -> None:
    lengths = [len(some) for some in Turns(number, among, least=32, most=512)]
    assert lengths[:-1] == sorted(lengths[:-1], reverse=True)
    assert min(lengths[:-1]) >= 32
    assert lengths[0] >= min(450, number // (3 * among))


@pytest.mark.parametrize(("number", "among"), [(2, 2), (8, 3), (40, 2), (100, 3)])
def test_few_numbers_are_enough_for_all(number: int, among: int) -> None:
    assert len(list(Turns(number, among, least=32, most=512))) >= min(number, 2 * among)
