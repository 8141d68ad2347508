"""A pytest plugin: notes which lines of generator/ each test function runs, how long it takes, and whether it passes.

Each process writes what it saw to the folder that MUTANTS_RECORD names; `read` puts the pieces together.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from coverage import Coverage, CoverageData


class Seen(NamedTuple):
    """What a run of the suite showed: tests by file and line, the seconds of a test, and how many lines it runs."""

    tests: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]
    reach: dict[str, int]


class Recorder:
    """Traces one process of the run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()
        self._coverage = Coverage(data_file=folder / "lines", data_suffix=True, source=["generator"], config_file=False)
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Give what runs from here on to this test."""
        self._coverage.switch_context(item.nodeid.partition("[")[0])
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up a test's time."""
        name = report.nodeid.partition("[")[0]
        self._seconds[name] += report.duration
        if report.failed:
            self._failed.add(name)

    def pytest_sessionfinish(self) -> None:
        """Write down what this process saw."""
        self._coverage.stop()
        self._coverage.save()
        passed = {name: spent for name, spent in self._seconds.items() if name not in self._failed}
        (self._folder / f"seconds.{os.getpid()}.json").write_text(json.dumps(passed), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Trace where tests run: in the workers of xdist, or here where there are none."""
    if "PYTEST_XDIST_WORKER" in os.environ or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Recorder(Path(os.environ["MUTANTS_RECORD"])))


def read(folder: Path, tree: Path) -> Seen:
    """Put the pieces together; files are relative to the checkout, and tests that failed are left out."""
    seconds: dict[str, float] = defaultdict(float)
    for piece in folder.glob("seconds.*.json"):
        for name, spent in json.loads(piece.read_text("utf-8")).items():
            seconds[name] += spent
    tests: dict[str, dict[int, set[str]]] = {}
    reach: dict[str, int] = defaultdict(int)
    for piece in folder.glob("lines.*"):
        data = CoverageData(str(piece))
        data.read()
        for file in data.measured_files():
            lines = tests.setdefault(Path(file).relative_to(tree).as_posix(), defaultdict(set))
            for line, names in data.contexts_by_lineno(file).items():
                known = {name for name in names if name in seconds}
                lines[line] |= known
                for name in known:
                    reach[name] += 1
    return Seen(tests, seconds, reach)
