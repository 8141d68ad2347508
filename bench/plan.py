"""Measure `plan --base` on a one-line change, side by side with Helm's way to the same question, in the same run.

The catalog of `bench/workload.py`, committed with its rendered/ and synced by Argo CD; then one line of one model is
changed. `with accelerators` has a GPU, a budget and a guard in every environment; there every GPU model has a finding:
nothing is known of its dimensions. The peer renders a chart of the same models at both revisions, with `helm template`
once per environment, and compares the text with `diff -r`: no meaning, no restarts.
`python -m bench.plan [--models 1000] [--runs 5]`
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.table import FIGURES, arguments, figure_row, note_missing, print_table
from bench.timing import CLI, PROCESS_ENVIRONMENT, ROOT, Figure, rounds, timed, total
from bench.workload import Workload

_URI = "s3://models/team-0/model-00000"
_EXTRAS = """\
accelerators: {gpu: {resource: nvidia.com/gpu, gpu: L4}}
budgets: {all: {accelerator: gpu, limit: 100000}}
guards: {maxRestartingAccelerators: 64}
"""
_ENGINE = "gitops: {engine: argocd, repoURL: 'https://example.com/models.git'}"


class Case:
    """One size of the workload: a repository with a commit and an edit, and a chart before and after the same edit."""

    def __init__(self, folder: Path, models: int, extras: str) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        self.charts = {"before": folder / "chart-before", "after": folder / "chart-after"}
        self.plan = [*CLI, "plan", "--root", str(self.repo), "--base", "HEAD"]
        self.helm = shutil.which("helm")
        self._write(models, extras)

    def _write(self, models: int, extras: str) -> None:
        workload = Workload(models=models, standing=0)
        workload.write_catalog(self.repo)
        for environment in _NAMES:
            path = self.repo / "environments" / f"{environment}.yaml"
            path.write_text(path.read_text("utf-8").replace("gitops: {engine: none}", f"{_ENGINE}\n{extras}"), "utf-8")
        timed([[*CLI, "render", "--root", str(self.repo)]])
        self._git("init", "--quiet")
        self._git("add", "--all")
        self._git("-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "--quiet", "--message", "before")
        for chart in self.charts.values():
            workload.write_chart(chart)
        for file in (self.repo / "models.yaml", self.charts["after"] / "values.yaml"):
            file.write_text(file.read_text("utf-8").replace(_URI, f"{_URI}-v2"), "utf-8")

    def _git(self, *words: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        subprocess.run(["git", *words], cwd=self.repo, check=True, env=kept)

    def whole(self) -> Figure:
        """Plan."""
        return timed([self.plan])

    def git_diff(self) -> Figure:
        """Ask git alone which lines of sources differ: a floor, and no answer."""
        return timed([["git", "-C", str(self.repo), "diff", "--stat", "HEAD"]])

    def helm_template(self) -> Figure:
        """Render the chart at both revisions, and compare the text."""
        figures = [self._template(side) for side in self.charts]
        sides = [str(self.folder / side) for side in self.charts]
        return total(*figures, timed([["sh", "-c", 'diff -r "$0" "$1"; test $? -eq 1', *sides]]))

    def _template(self, side: str) -> Figure:
        out = self.folder / side
        out.mkdir(exist_ok=True)
        chart = self.charts[side]
        words = [[str(self.helm), "template", str(chart), "-f", str(chart / f"values-{e}.yaml")] for e in _NAMES]
        return timed(words, outputs=[out / f"{e}.yaml" for e in _NAMES])

    def check(self) -> None:
        """Stop unless one model changes in each environment, here and there: other work is no comparison."""
        done = subprocess.run(
            [*self.plan, "--output", "json"], capture_output=True, check=True, env=PROCESS_ENVIRONMENT
        )
        found = json.loads(done.stdout)["plan"]["changes"]["environments"]
        ours = [(e["name"], [o["name"] for o in e["objects"]], len(e["restarts"])) for e in found]
        if ours != [(name, ["model-00000"], 1) for name in sorted(_NAMES)]:
            sys.exit(f"the plan is not of one model in each environment: {ours}")
        if self.helm:
            self.helm_template()
            sides = [[(self.folder / s / f"{e}.yaml").read_text("utf-8") for s in self.charts] for e in _NAMES]
            if any(before.replace(_URI, f"{_URI}-v2") != after for before, after in sides):
                sys.exit("Helm's change is another one")


_NAMES = ("dev", "staging", "prod")


def measure(models: int, runs: int) -> list[str]:
    """Measure one size and return its rows."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        plain, full = (Case(Path(name, word), models, extras) for word, extras in (("plain", ""), ("full", _EXTRAS)))
        plain.check()
        full.check()
        jobs: dict[str, Callable[[], Figure]] = {
            "plan": plain.whole,
            "plan, with accelerators": full.whole,
        }
        if plain.helm:
            jobs["helm template at both revisions, diff -r"] = plain.helm_template
        jobs["git diff --stat of the sources"] = plain.git_diff
        figures = rounds(runs, jobs)
    return [figure_row(f"{models:,}", job, figures[job], figures["plan"]) for job in jobs]


def main() -> None:
    """Measure every size."""
    options = arguments(__doc__, "--models", "1000", runs=5)
    note_missing("helm")
    print_table(FIGURES, (row for models in options.sizes for row in measure(models, options.runs)))


if __name__ == "__main__":
    main()
