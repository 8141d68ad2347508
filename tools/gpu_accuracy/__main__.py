"""Recorded starts of vLLM in, predicted against measured out.

usage: python -m tools.gpu_accuracy [--cross-validate] [MEASUREMENTS.csv]

Prints every row and median, p90 and worst of every quantity; the exit code is 1 where a figure misses its target.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.gpu_accuracy.fitting import cross_validate
from tools.gpu_accuracy.rows import MEASUREMENTS, read_rows
from tools.gpu_accuracy.tables import report_outcomes, report_quantities, report_rows


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    files = [argument for argument in arguments if not argument.startswith("-")]
    rows = read_rows(Path(files[0]) if files else MEASUREMENTS)
    report_rows(rows)
    met = report_quantities(rows)
    met = report_outcomes(rows) and met
    if "--cross-validate" in arguments:
        cross_validate(rows)
    print("\nall targets met" if met else "\na target is missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
