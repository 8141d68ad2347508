"""Measure rendering side by side with `helm template` and `kubeconform`, whole processes, same objects, same run.

Prints a Markdown table of medians and ratios, to `current` by wall time and by CPU seconds, and what starting costs.
A peer whose binary is not there is left out, by name.
`python -m bench.run [--models 100,1000,10000] [--runs 5]`
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import yaml

from bench import workload
from bench.table import FIGURES, arguments, figure_row, note_missing, print_table
from bench.timing import CLI, ROOT, Figure, rounds, timed, total
from kservegen.core.jsontypes import JsonObject, JsonValue

LAYOUT = Path("{{.Group}}") / "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
COMPILED = ROOT / "schemas" / "kserve" / workload.VERSION
SERVICE = Path("serving.kserve.io") / "inferenceservice_v1beta1.json"


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
        self.helm = shutil.which("helm")
        self.kubeconform = shutil.which("kubeconform")
        self.edits = 0
        self.expanded = folder / "expanded"
        compiled = json.loads((COMPILED / SERVICE).read_bytes())
        (self.expanded / SERVICE).parent.mkdir(parents=True)
        (self.expanded / SERVICE).write_text(json.dumps(expand(compiled, compiled["definitions"])), "utf-8")

    def current(self) -> Figure:
        """Render with rendered/ current: everything is loaded, built, checked and compared."""
        return timed([self.render])

    def first_write(self) -> Figure:
        """Render into a folder that is not there yet."""
        self.edits += 1
        return timed([[*self.render, "--out", str(self.folder / f"out-{self.edits}")]])

    def one_edit(self) -> Figure:
        """Render after a change of one model's maxReplicas."""
        self.edits += 1
        path = self.repo / "models.yaml"
        lines = path.read_text("utf-8").split("\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("    maxReplicas:"))
        lines[at] = f"    maxReplicas: {3 + self.edits}"
        path.write_text("\n".join(lines), "utf-8")
        figure = timed([self.render])
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
        timed([case.render])
        jobs: dict[str, Callable[[], Figure]] = {"current": case.current}
        if case.helm and case.kubeconform:
            jobs["helm + kubeconform -n 2"] = case.peers
            jobs["helm + kubeconform -n 2, our compact schema"] = case.peers_compact
        figures = rounds(runs, jobs)
        if case.helm and case.kubeconform:
            same_objects(
                case.repo / "rendered", {env: case.folder / f"helm-{env}.yaml" for env in workload.ENVIRONMENTS}
            )
        figures |= rounds(runs, {"one-model edit": case.one_edit})
        figures |= rounds(min(runs, 3), {"first write": case.first_write})
    return [figure_row(f"{models:,}", job, figures[job], figures["current"]) for job in figures]


def measure_start(runs: int) -> list[str]:
    """Measure what starting costs, beside the library that parses the options."""
    click = [sys.executable, "-c", "import click"]
    version = [*CLI, "--version"]
    figures = rounds(4 * runs, {"import click": lambda: timed([click]), "--version": lambda: timed([version])})
    return [figure_row("-", job, figures[job], figures["import click"]) for job in figures]


def main() -> None:
    """Measure every size."""
    options = arguments(__doc__, "--models", "100,1000,10000", runs=5)
    note_missing("helm", "kubeconform")
    sizes = (row for models in options.sizes for row in measure(models, options.runs))
    print_table(FIGURES, chain(measure_start(options.runs), sizes))


if __name__ == "__main__":
    main()
