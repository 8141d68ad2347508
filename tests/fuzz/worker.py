"""A worker of the fuzzer: every so many-th input of a seed in, faults and how long each took out."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.sharedctypes import Synchronized
from random import Random
from typing import Final, NamedTuple

from tests.fuzz.cases import Case, draw_case

SLOW_SECONDS: Final = 5.0
# A worker is replaced after so many inputs: what it has compiled and cached is no input's doing.
_INPUTS_OF_A_WORKER: Final = 20_000


class Report(NamedTuple):
    """What a worker says of an input that is worth telling."""

    number: int
    kind: str
    detail: str


class Slot:
    """What a worker and the watcher share: which input is judged since when, and how far the worker got."""

    def __init__(self, first: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.number: Synchronized[int] = context.Value("q", first, lock=False)
        self.since: Synchronized[float] = context.Value("d", 0.0, lock=False)
        self.done: Synchronized[int] = context.Value("q", 0, lock=False)
        self.slowest: Synchronized[float] = context.Value("d", 0.0, lock=False)
        self.slowest_number: Synchronized[int] = context.Value("q", -1, lock=False)


def case_of(seed: str, number: int) -> Case:
    """Make the input of a seed and a number."""
    return draw_case(Random(f"{seed}:{number}"))  # noqa: S311 - no secret


def work(seed: str, step: int, last: int, slot: Slot, reports: multiprocessing.Queue[Report]) -> None:
    """Judge every `step`th input from the slot's number on, until the last or until it is time for a fresh worker."""
    import gc  # noqa: PLC0415 - the worker's own business

    from tests.fuzz.judge import Judge  # noqa: PLC0415 - the watcher is light, so that its memory is nobody's fault

    gc.disable()
    judge = Judge()
    for count in range(_INPUTS_OF_A_WORKER):
        number = slot.number.value
        if number >= last:
            return
        slot.since.value = time.monotonic()
        began = time.process_time()  # of a busy machine the clock on the wall tells little
        faults = judge.faults(case_of(seed, number), number)
        taken = time.process_time() - began
        slot.since.value = 0.0
        for fault in faults:
            reports.put(Report(number, fault.kind, fault.detail))
        if taken > SLOW_SECONDS:
            reports.put(Report(number, f"over {SLOW_SECONDS:.0f} s", f"{taken:.1f} s"))
        if taken > slot.slowest.value:
            slot.slowest.value, slot.slowest_number.value = taken, number
        slot.number.value = number + step
        slot.done.value += 1
        if count % 500 == 499:
            gc.collect()
