"""Figures as a Markdown table, and the options that all measurements have."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.timing import ROOT, Figure

FIGURES = ("models x 3", "what", "wall s (median)", "min–max", "cpu s", "peak MB", "wall ratio", "cpu ratio")


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured: these sizes, each so many times."""

    sizes: tuple[int, ...]
    runs: int


def arguments(about: str | None, sizes: str, default: str, *, runs: int) -> Options:
    """Parse the command line: `sizes` is the name of the option for them, several parted by commas."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(sizes, dest="sizes", default=default)
    parser.add_argument("--runs", type=int, default=runs)
    given = parser.parse_args()
    (ROOT / ".build").mkdir(exist_ok=True)
    return Options(tuple(map(int, given.sizes.split(","))), given.runs)


def note_missing(*peers: str) -> None:
    """Say which peers are left out."""
    for peer in peers:
        if not shutil.which(peer):
            print(f"{peer} is not on the path: that peer is left out", file=sys.stderr)


def print_table(columns: Sequence[str], rows: Iterable[str]) -> None:
    """Print a table, each row as soon as it is measured."""
    print(f"| {' | '.join(columns)} |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print(row, flush=True)


def spread(seconds: Iterable[float]) -> str:
    """Write the least and the most."""
    known = list(seconds)
    return f"{min(known):.2f}–{max(known):.2f}"


def figure_row(size: str, job: str, figures: list[Figure], base: list[Figure]) -> str:
    """Write a row of the columns FIGURES: medians, and their ratios to those of `base`."""
    wall, cpu = median(f.wall for f in figures), median(f.cpu for f in figures)
    by_wall, by_cpu = wall / median(f.wall for f in base), cpu / median(f.cpu for f in base)
    peak, walls = max(f.peak for f in figures), spread(f.wall for f in figures)
    return f"| {size} | {job} | {wall:.3f} | {walls} | {cpu:.2f} | {peak:.0f} | {by_wall:.2f} | {by_cpu:.2f} |"


def peer_row(size: str, job: str, figures: list[Figure], peers: list[Figure] | None) -> str:
    """Write a row of medians, with how many times as long the peers take by wall time and by CPU seconds."""
    wall, cpu = median(f.wall for f in figures), median(f.cpu for f in figures)
    peak, walls = max(f.peak for f in figures), spread(f.wall for f in figures)
    ratios = "- | -"
    if peers:
        ratios = f"{median(f.wall for f in peers) / wall:.2f} | {median(f.cpu for f in peers) / cpu:.2f}"
    return f"| {size} | {job} | {wall:.3f} | {walls} | {cpu:.2f} | {peak:.0f} | {ratios} |"
