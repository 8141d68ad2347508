"""Where the CPU time of one command goes, by stage: a sample of its stack every millisecond of CPU.

`python -m bench.stages render --root DIR` runs the command in this process and prints the share of each stage.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from types import FrameType
from typing import Final

_PACKAGE: Final = "/kservegen/"
_IMPORTS: Final = "start and imports"
# The innermost frame in one of these parts of the package says which stage it is; others belong to whoever calls them.
_STAGES: Final = {
    "checks/policy/binding": "compile policies",
    "checks/policy/compile": "compile policies",
    "checks/policy": "judge policies",
    "checks/plain_secrets": "judge policies",
    "checks/placement": "placement",
    "checks/gpu": "GPU memory",
    "checks/host": "host memory",
    "checks/budget": "budgets",
    "checks/demand": "what pods request",
    "checks/capacity": "what pods request",
    "checks/simulation": "simulation",
    "kserve/controllers": "simulation",
    "kserve/defaulting": "defaulting",
    "checks/rules": "rules",
    "checks/runner": "rules",
    "kubernetes": "rules",
    "formats/jsonschema": "schemas",
    "formats/yaml/emit": "emit",
    "render/output": "compare and write",
    "evaluate/existing_output": "compare and write",
    "render/objects": "build",
    "render": "lay out",
    "catalog": "load and resolve",
    "report": "report",
}


def stage_of(frame: FrameType | None) -> str:
    """Return the stage that a stack is in."""
    while frame is not None:
        place = frame.f_code.co_filename
        runs_module = frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__"
        if runs_module or place.startswith("<frozen import"):
            return _IMPORTS
        _, inside, path = place.partition(_PACKAGE)
        if inside:
            part = path.removesuffix(".py")
            while part:
                if part in _STAGES:
                    return _STAGES[part]
                part = part.rpartition("/")[0]
        frame = frame.f_back
    return "other"


def shares(command: list[str]) -> tuple[float, Counter[str]]:
    """Run a command; return its CPU seconds and how many samples each stage has."""
    samples: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        samples[stage_of(frame)] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    from kservegen.cli import cli  # noqa: PLC0415 - what importing costs is measured
    from kservegen.cli.failures import run_cli  # noqa: PLC0415

    with redirect_stdout(StringIO()):
        run_cli(cli, command)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time(), samples


def main() -> None:
    """Print a row for each stage, the largest first."""
    seconds, samples = shares(sys.argv[1:])
    print(f"| stage | % of {seconds:.2f} CPU s |\n|---|---|")
    for stage, number in samples.most_common():
        print(f"| {stage} | {100 * number / samples.total():.1f} |")


if __name__ == "__main__":
    main()
