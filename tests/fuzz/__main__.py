"""Try inputs at random for some time, or so many of them, and say which of them break the tool: `make fuzz`.

Inputs are judged in worker processes, one of a core. The process that starts them watches each for time and for memory:
what hangs or grows is stopped and counts as a fault. An input is known by the seed and its number, on every machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from tests.fuzz.cases import Case
from tests.fuzz.shrink import shrink
from tests.fuzz.worker import Report, Slot, case_of, work

LARGE_BYTES: Final = 500 << 20
# What is stopped: far beyond what is slow, so that a busy machine stops nothing.
_HANG_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.25
_FOUND: Final = Path(".build/fuzz")
_SHRUNK: Final = 12


@dataclass(slots=True)
class Extreme:
    """The input that took most of something."""

    amount: float = 0.0
    number: int = -1

    def note(self, amount: float, number: int) -> None:
        """Keep the larger one."""
        if amount > self.amount:
            self.amount, self.number = amount, number


@dataclass(slots=True)
class Run:
    """A run: its seed, its workers, and what they have found."""

    seed: str
    workers: int
    last: int
    faults: Counter[str] = field(default_factory=Counter)
    first: dict[str, Report] = field(default_factory=dict)
    largest: Extreme = field(default_factory=Extreme)

    def take(self, report: Report) -> None:
        """Count a fault, and keep the first of its kind."""
        self.faults[report.kind] += 1
        if report.kind not in self.first or report.number < self.first[report.kind].number:
            self.first[report.kind] = report


def watch(run: Run, seconds: float) -> tuple[int, Extreme]:
    """Keep the workers going for some seconds; return how many inputs were judged, and the slowest."""
    context = multiprocessing.get_context("spawn")
    reports: multiprocessing.Queue[Report] = context.Queue()
    slots = [Slot(first) for first in range(run.workers)]

    def start(slot: Slot) -> SpawnProcess:
        process = context.Process(target=work, args=(run.seed, run.workers, run.last, slot, reports), daemon=True)
        process.start()
        return process

    processes = [start(slot) for slot in slots]
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(slot.number.value < run.last for slot in slots):
        time.sleep(_POLL_SECONDS)
        _drain(reports, run)
        for place, (slot, process) in enumerate(zip(slots, processes, strict=True)):
            if not process.is_alive() and slot.number.value >= run.last:
                continue
            if (wrong := _trouble(slot, process, run)) is not None:
                run.take(Report(slot.number.value, *wrong))
                process.kill()
                process.join()
                slot.number.value += run.workers
                slot.done.value += 1
            if not process.is_alive():
                slot.since.value = 0.0
                processes[place] = start(slot)
    for process in processes:
        process.kill()
        process.join()
    _drain(reports, run)
    slowest = Extreme()
    for slot in slots:
        slowest.note(slot.slowest.value, slot.slowest_number.value)
    return sum(slot.done.value for slot in slots), slowest


def _drain(reports: multiprocessing.Queue[Report], run: Run) -> None:
    while True:
        try:
            run.take(reports.get_nowait())
        except queue.Empty:
            return


def _trouble(slot: Slot, process: SpawnProcess, run: Run) -> tuple[str, str] | None:
    """Say why a worker has to be stopped: it hangs, it has grown too large, or it is gone."""
    since = slot.since.value
    if since and time.monotonic() - since > _HANG_SECONDS:
        return "hangs", f"over {_HANG_SECONDS:.0f} s"
    size = _resident(process.pid)
    run.largest.note(size, slot.number.value)
    if size > LARGE_BYTES:
        return f"over {LARGE_BYTES >> 20} MB", f"{size >> 20} MB"
    if not process.is_alive() and process.exitcode:
        if not since:
            raise RuntimeError(f"a worker ended outside of any input, with {process.exitcode}")
        return "kills the process", f"exit {process.exitcode}"
    return None


def _resident(pid: int | None) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0  # gone, or a system without /proc
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _keep(run: Run, report: Report, place: Path) -> None:
    """Write the input of a fault, and what was left of it, to a folder."""
    from tests.fuzz.judge import Judge  # noqa: PLC0415 - as above

    judge, case = Judge(), case_of(run.seed, report.number)

    def fails(smaller: Case) -> bool:
        return any(fault.kind == report.kind for fault in judge.faults(smaller, report.number))

    if not fails(case):
        return  # time or memory: it is shown as it is
    case = shrink(case, fails)
    for folder, files in (("", case.files), ("before", case.before)):
        for name, content in files.items():
            target = place / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    (place / "fault.txt").write_text(
        f"seed {run.seed}, input {report.number}\n{report.kind}\n{case.commands or ''}\n{report.detail}\n", "utf-8"
    )


def main(arguments: list[str]) -> int:
    """Run, print what was found, and return 1 where anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", type=float, help="how long")
    parser.add_argument("--inputs", type=int, default=sys.maxsize, help="how many inputs at most")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="inputs of this seed; default: a fresh one")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    run = Run(options.seed, options.workers, options.inputs)
    print(f"seed {run.seed}, {run.workers} workers", flush=True)  # noqa: T201 - a program for people
    start = time.monotonic()
    done, slowest = watch(run, options.seconds)
    taken = time.monotonic() - start
    for count, (kind, report) in enumerate(sorted(run.first.items(), key=lambda item: -run.faults[item[0]])):
        place = _FOUND / f"{count}"
        if count < _SHRUNK:
            _keep(run, report, place)
        last = report.detail.strip().splitlines()[-1:] or [""]
        print(f"{run.faults[kind]:>8,}  {kind}\n          input {report.number} ({place}): {last[0][:200]}")  # noqa: T201
    print(  # noqa: T201
        f"{done:,} inputs in {taken:,.0f} s, seed {run.seed}: {sum(run.faults.values()):,} faults of "
        f"{len(run.faults)} kinds; slowest {slowest.amount:.2f} s (input {slowest.number}), "
        f"largest {run.largest.amount / (1 << 20):.0f} MB (input {run.largest.number})"
    )
    return int(bool(run.faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
