"""What crashes while one thing is judged is a finding at that thing; everything else is judged all the same."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.plan import PlanOptions, plan_changes

MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  broken: {modelFormat: sklearn, storageUri: s3://b/broken}
  other: {modelFormat: sklearn, storageUri: other}
"""
OTHER = "models.yaml:5:45 kserve/download"
CRASH = "internal/not-judged"

# Where something crashes that is called `broken` (or has that file, or is that environment) -> all findings.
# The model `other` has a mistake of its own.
AT_THE_ENTRY = [f"models.yaml:4:3 {CRASH}", OTHER]
SEAMS: dict[str, tuple[str, str, list[str]]] = {
    "reading a file": (
        "kservegen.catalog.load.load_held",
        "models/extra.yaml",
        [f"models/extra.yaml:1:1 {CRASH}", OTHER],
    ),
    "merging an entry": ("kservegen.catalog.resolve._merge_entry", "broken", AT_THE_ENTRY),
    "building an entry": ("kservegen.render.objects.environment.build_entry", "broken", AT_THE_ENTRY),
    "defaulting an object": ("kservegen.kserve.defaulting.apply._default", "broken", AT_THE_ENTRY),
    "checking a shape": ("kservegen.checks.engines.builtin.BuiltinEngine.check", "broken", AT_THE_ENTRY),
    "weighing host memory": ("kservegen.evaluate.running.host_findings", "broken", AT_THE_ENTRY),
    "estimating GPU memory": ("kservegen.evaluate.running.gpu_memory", "broken", AT_THE_ENTRY),
    "an environment's words": (
        "kservegen.evaluate.environment.check_environment",
        "second",
        [f"environments/second.yaml:1:1 {CRASH}", OTHER],
    ),
    "an environment": (
        "kservegen.evaluate.environment.resolve_environment",
        "second",
        [f"environments/second.yaml:1:1 {CRASH}", OTHER],
    ),
}


def _names(argument: object) -> set[object]:
    """Collect what an argument of these seams is called."""
    if isinstance(argument, list | tuple):
        return {name for item in argument for name in _names(item)}
    owned = ("key", "name", "id", "resource", "environment")
    return (
        {argument}
        if isinstance(argument, str)
        else {
            name for field in owned if (below := getattr(argument, field, None)) is not None for name in _names(below)
        }
    )


def _crash_on(target: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a function or a method crash where a word occurs among its arguments."""
    owner, _, name = target.rpartition(".")
    try:
        holder: object = importlib.import_module(owner)
    except ModuleNotFoundError:
        module, _, owned = owner.rpartition(".")
        holder = getattr(importlib.import_module(module), owned)
    own: Callable[..., object] = getattr(holder, name)

    def crash(*arguments: object, **named: object) -> object:
        if word in _names(arguments):
            raise ZeroDivisionError("planted")
        return own(*arguments, **named)

    monkeypatch.setattr(holder, name, crash)


@pytest.mark.parametrize("seam", SEAMS)
def test_a_crash_is_a_finding_where_it_happens(seam: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    target, word, expected = SEAMS[seam]
    project.write("models.yaml", MODELS)
    project.write("models/extra.yaml", "version: 1\n")
    project.write("environments/second.yaml", DEV.replace("name: dev", "name: second"))
    _crash_on(target, word, monkeypatch)
    found = {f"{d.location} {d.rule}": d for d in project.validate().diagnostics}
    assert sorted(found) == sorted(expected)
    crash = next(d for d in found.values() if d.rule == CRASH)
    assert "crashed with ZeroDivisionError: planted" in crash.message


def test_a_plan_that_cannot_be_made_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("environments/second.yaml", DEV.replace("name: dev", "name: second"))
    _crash_on("kservegen.commands.plan.plan_against", "second", monkeypatch)
    planned = plan_changes(project.repository, PlanOptions())
    assert [f"{d.location} {d.rule}" for d in planned.result.diagnostics] == [f"environments/second.yaml:1:1 {CRASH}"]
    assert planned.plan.unknown == ("second",)
    assert planned.result.exit_code == 1


def test_a_crash_in_one_manifest_leaves_the_others(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("broken", "other"):
        (tmp_path / f"{name}.yaml").write_text(f"apiVersion: v1\nkind: {name}\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    _crash_on("kservegen.evaluate.manifests.read_documents", "broken.yaml", monkeypatch)
    caplog.set_level(logging.DEBUG, "kservegen")
    assert run_cli(cli, ["validate", "."]) == 1
    out = capfd.readouterr().out
    assert f"broken.yaml:1:1: error: reading this file crashed with ZeroDivisionError: planted [{CRASH}]" in out
    assert "other.yaml:2:7: info" in out
    assert 'raise ZeroDivisionError("planted")' in caplog.text
