"""`kservegen commit --propose`: a pull request is opened where a forge's command is there, and is named where not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.support.clone import Clone

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

ROOT = Path(__file__).parents[4]
REPORT = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
FAKE = ROOT / "tests" / "support" / "fake_gh.py"


@pytest.fixture
def state(tmp_path: Path, clone: Clone, hub: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the clone a remote on GitHub, which is the hub, and `gh` and `glab`; return what these keep."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("gh", "glab"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', "utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    kept = tmp_path / "forge"
    kept.mkdir()
    monkeypatch.setenv("FAKE_GH_STATE", str(kept))
    lives_at(clone, hub, "https://github.com/org/models.git")
    clone.git("fetch", "--quiet", "origin")
    clone.git("remote", "set-head", "origin", "--auto")
    return kept


def lives_at(clone: Clone, hub: Path, address: str) -> None:
    clone.git("config", "remote.origin.url", address)
    clone.git("config", f"url.{hub}.insteadOf", address)


def see(capfd: pytest.CaptureFixture[str], clone: Clone, *words: str) -> tuple[int, str, str]:
    code = run_cli(cli, ["commit", *words, "--root", str(clone.root)])
    return code, *capfd.readouterr()


def calls(state: Path) -> list[list[str]]:
    return [json.loads(line) for line in (state / "calls").read_text("utf-8").splitlines()]


def test_a_branch_is_proposed_to_the_default_one(clone: Clone, state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clone.git("switch", "--quiet", "--create", "promote-prod")
    source = clone.scale(2)
    code, out, err = see(capfd, clone, "--push", "--propose")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "  pull request opened: https://forge.example.com/1"
    listed, created = calls(state)
    assert listed == ["pr", "list", "--head", "promote-prod", "--base", "main", "--state", "open", "--json", "url"]
    assert created[:8] == [
        "pr", "create", "--head", "promote-prod", "--base", "main", "--title", "Render dev, prod: 1 model added",
    ]  # fmt: skip
    assert source in created[9]
    code, out, _ = see(capfd, clone, "--push", "--propose")  # what is open already is found again
    assert (code, out.splitlines()[-1]) == (0, "  pull request: https://forge.example.com/1")
    assert [words[1] for words in calls(state)] == ["list", "create", "list"]


def test_each_environment_is_proposed_to_its_branch(
    clone: Clone, state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = see(capfd, clone, "--hydrated", "--propose", "--push", "--output", "json")
    report: Any = json.loads(out)
    jsonschema.validate(report, REPORT)
    assert code == 0
    assert [branch["pullRequest"] for branch in report["commit"]["branches"]] == [
        "https://forge.example.com/1",
        "https://forge.example.com/2",
    ]
    heads = [(words[3], words[5]) for words in calls(state) if words[1] == "create"]
    assert heads == [(f"environments/{name}-next", f"environments/{name}") for name in ("dev", "prod")]


def test_what_is_merged_is_not_proposed_again(clone: Clone, state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    see(capfd, clone, "dev", "--hydrated", "--propose", "--push")
    clone.git("push", "--quiet", "origin", "origin/environments/dev-next:refs/heads/environments/dev")
    asked = len(calls(state))
    code, out, _ = see(capfd, clone, "dev", "--hydrated", "--propose", "--push")
    assert (code, len(calls(state)), "no pull request" in out) == (0, asked, False)


def test_gitlab_has_its_own_command(clone: Clone, state: Path, hub: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lives_at(clone, hub, "git@gitlab.example.com:org/models.git")
    clone.git("switch", "--quiet", "--create", "promote-prod")
    code, out, _ = see(capfd, clone, "--push", "--propose")
    assert (code, out.splitlines()[-1]) == (0, "  pull request opened: https://forge.example.com/1")
    assert calls(state)[0] == [
        "mr", "list", "--source-branch", "promote-prod", "--target-branch", "main", "--output", "json",
    ]  # fmt: skip
    assert calls(state)[1][-1] == "--yes"


def test_a_forge_that_refuses_is_said_and_the_commit_stands(
    clone: Clone, state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (state / "refused").write_text("To get started, please run: gh auth login\nHTTP 401 of https://u:p@h/x\n", "utf-8")
    clone.git("switch", "--quiet", "--create", "promote-prod")
    code, out, _ = see(capfd, clone, "--push", "--propose")
    assert (code, out.splitlines()[-2:]) == (
        0,
        [
            "  pull request: main...promote-prod",
            "  no pull request was opened: gh: HTTP 401 of https://***@h/x",
        ],
    )
    assert clone.git("rev-parse", "HEAD") == clone.git("rev-parse", "origin/promote-prod")


def test_a_title_of_its_own(clone: Clone, state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clone.git("switch", "--quiet", "--create", "promote-prod")
    see(capfd, clone, "--push", "--propose", "--message", "Bring chat to prod\n\nIt ran for a day.")
    assert calls(state)[1][7] == "Bring chat to prod"


@pytest.mark.usefixtures("state")
def test_the_default_branch_is_not_proposed_to_itself(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = see(capfd, clone, "--push", "--propose")
    assert (code, "main: it is the branch that a pull request would go into" in err) == (2, True)
    assert "git switch --create NAME" in err


@pytest.mark.usefixtures("state")
def test_a_clone_that_does_not_know_the_default_branch(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    clone.git("remote", "set-head", "origin", "--delete")
    clone.git("switch", "--quiet", "--create", "promote-prod")
    code, _, err = see(capfd, clone, "--push", "--propose")
    assert (code, "git remote set-head origin --auto" in err) == (2, True)


@pytest.mark.usefixtures("hub")
def test_nothing_is_opened_of_what_is_not_pushed(clone: Clone, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = see(capfd, clone, "prod", "--hydrated", "--propose")
    assert (code, out.splitlines()[-1]) == (0, "  no pull request was opened: nothing is pushed without --push")
