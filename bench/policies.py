"""Measure policies: microseconds for each object, beside conftest with the same five rules on the same objects.

Prints a Markdown table. `python -m bench.policies [--objects 3000,30000] [--runs 3]`. Without conftest on the path its
rows are left out, by name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import yaml

from bench.table import arguments, note_missing, print_table, spread
from bench.timing import CLI, ROOT, rounds, timed
from bench.workload import FIVE, Workload
from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses
from kservegen.checks.policy.evaluate import evaluate_policies
from kservegen.checks.policy.files import open_policies
from kservegen.core.diagnostics import Location
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.defaulting import Defaulted

REGO = ROOT / "bench" / "rego"

# Objects that break one rule only: both sides have to say so, or they do not do the same work.
BROKEN: tuple[tuple[str, JsonObject], ...] = (
    ("gpu-whole", {"model": {"resources": {"limits": {"nvidia.com/gpu": "500m"}}}}),
    ("gpu-whole", {"model": {"resources": {"requests": {"nvidia.com/gpu": "1"}}}}),
    ("maxreplicas-set", {"minReplicas": 2, "model": {}}),
    ("maxreplicas-set", {"minReplicas": 2, "maxReplicas": 1, "model": {}}),
    ("memory-limit", {"model": {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}}),
    ("memory-limit", {"model": {"resources": {"requests": {"memory": "2Gi"}}}}),
    ("no-latest-image", {"model": {"image": "org/server:latest"}}),
    ("no-latest-image", {"model": {"image": "host:5000/server"}}),
    ("storage-scheme", {"model": {"storageUri": "ftp://host/model"}}),
)


def objects(folder: Path) -> list[Resource]:
    """Read the rendered models of all environments."""
    files = sorted(folder.glob("*/models/*/*.yaml"))
    return [_resource(yaml.load(file.read_bytes(), yaml.CSafeLoader)) for file in files]


def _resource(doc: JsonObject) -> Resource:
    metadata = mapping(doc["metadata"])
    identity = ResourceId(str(doc["kind"]), text(metadata["namespace"]), text(metadata["name"]))
    return Resource(id=identity, api_version=str(doc["apiVersion"]), doc=doc, file="")


def bound(names: Iterable[str] | None) -> tuple[Bound, ...]:
    """Load and compile shipped policies as a run does: those named, or all."""
    files = open_policies(Repository(ROOT / "templates"))  # a folder without policies of its own
    chosen = sorted(names or files.shipped)
    words: JsonObject = {"bindings": {name: {"actions": ["Audit"]} for name in chosen}}
    found = bind_policies(files.among(chosen), words, locate=lambda _: Location(""))
    if found.diagnostics:
        sys.exit(str(found.diagnostics[0].message))
    return found.bound


def check_all(policies: tuple[Bound, ...], resources: list[Resource]) -> tuple[float, int]:
    """Return the seconds that judging takes, and how many findings it comes to."""
    start = time.perf_counter()
    checker = PolicyChecker(policies, {}, PolicyPasses())
    objects = [Defaulted(written=resource, resource=resource) for resource in resources]
    findings = sum(len(checker.check(item)) for item in objects)
    return time.perf_counter() - start, findings


def one_by_one(policies: tuple[Bound, ...], resources: list[Resource]) -> tuple[float, int]:
    """Do the same without any memory: what the interpreter alone costs."""
    start = time.perf_counter()
    findings = sum(len(evaluate_policies(policies, resource)) for resource in resources)
    return time.perf_counter() - start, findings


def conftest(folder: Path, policy: Path) -> float:
    """Return the wall seconds of conftest over all rendered models, each in its own file, its best way to be called."""
    command = [str(shutil.which("conftest")), "test", "--no-color", "-o", "json", "-p", str(policy)]
    return timed([[*command, *(str(path) for path in sorted(folder.glob("*/models")))]]).wall


def check_same_work(folder: Path) -> None:
    """Stop unless both sides refuse the same objects for the same rule."""
    head: JsonObject = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    policies = bound(FIVE)
    for rule, predictor in BROKEN:
        doc: JsonObject = {**head, "metadata": {"name": rule, "namespace": "bench"}, "spec": {"predictor": predictor}}
        ours = {finding.rule for finding in evaluate_policies(policies, _resource(doc))}
        path = folder / f"{rule}.yaml"
        path.write_text(yaml.safe_dump(doc), "utf-8")
        done = subprocess.run(
            [str(shutil.which("conftest")), "test", "--no-color", "-p", str(REGO), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        theirs = {f"policy/{name}" for name in FIVE if f"main - {name}" in done.stdout}
        if ours != theirs or ours != {f"policy/{rule}"}:
            sys.exit(f"{rule}: kservegen finds {sorted(ours)}, conftest {sorted(theirs)}")


def measure(count: int, runs: int) -> list[str]:
    """Measure one number of objects and return its rows."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        folder = Path(name)
        Workload(models=count // 3, standing=0).write_catalog(folder / "repo")
        subprocess.run([*CLI, "render", "--root", str(folder / "repo")], check=True, stdout=subprocess.DEVNULL)
        rendered = folder / "repo" / "rendered"
        resources = objects(rendered)
        five, every = bound(FIVE), bound(None)
        sample = resources[: max(300, count // 10)]
        jobs: dict[str, Callable[[], tuple[float, int]]] = {
            "five policies": lambda: check_all(five, resources),
            f"all {len(every)} policies": lambda: check_all(every, resources),
            "five policies, interpreter alone": lambda: _scaled(one_by_one(five, sample), len(resources) / len(sample)),
        }
        if shutil.which("conftest"):
            check_same_work(folder)
            (folder / "none").mkdir()
            (folder / "none" / "none.rego").write_text("package main\n", "utf-8")
            jobs["conftest, the same five"] = lambda: (conftest(rendered, REGO), 0)
            jobs["conftest, no rule (it reads the files)"] = lambda: (conftest(rendered, folder / "none"), 0)
        figures = rounds(runs, jobs)
    base = median(seconds for seconds, _ in figures["five policies"])
    return [_row(len(resources), job, figures[job], base) for job in jobs]


def _scaled(figure: tuple[float, int], factor: float) -> tuple[float, int]:
    return figure[0] * factor, round(figure[1] * factor)


def _row(count: int, job: str, figures: list[tuple[float, int]], base: float) -> str:
    seconds = [seconds for seconds, _ in figures]
    wall, each = median(seconds), median(seconds) / count * 1e6
    return (
        f"| {count:,} | {job} | {wall:.2f} | {spread(seconds)} | {each:.0f} | {figures[0][1]:,} | {wall / base:.1f} |"
    )


def main() -> None:
    """Measure every number of objects."""
    options = arguments(__doc__, "--objects", "3000,30000", runs=3)
    note_missing("conftest")
    columns = ("objects", "what", "wall s (median)", "min–max", "us/object", "findings", "wall / five policies")
    print_table(columns, (row for count in options.sizes for row in measure(count, options.runs)))


if __name__ == "__main__":
    main()
