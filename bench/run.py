"""Measure rendering side by side with `helm template` and `kubeconform`, whole processes, same objects, same run.

Prints a Markdown table of medians and ratios, to `current` by wall time and by CPU seconds, and what starting costs.
`current`, `first write` and the peers know nothing of earlier runs (`--no-cache`); `cold` has an empty cache to fill,
`warm` a full one. A peer whose binary is not there is left out, by name.
`python -m bench.run [--models 100,1000,10000] [--runs 5]`
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml

from bench import workload
from kservegen.jsontypes import JsonObject, JsonValue

ROOT = Path(__file__).resolve().parents[1]
LAYOUT = Path("{{.Group}}") / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
COMPILED = ROOT / "schemas" / "kserve" / workload.VERSION
SERVICE = Path("serving.kserve.io") / "inferenceservice_v1beta1.json"
CLI = (sys.executable, "-m", "kservegen")
# Users run an installed package, compiled once; with this variable set every run would compile itself anew.
PROCESS_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One timed sequence of processes: wall and CPU seconds, and the largest peak memory of one process in MB."""

    wall: float
    cpu: float
    peak: float


def timed(
    commands: Sequence[Sequence[str]], *, outputs: Sequence[Path | None] | None = None, cache: Path | None = None
) -> Figure:
    """Run commands one after the other; each must succeed. `cache` is where kservegen keeps what it found."""
    environment = PROCESS_ENVIRONMENT | ({"KSERVEGEN_CACHE_DIR": str(cache)} if cache else {})
    wall = cpu = peak = 0.0
    for index, command in enumerate(commands):
        output = outputs[index] if outputs else None
        sink = output.open("wb") if output else subprocess.DEVNULL
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.PIPE, env=environment)
        complaint = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        wall += time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} exited {process.returncode}: {complaint.decode()[-2000:]}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
    return Figure(wall, cpu, peak)


def rounds(runs: int, jobs: dict[str, Callable[[], Figure]]) -> dict[str, list[Figure]]:
    """Run all jobs in turn, A B C A B C, so that a drift of the machine's speed meets them all alike."""
    figures: dict[str, list[Figure]] = {name: [] for name in jobs}
    for number in range(runs + 1):
        for name, job in jobs.items():
            figure = job()
            if number:  # the first round warms caches
                figures[name].append(figure)
    return figures


def same_objects(rendered: Path, helm_output: dict[str, Path]) -> None:
    """Stop unless Helm's objects equal ours: a comparison of different work means nothing."""
    for environment, path in helm_output.items():
        theirs = {d["metadata"]["name"]: d for d in yaml.load_all(path.read_bytes(), yaml.CSafeLoader) if d}
        files = sorted((rendered / environment / "models").rglob("*.yaml"))
        ours = {d["metadata"]["name"]: d for d in (yaml.load(f.read_bytes(), yaml.CSafeLoader) for f in files)}
        if ours != theirs:
            differing = [n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)]
            sys.exit(f"{environment}: {len(differing)} objects differ from Helm's, first {differing[0]}")


class Case:
    """One size of the workload, laid out in a temporary folder."""

    def __init__(self, folder: Path, models: int) -> None:
        self.folder, self.models = folder, models
        self.repo, self.chart = folder / "repo", folder / "chart"
        workload.write_catalog(self.repo, models)
        workload.write_chart(self.chart, models)
        self.render = [*CLI, "render", "--root", str(self.repo)]
        self.anew = [*self.render, "--no-cache"]
        self.cache = folder / "cache"
        self.helm = shutil.which("helm")
        self.kubeconform = shutil.which("kubeconform")
        self.edits = 0
        self.expanded = folder / "expanded"
        compiled = json.loads((COMPILED / SERVICE).read_bytes())
        (self.expanded / SERVICE).parent.mkdir(parents=True)
        (self.expanded / SERVICE).write_text(json.dumps(expand(compiled, compiled["definitions"])), "utf-8")

    def current(self) -> Figure:
        """Render with rendered/ current: everything is loaded, built, checked and compared."""
        return timed([self.anew])

    def cold(self) -> Figure:
        """Render as `current`, with an empty cache to fill."""
        shutil.rmtree(self.cache, ignore_errors=True)
        return timed([self.render], cache=self.cache)

    def warm(self) -> Figure:
        """Render as `current`, with all of it in the cache."""
        return timed([self.render], cache=self.cache)

    def first_write(self) -> Figure:
        """Render into a folder that is not there yet."""
        self.edits += 1
        return timed([[*self.anew, "--out", str(self.folder / f"out-{self.edits}")]])

    def one_edit(self) -> Figure:
        """Render after a change of one model's maxReplicas, with the rest in the cache."""
        self.edits += 1
        path = self.repo / "models.yaml"
        lines = path.read_text("utf-8").split("\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("    maxReplicas:"))
        lines[at] = f"    maxReplicas: {3 + self.edits}"
        path.write_text("\n".join(lines), "utf-8")
        figure = timed([self.render], cache=self.cache)
        changed = subprocess.run(
            ["find", str(self.repo / "rendered"), "-name", "*.yaml", "-newer", str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        if len(changed) != len(workload.ENVIRONMENTS):
            sys.exit(f"a one-model edit wrote {len(changed)} files")
        return figure

    def helm_template(self) -> Figure:
        """`helm template` of each environment."""
        template = [
            [str(self.helm), "template", str(self.chart), "-f", str(self.chart / f"values-{env}.yaml")]
            for env in workload.ENVIRONMENTS
        ]
        return timed(template, outputs=[self.folder / f"helm-{env}.yaml" for env in workload.ENVIRONMENTS])

    def conform(self, schemas: Path) -> Figure:
        """`kubeconform -n 2` over what Helm wrote."""
        outputs = [str(self.folder / f"helm-{env}.yaml") for env in workload.ENVIRONMENTS]
        check = [str(self.kubeconform), "-n", "2", "-strict", "-schema-location", str(schemas / LAYOUT)]
        return timed([[*check, *outputs]])

    def peers(self) -> Figure:
        """Helm, then kubeconform with a schema as it comes out of a CRD: every shape written out where it is used."""
        return total(self.helm_template(), self.conform(self.expanded))

    def peers_compact(self) -> Figure:
        """Helm, then kubeconform with our compact schema."""
        return total(self.helm_template(), self.conform(COMPILED))


def total(*figures: Figure) -> Figure:
    """Add up what runs one after the other."""
    return Figure(sum(f.wall for f in figures), sum(f.cpu for f in figures), max(f.peak for f in figures))


def expand(value: JsonValue, definitions: JsonObject) -> JsonValue:
    """Write every shape out where it is referred to, as a schema made from a CRD has it."""
    if isinstance(value, list):
        return [expand(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str):
        return expand(definitions[reference.rpartition("/")[2]], definitions)
    return {key: expand(item, definitions) for key, item in value.items() if key != "definitions"}


def measure(models: int, runs: int) -> list[str]:
    """Measure one size and return its rows."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        case = Case(Path(name), models)
        timed([case.anew])
        jobs: dict[str, Callable[[], Figure]] = {"current": case.current}
        if case.helm and case.kubeconform:
            jobs["helm + kubeconform -n 2"] = case.peers
            jobs["helm + kubeconform -n 2, our compact schema"] = case.peers_compact
        figures = rounds(runs, jobs)
        if case.helm and case.kubeconform:
            same_objects(
                case.repo / "rendered", {env: case.folder / f"helm-{env}.yaml" for env in workload.ENVIRONMENTS}
            )
        figures |= rounds(min(runs, 3), {"cold": case.cold})
        figures |= rounds(runs, {"warm": case.warm, "one-model edit, warm": case.one_edit})
        figures |= rounds(min(runs, 3), {"first write": case.first_write})
    return [_row(f"{models:,}", job, figures[job], figures["current"]) for job in figures]


def measure_start(runs: int) -> list[str]:
    """Measure what starting costs, beside the library that parses the options."""
    click = [sys.executable, "-c", "import click"]
    version = [*CLI, "--version"]
    figures = rounds(4 * runs, {"import click": lambda: timed([click]), "--version": lambda: timed([version])})
    return [_row("-", job, figures[job], figures["import click"]) for job in figures]


def _row(models: str, job: str, figures: list[Figure], base: list[Figure]) -> str:
    wall = median(f.wall for f in figures)
    cpu, peak = median(f.cpu for f in figures), max(f.peak for f in figures)
    spread = f"{min(f.wall for f in figures):.2f}–{max(f.wall for f in figures):.2f}"
    by_wall = wall / median(f.wall for f in base)
    by_cpu = cpu / median(f.cpu for f in base)
    return f"| {models} | {job} | {wall:.3f} | {spread} | {cpu:.2f} | {peak:.0f} | {by_wall:.2f} | {by_cpu:.2f} |"


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="100,1000,10000")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    (ROOT / ".build").mkdir(exist_ok=True)
    for binary in ("helm", "kubeconform"):
        if not shutil.which(binary):
            print(f"{binary} is not on the path: that peer is left out", file=sys.stderr)
    print("| models x 3 | what | wall s (median) | min–max | cpu s | peak MB | wall ratio | cpu ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for row in measure_start(options.runs):
        print(row, flush=True)
    for models in map(int, options.models.split(",")):
        for row in measure(models, options.runs):
            print(row, flush=True)


if __name__ == "__main__":
    main()
