"""Recorded starts of vLLM in, predicted against measured out.

usage: python -m tools.gpu_accuracy [--cross-validate] [MEASUREMENTS.csv...]

Without a file, both banks are taken: the one that the constants were fitted on, and the fresh one. Prints every row and
median, p90 and worst of every quantity, coverage of the band and outcomes; the exit code is 1 where a figure misses its
target. `--cross-validate` fits the constants again without the rows of one source at a time and measures those.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.gpu_accuracy.fitting import cross_validate
from tools.gpu_accuracy.rows import FRESH_MEASUREMENTS, MEASUREMENTS, read_rows
from tools.gpu_accuracy.tables import report_coverage, report_outcomes, report_quantities, report_rows


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    files = [Path(argument) for argument in arguments if not argument.startswith("-")]
    banks = [read_rows(file) for file in files or (MEASUREMENTS, FRESH_MEASUREMENTS)]
    met = True
    for file, rows in zip(files or (MEASUREMENTS, FRESH_MEASUREMENTS), banks, strict=True):
        print(f"== {file.name}: {len(rows)} starts of {len({row.origin for row in rows})} sources")
        report_rows(rows)
        fresh = file == FRESH_MEASUREMENTS or "kept" in rows[0].cells
        met = all([
            met, report_quantities(rows, fresh=fresh), report_coverage(rows), report_outcomes(rows)
        ])  # fmt: skip
    if "--cross-validate" in arguments:
        cross_validate([row for rows in banks for row in rows])
    print("\nnothing falls behind what is to be reached, or was" if met else "\na target is missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
