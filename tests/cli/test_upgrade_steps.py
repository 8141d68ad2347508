"""The steps that `kservegen upgrade` prints, followed one by one: guards let each pass, and nothing is left."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import DEV
from tests.support.reports import checked_report
from tools.team_repository import team_repository

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

DAY = ("--today", "2026-11-29")
PERMIT = {
    "restartingAccelerators": 4,
    "reason": "upgrade to KServe v0.20.0",
    "owner": "ml platform",
    "expires": "2026-12-29",
}
MODELS = """\
version: 1
defaults:
  namespace: ns
  accelerator: {type: l4, count: 1}
  resources: {requests: {cpu: "1", memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}}
models:
  text: {modelFormat: huggingface, storageUri: hf://acme/text, minReplicas: 2, maxReplicas: 2}
  chat: {kind: LLMInferenceService, model: hf://acme/chat}
"""
GUARDED = "guards: {maxRemovals: 0, maxRestartingAccelerators: 0}\n"
STATED = "kserve: {version: v0.19.0, deploymentMode: Standard}\n"


def small(engine: str, environment: str) -> dict[str, str]:
    """Return a repository of two GPU models, one environment of which guards everything."""
    synced = f"{{engine: {engine}, repoURL: https://git.corp/r.git}}" if engine != "none" else "{engine: none}"
    own = DEV.replace("{engine: none}", synced).replace(STATED, "")
    prod = own.replace("name: dev", "name: prod, server: 'https://prod:6443'")
    return {
        "models.yaml": MODELS,
        "environments/defaults.yaml": "version: 1\n" + STATED,
        "environments/dev.yaml": own + environment,
        "environments/prod.yaml": prod + GUARDED,
    }


def teams() -> dict[str, str]:
    return team_repository(30)


def in_its_base() -> dict[str, str]:
    """Return the repository of teams with the version stated in the base, over the one of all."""
    files = teams()
    base = files["environments/bases/prod.yaml"]
    return files | {"environments/bases/prod.yaml": base + STATED.replace(", deploymentMode: Standard", "")}


REPOSITORIES = {
    "teams": teams(),
    "version in a base": in_its_base(),
    "argocd": small("argocd", ""),
    "flux": small("flux", ""),
    "none": small("none", ""),
    "one is there already": small("argocd", "kserve: {version: v0.20.0}\n"),
    "each states it": small("flux", STATED),
}


def run(root: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command; return its exit code and its report."""
    done = CliRunner().invoke(cli, [*words, "--root", str(root), "--output", "json"], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, checked_report(done.stdout)


def steps(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    said = report["upgrade"]
    for environment in said["environments"]:
        yield from ((environment["environment"], step) for step in environment["steps"])
    yield from (("", step) for step in said["steps"])


def committed(root: Path, files: Mapping[str, str]) -> Path:
    new_repository(root, files)
    assert run(root, "render")[0] == 0
    commit_files(root, {})
    return root


def upgrade(root: Path, *words: str) -> dict[str, Any]:
    code, report = run(root, "upgrade", *words, "--to", "v0.20.0", *DAY)
    assert code == 0
    return report


@pytest.mark.parametrize("name", REPOSITORIES)
def test_steps_followed_to_the_end_are_green_and_leave_nothing(name: str, tmp_path: Path) -> None:
    root = committed(tmp_path / "repository", REPOSITORIES[name])
    for environment, step in steps(upgrade(root, "--owner", "ml platform")):
        for command in map(shlex.split, step["commands"]):
            if command[0] == "kservegen":
                assert run(root, *command[1:])[0] == 0, (environment, step["title"])
        if step["merges"]:
            verdict = run(root, "check", "--base", "HEAD", *DAY)[1]
            told = [found for found in verdict["findings"] if "waived" not in found and found["severity"] != "info"]
            assert told == [], (environment, step["title"])
            commit_files(root, {}, step["title"])
    left = upgrade(root)["upgrade"]
    assert (left["environments"], left["steps"], len(left["same"])) == ([], [], len(environments(root)))
    assert run(root, "check", "--base", "HEAD~1", *DAY)[0] == 0
    words = [yaml.safe_load(path.read_bytes()) for path in (root / "environments").rglob("*.yaml")]
    assert [said["permits"] for said in words if "permits" in said] == []
    stated = [said["kserve"]["version"] for said in words if "version" in said.get("kserve", {})]
    assert stated == ["v0.20.0"], "in one place, as before"


def environments(root: Path) -> set[str]:
    return {path.stem for path in (root / "environments").glob("*.yaml")} - {"defaults"}


def test_environments_come_by_what_they_guard_or_as_they_are_named(tmp_path: Path) -> None:
    root = committed(tmp_path / "repository", teams())

    def order(*names: str) -> list[str]:
        return list(dict.fromkeys(name for name, _ in steps(upgrade(root, *names)) if name))

    assert order() == ["dev", "staging", "prod-eu", "prod-us"], "what is guarded comes last"
    assert order("prod", "dev") == ["prod-eu", "prod-us", "dev"]


def test_a_permit_is_printed_with_its_file_where_a_guard_asks_for_one(tmp_path: Path) -> None:
    root = committed(tmp_path / "repository", teams())
    said = [(name, step) for name, step in steps(upgrade(root, "--owner", "ml platform")) if step.get("text")]
    assert [name for name, _ in said] == ["prod-eu", "prod-us"]
    step = said[0][1]
    assert step["file"] == "environments/prod-eu.yaml"
    assert yaml.safe_load(step["text"]) == {"permits": {"kserve-v0.20.0": PERMIT | {"restartingAccelerators": 6}}}
    command = "kservegen upgrade prod-eu --to v0.20.0 --write-permit --owner 'ml platform' --until 2026-12-29"
    assert step["commands"] == [command]


def test_a_permit_that_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    files = small("argocd", "")
    permit = json.dumps({"gpus": PERMIT})
    prod = files["environments/prod.yaml"] + f"permits: {permit}\n"
    root = committed(tmp_path, files | {"environments/prod.yaml": prod})
    titles = [step["title"] for name, step in steps(upgrade(root)) if name == "prod"]
    assert "Merge a permit first, in a change of its own" not in titles
    code, report = run(root, "upgrade", "--to", "v0.20.0", "--today", "2026-12-30")
    assert code == 0
    titles = [step["title"] for name, step in steps(report) if name == "prod"]
    assert titles[0] == "Merge a permit first, in a change of its own", "it has expired"


def test_a_permit_needs_somebody_who_answers_for_it(tmp_path: Path) -> None:
    root = committed(tmp_path, small("argocd", ""))
    before = (root / "environments/prod.yaml").read_bytes()
    words = ["upgrade", "--to", "v0.20.0", "--write-permit", "--root", str(root)]
    with pytest.raises(GeneratorError, match="somebody who answers"):
        CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False)
    assert (root / "environments/prod.yaml").read_bytes() == before


def test_a_version_is_not_written_before_its_permit(tmp_path: Path) -> None:
    root = committed(tmp_path, small("argocd", ""))
    before = {path: path.read_bytes() for path in (root / "environments").glob("*.yaml")}
    words = ["upgrade", "--to", "v0.20.0", "--root", str(root)]
    with pytest.raises(GeneratorError, match=r"merge a permit first.*: guards of prod want one"):
        CliRunner().invoke(cli, [*words, "--write"], standalone_mode=False, catch_exceptions=False)
    late = [*words, "--write-permit", "--owner", "me", "--today", "2026-12-01", "--until", "2026-11-30"]
    with pytest.raises(click.UsageError, match="raises no guard"):
        CliRunner().invoke(cli, late, standalone_mode=False, catch_exceptions=False)
    assert {path: path.read_bytes() for path in before} == before
    said = CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False).output
    assert "prod: v0.19.0 to v0.20.0: a permit comes first" in said


def test_what_other_environments_share_is_left_to_them(tmp_path: Path) -> None:
    root = committed(tmp_path, small("argocd", "kserve: {version: v0.20.0}\n"))
    before = {path: path.read_bytes() for path in (root / "environments").glob("*.yaml")}
    assert run(root, "upgrade", "dev", "--to", "v0.20.0", "--tidy")[0] == 0
    assert {path: path.read_bytes() for path in before} == before, "prod runs another version still"


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("argocd", "kserve: {install: none}\n"),
        ("none", "kserve: {install: none}\n"),
        ("none", "kserve: {install: none}\n--from v0.15.0"),
        ("none", "kserve: {install: none, namespace: opendatahub}\n"),
    ],
)
def test_what_others_installed_is_theirs_to_upgrade(engine: str, said: str, tmp_path: Path) -> None:
    words, _, options = said.partition("--")
    root = committed(tmp_path, small(engine, words))
    code, report = run(root, "upgrade", "dev", "--to", "v0.20.0", *DAY, *(f"--{options}".split() if options else ()))
    assert code == 0
    told = [step for name, step in steps(report) if name == "dev"]
    titles = [step["title"] for step in told]
    place = titles.index("Have KServe upgraded to v0.20.0 by whoever installed it")
    assert titles[place + 1] == "Set kserve.version: v0.20.0, render, and merge"
    commands = [command for step in told for command in step["commands"]]
    assert not [command for command in commands if "helm" in command]
    namespace = "opendatahub" if "opendatahub" in said else "kserve"
    assert f"kubectl get pods --namespace {namespace}" in commands
    assert not [step["why"] for step in told if "syncs the layers" in step["why"]]
