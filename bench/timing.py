"""Processes, timed; and jobs run in turn, so that they can be compared."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
CLI = (sys.executable, "-m", "kservegen")
# Users run an installed package, compiled once; with this variable set every run would compile itself anew.
PROCESS_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Figure:
    """One timed sequence of processes: wall and CPU seconds, and the largest peak memory of one process in MB."""

    wall: float
    cpu: float
    peak: float


def timed(
    commands: Sequence[Sequence[str]],
    *,
    outputs: Sequence[Path | None] | None = None,
    accepted: Sequence[int] = (0,),
) -> Figure:
    """Run commands one after the other; each must exit with one of the codes that are accepted."""
    wall = cpu = peak = 0.0
    for index, command in enumerate(commands):
        output = outputs[index] if outputs else None
        sink = output.open("wb") if output else subprocess.DEVNULL
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.PIPE, env=PROCESS_ENVIRONMENT)
        complaint = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall += time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            sys.exit(f"{' '.join(command)} exited {process.returncode}: {complaint.decode()[-2000:]}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
    return Figure(wall, cpu, peak)


def total(*figures: Figure) -> Figure:
    """Add up what runs one after the other."""
    return Figure(sum(f.wall for f in figures), sum(f.cpu for f in figures), max(f.peak for f in figures))


def rounds(runs: int, jobs: dict[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
    """Run all jobs in turn, A B C A B C, so that a drift of the machine's speed meets them all alike."""
    figures: dict[str, list[Measured]] = {name: [] for name in jobs}
    for number in range(runs + 1):
        for name, job in jobs.items():
            figure = job()
            if number:  # the first round warms caches
                figures[name].append(figure)
    return figures
