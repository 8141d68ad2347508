"""Measure kservegen beside `helm template`, `kubeconform` and `conftest`: whole processes, same objects, same run.

Prints Markdown tables of medians, with how many times as long the peers take. A peer that is not there is named.
`python -m bench.run [--tables start,sizes,environments,findings,policies,jobs,commands] [--models 100,1000] [--runs 5]
[--profile]`; the sizes that `make bench` does not measure, 10,000 models, take an hour.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from bench.schemas import LAYOUT, write_expanded
from bench.table import note_missing, peer_row, print_table
from bench.timing import CLI, PROCESS_ENVIRONMENT, ROOT, Figure, rounds, timed, total
from bench.workload import Workload

REGO: Final = ROOT / "bench" / "rego"
PEERS: Final = ("helm", "kubeconform", "conftest")
COLUMNS: Final = ("size", "what", "wall s (median)", "min–max", "cpu s", "peak MB", "peers' wall", "peers' cpu")
SHIPPED: Final = len(list((ROOT / "policies").glob("*.yaml")))
# What a user runs on a whole catalog; a command that edits is told to show only.
COMMANDS: Final = (
    "validate",
    "render",
    "render --check",
    "plan --base HEAD",
    "plan dev --base HEAD",
    "check --base HEAD",
    "diff dev prod",
    "budget",
    "report",
    "gpu",
    "find model-00002",
    "explain model-00002 --env dev",
    "simulate model-00002 --env dev",
    "upgrade --to v0.20.0",
    "fmt --check",
    "set model-00002 minReplicas=2 --env dev --dry-run",
    "promote dev prod --dry-run",
    "rollback model-00002 --env dev --to HEAD --dry-run",
    "owners",
    "policy test",
)


class Repository:
    """A workload in a folder, rendered once."""

    def __init__(self, folder: Path, workload: Workload) -> None:
        self.folder, self.workload = folder, workload
        workload.write_catalog(folder)
        timed([self.command("render")])

    def command(self, words: str) -> list[str]:
        """Return a command on this repository."""
        return [*CLI, *words.split(), "--root", str(self.folder)]

    def run(self, words: str = "render") -> Figure:
        """Run a command; findings are no failure."""
        return timed([self.command(words)], accepted=(0, 1))

    def edit(self) -> Figure:
        """Render after a change of one model's replicas, which has to write one file for each environment."""
        path = self.folder / "models.yaml"
        lines = path.read_text("utf-8").split("\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("    maxReplicas:"))
        lines[at] = f"    maxReplicas: {int(lines[at].rpartition(' ')[2]) + 1}"
        path.write_text("\n".join(lines), "utf-8")
        figure = self.run()
        found = ["find", str(self.folder / "rendered"), "-path", "*/models/*", "-name", "*.yaml", "-newer", str(path)]
        written = subprocess.run(found, capture_output=True, text=True, check=True).stdout.split()
        if len(written) != self.workload.environments:
            sys.exit(f"an edit of one model wrote {len(written)} files")
        return figure

    def commit(self) -> None:
        """Commit everything, as a base to compare with."""
        author = ["-c", "user.name=b", "-c", "user.email=b@example.com"]
        for words in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "base"]):
            subprocess.run(["git", "-C", str(self.folder), *words], check=True)


class Peers:
    """The same models as a chart: rendered by helm, held against the CRD's schema, judged by the five rules."""

    def __init__(self, folder: Path, workload: Workload, rendered: Path) -> None:
        self._outputs = {name: folder / f"helm-{name}.yaml" for name in workload.names}
        self._rendered = rendered
        chart = folder / "chart"
        workload.write_chart(chart)
        self._templates = [
            ["helm", "template", str(chart), "-f", str(chart / f"values-{n}.yaml")] for n in workload.names
        ]
        schemas = folder / "schemas"
        write_expanded(schemas)
        self._conform = ["kubeconform", "-n", "2", "-strict", "-schema-location", str(schemas / LAYOUT)]

    def run(self) -> Figure:
        """Run all three; conftest gets a file for each model, its fastest way, and making those is not counted."""
        outputs = list(self._outputs.values())
        folders = [str(folder) for folder in sorted(self._rendered.glob("*/models"))]
        return total(
            timed(self._templates, outputs=outputs),
            timed([[*self._conform, *map(str, outputs)]]),
            timed([["conftest", "test", "--no-color", "-o", "json", "-p", str(REGO), *folders]], accepted=(0, 1)),
        )

    def hold_same_objects(self) -> None:
        """Stop unless Helm's objects equal ours: a comparison of different work means nothing."""
        for environment, path in self._outputs.items():
            theirs = {d["metadata"]["name"]: d for d in yaml.load_all(path.read_bytes(), yaml.CSafeLoader) if d}
            files = sorted((self._rendered / environment / "models").rglob("*.yaml"))
            ours = {d["metadata"]["name"]: d for d in (yaml.load(f.read_bytes(), yaml.CSafeLoader) for f in files)}
            if ours != theirs:
                differing = [n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)]
                sys.exit(f"{environment}: {len(differing)} objects differ from Helm's, first {min(differing)}")


class Bench:
    """Measures tables: each a sequence of rows, in turn within one size."""

    def __init__(self, sizes: tuple[int, ...], runs: int, *, profile: bool) -> None:
        self._sizes, self._runs, self._profile = sizes, runs, profile
        self._with_peers = all(map(shutil.which, PEERS))

    def start(self) -> Iterator[str]:
        """Measure what starting costs, beside the library that parses the options."""
        click = [sys.executable, "-c", "import click"]
        jobs = {"import click": lambda: timed([click])}
        for words in ("--version", "--help"):
            jobs[words] = lambda words=words: timed([[*CLI, words]])  # type: ignore[misc]
        figures = rounds(4 * self._runs, jobs)
        yield from (peer_row("-", job, figures[job], figures["import click"]) for job in figures)

    def sizes(self) -> Iterator[str]:
        """Measure models in three environments: a run with nothing to write, of one edit, and the first."""
        for models in self._sizes:
            yield from self._compared(f"{models:,} x 3", Workload(models=models), edits=True)

    def environments(self) -> Iterator[str]:
        """Measure 300 models in more and more environments."""
        for number in (3, 10, 30):
            yield from self._compared(f"300 x {number}", Workload(models=300, environments=number))

    def findings(self) -> Iterator[str]:
        """Measure 3,334 models in three environments, of which some, or all, have a standing finding in each."""
        for standing in (0, 33, 3_334):
            workload = Workload(models=3_334, standing=standing)
            yield from self._compared(f"{3 * standing:,} findings", workload)

    def policies(self) -> Iterator[str]:
        """Measure 1,000 models in three environments under more and more policies; of 60, some are copies."""
        with scratch() as folder:
            workloads = {number: Workload(models=1_000, policies=number) for number in (0, 5, SHIPPED, 60)}
            repositories = {n: Repository(folder / str(n), workload) for n, workload in workloads.items()}
            figures = rounds(self._runs, {f"{n} policies": repositories[n].run for n in repositories})
            yield from (peer_row("1,000 x 3", job, found, None) for job, found in figures.items())

    def jobs(self) -> Iterator[str]:
        """Measure 1,000 models in three environments, with everything on, by one process and by several."""
        with scratch() as folder:
            repository = Repository(folder / "repo", everything(Workload(models=1_000)))
            names = {number: f"render --check --jobs {number}" for number in (1, 2, 4)}
            jobs = {words: lambda words=words: repository.run(words) for words in names.values()}
            figures = rounds(self._runs, jobs)  # type: ignore[arg-type]
            yield from (peer_row("1,000 x 3", job, found, figures[names[1]]) for job, found in figures.items())

    def commands(self) -> Iterator[str]:
        """Measure every command at 1,000 models in three environments, with everything on."""
        with scratch() as folder:
            repository = Repository(folder / "repo", everything(Workload(models=1_000)))
            repository.commit()
            for words in COMMANDS:
                figures = rounds(self._runs, {words: partial(repository.run, words)})
                yield peer_row("1,000 x 3", words, figures[words], None)

    def _compared(self, size: str, workload: Workload, *, edits: bool = False) -> Iterator[str]:
        with scratch() as folder:
            five = Repository(folder / "five", workload)
            full = Repository(folder / "full", everything(workload))
            jobs: dict[str, Callable[[], Figure]] = {"five policies": five.run, "everything on": full.run}
            if self._with_peers:
                peers = Peers(folder, workload, five.folder / "rendered")
                jobs["helm + kubeconform -n 2 + conftest"] = peers.run
            figures = rounds(self._runs, jobs)
            if self._with_peers:
                peers.hold_same_objects()
            if edits:
                figures |= rounds(
                    self._runs, {"five policies, one edit": five.edit, "everything on, one edit": full.edit}
                )
            base = figures.get("helm + kubeconform -n 2 + conftest")
            yield from (peer_row(size, job, found, base) for job, found in figures.items())
            for repository in (five, full) if self._profile else ():
                command = [sys.executable, "-m", "bench.stages", *repository.command("render --jobs 1")[len(CLI) :]]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=PROCESS_ENVIRONMENT)
                print(done.stdout, file=sys.stderr)


def everything(workload: Workload) -> Workload:
    """Return a workload with everything on."""
    return replace(workload, everything=True, policies=SHIPPED)


@contextmanager
def scratch() -> Iterator[Path]:
    """Return a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        yield Path(name)


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default="start,sizes,environments,findings,policies,jobs,commands")
    parser.add_argument("--models", default="100,1000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="print the share of each stage to stderr")
    given = parser.parse_args()
    (ROOT / ".build").mkdir(exist_ok=True)
    note_missing(*PEERS)
    bench = Bench(tuple(map(int, given.models.split(","))), given.runs, profile=given.profile)
    tables: dict[str, Callable[[], Iterator[str]]] = {
        table.__name__: table
        for table in (
            bench.start,
            bench.sizes,
            bench.environments,
            bench.findings,
            bench.policies,
            bench.jobs,
            bench.commands,
        )
    }
    for name in given.tables.split(","):
        print(f"\n{name}\n")
        print_table(COLUMNS, tables[name]())


if __name__ == "__main__":
    main()
