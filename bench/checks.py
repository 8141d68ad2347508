"""Measure what checking one built object costs, layer by layer, in memory: CPU time of one environment, all of it anew.

A render does better: what environments share it defaults and judges alone only once.
`python -m bench.checks [--models 1000] [--runs 5]`
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench.timing import ROOT
from bench.workload import Workload
from kservegen.core.repository import Repository
from kservegen.evaluate.defaulted import context_of, default_objects
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project

_T = TypeVar("_T")


def timed(job: Callable[[], _T], seconds: list[float]) -> _T:
    """Do something and note the CPU seconds it takes."""
    start = time.process_time()
    done = job()
    seconds.append(time.process_time() - start)
    return done


def measure(folder: Path, models: int, runs: int) -> list[str]:
    """Return a row for each layer, and one for all of them."""
    workload = Workload(models=models)
    workload.write_catalog(folder)
    project = open_project(Repository(folder))
    built = evaluate(project.catalog, workload.names[0], project.tools).built
    assert built is not None  # noqa: S101 - the workload has no mistakes
    checker = project.tools.checker
    layers: dict[str, list[float]] = {"defaulting": [], "schema, CEL, rules of one object": [], "rules of many": []}
    defaulting, alone, around = layers.values()
    objects = len(built.resources)
    release = project.tools.releases.get(built.settings.kserve_version)
    for _ in range(runs):
        defaulted = timed(lambda: default_objects(built), defaulting)
        context = context_of(built, defaulted, release, project.tools.schemas)
        timed(lambda: checker.alone(defaulted, context), alone)  # noqa: B023 - called at once
        timed(lambda: checker.around(defaulted, context), around)  # noqa: B023
    layers["all layers"] = [sum(run) for run in zip(*layers.values(), strict=True)]
    return [f"| {objects:,} | {name} | {1e6 * median(spent) / objects:.0f} |" for name, spent in layers.items()]


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    gc.disable()  # as the command line does
    (ROOT / ".build").mkdir(exist_ok=True)
    print("| objects | layer | CPU us/object (median) |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        print("\n".join(measure(Path(name), options.models, options.runs)))


if __name__ == "__main__":
    main()
