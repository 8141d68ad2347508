"""Measure `kservegen validate PATH` side by side with `kubeconform -n 2` on the same files, in the same run.

kservegen judges through all layers, kubeconform by schemas. Prints a Markdown table of medians and ratios.
`python -m bench.manifests [--files 3000] [--runs 5]`
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.corpus import VERSION, write_manifests
from bench.schemas import COMPILED, LAYOUT, write_expanded
from bench.table import print_table, spread
from bench.timing import CLI, ROOT, Figure, rounds, timed


def jobs(folder: Path) -> dict[str, Callable[[], Figure]]:
    """Return what is measured on the files in `folder`."""
    manifests = folder / "manifests"
    one = next(iter(sorted(manifests.iterdir())))
    validate = [*CLI, "validate", "--kserve-version", VERSION]
    found: dict[str, Callable[[], Figure]] = {
        "kservegen validate": lambda: timed([[*validate, str(manifests)]]),
        "kservegen validate, one file": lambda: timed([[*validate, str(one)]]),
    }
    kubeconform = shutil.which("kubeconform")
    if kubeconform is None:
        print("kubeconform is not on the path: it is left out", file=sys.stderr)
        return found
    check = [kubeconform, "-n", "2", "-strict", "-schema-location"]
    expanded = [*check, str(folder / "expanded" / LAYOUT), str(manifests)]
    compact = [*check, str(COMPILED / LAYOUT), str(manifests)]
    found["kubeconform -n 2"] = lambda: timed([expanded])
    found["kubeconform -n 2, our compact schemas"] = lambda: timed([compact])
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    (ROOT / ".build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        folder = Path(name)
        write_manifests(folder / "manifests", options.files)
        write_expanded(folder / "expanded")
        figures = rounds(options.runs, jobs(folder))
    base = median(figure.wall for figure in figures["kservegen validate"])
    columns = ("files", "what", "wall s (median)", "min–max", "cpu s", "peak MB", "kservegen / this")
    print_table(columns, (_row(options.files, what, measured, base) for what, measured in figures.items()))


def _row(files: int, what: str, figures: list[Figure], base: float) -> str:
    wall, cpu, peak = median(f.wall for f in figures), median(f.cpu for f in figures), max(f.peak for f in figures)
    count, walls = "1" if "one file" in what else f"{files:,}", spread(f.wall for f in figures)
    return f"| {count} | {what} | {wall:.3f} | {walls} | {cpu:.2f} | {peak:.0f} | {base / wall:.2f} |"


if __name__ == "__main__":
    main()
