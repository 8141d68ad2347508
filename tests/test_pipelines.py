"""GitLab's and Azure's pipelines as `init` writes them: their scripts run with the variables that a runner sets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from tests.support.actions import command, python_command
from tests.support.git_repository import commit_files, git

from kservegen.cli import cli
from kservegen.commands.init import Answers, write_scaffold
from kservegen.commands.tool_source import read_tool

TOOL = read_tool(f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}")
ANSWERS = Answers(engine="argocd", repository="https://git.example.com/org/models.git", tool=TOOL)
PROD = "environments/prod.yaml"
NOTHING = "0" * 40
# Makes an environment, whose own interpreter says what it is asked to install, and from where.
INTERPRETER = """#!/bin/sh
test "$1 $2 $3" = "-I -m venv" && mkdir -p "$4/bin" || exit 1
printf '#!/bin/sh\\necho "$PWD $@"\\n' > "$4/bin/python" && chmod +x "$4/bin/python"
"""


def kservegen(root: Path, *words: str) -> int:
    done = CliRunner().invoke(cli, [*words, "--root", str(root)], catch_exceptions=False, standalone_mode=False)
    return int(done.return_value)


@dataclass(frozen=True)
class Pipeline:
    """A new repository for one CI service, and what runs its one job."""

    service: str
    root: Path
    temp: Path

    def scripts(self) -> list[str]:
        if self.service == "gitlab":
            job = yaml.safe_load((self.root / ".gitlab-ci.yml").read_text("utf-8"))["validate"]
            # A runner runs both in one shell.
            return ["\n".join([*job["before_script"], *job["script"]])]
        (job,) = yaml.safe_load((self.root / "azure-pipelines.yml").read_text("utf-8"))["jobs"]
        return [step["bash"] for step in job["steps"] if "bash" in step]

    def variables(self, reason: str, before: str) -> dict[str, str]:
        if self.service == "gitlab":
            source = {"change": "merge_request_event", "merged": "push", "day": "schedule"}[reason]
            target = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"} if reason == "change" else {}
            before = before if reason == "merged" else NOTHING
            return {
                "CI_PIPELINE_SOURCE": source,
                "CI_COMMIT_BEFORE_SHA": before,
                "CI_PROJECT_DIR": str(self.root),
                **target,
            }
        target = {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"} if reason == "change" else {}
        named = {"change": "PullRequest", "merged": "IndividualCI", "day": "Schedule"}[reason]
        return {"BUILD_REASON": named, "AGENT_TEMPDIRECTORY": str(self.temp), **target}

    def run(self, reason: str, before: str = NOTHING) -> subprocess.CompletedProcess[str]:
        """Run the job and return what came of its last script, with the logs of all."""
        commands = self.temp / "bin"
        run = self.temp / "run.py"
        self.temp.mkdir(exist_ok=True)
        run.write_text("import sys\nfrom kservegen.cli import main\nsys.exit(main())\n", "utf-8")
        python_command(commands, "kservegen", sys.executable, run)
        command(commands, "python", INTERPRETER)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "CI"))}
        kept |= {"PATH": f"{commands}:{kept['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull, "CI": "true"}
        # Azure starts bash without -e; GitLab's runner sets it, and pipefail.
        shell = ["bash", "--noprofile", "--norc", *(["-eo", "pipefail"] if self.service == "gitlab" else [])]
        log = ""
        for script in self.scripts():
            done = subprocess.run(
                [*shell, "-c", script],
                cwd=self.root,
                env=kept | self.variables(reason, before),
                capture_output=True,
                text=True,
                check=False,
            )
            log += done.stdout + done.stderr
            if done.returncode:
                break
        return subprocess.CompletedProcess(done.args, done.returncode, log, "")

    def report(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(((self.root if self.service == "gitlab" else self.temp) / "run.json").read_text("utf-8"))


@pytest.fixture(params=["gitlab", "azure"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Pipeline:
    """Return a clone of a repository as `init` makes it, rendered and committed."""
    root = tmp_path / "models"
    write_scaffold(root, msgspec.structs.replace(ANSWERS, service=request.param))
    assert kservegen(root, "render") == 0
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {}, "first")
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(root, "fetch", "--quiet", "origin")
    return Pipeline(request.param, root, tmp_path / "temp")


def propose(
    pipeline: Pipeline, *, rendered: bool = True, old: str = "minReplicas: 2", new: str = "minReplicas: 3"
) -> None:
    git(pipeline.root, "switch", "--quiet", "--create", "topic")
    prod = pipeline.root / PROD
    prod.write_text(prod.read_text("utf-8").replace(old, new), "utf-8")
    if rendered:
        assert kservegen(pipeline.root, "render") == 0
    commit_files(pipeline.root, {}, "change")


def test_the_first_push_is_green(pipeline: Pipeline) -> None:
    done = pipeline.run("merged")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^green", done.stdout, re.MULTILINE)


def test_a_change_that_is_rendered_is_green_and_its_plan_is_left(pipeline: Pipeline) -> None:
    propose(pipeline)
    done = pipeline.run("change")
    assert done.returncode == 0, done.stdout
    assert "minReplicas" in done.stdout
    assert pipeline.report()["exitCode"] == 0
    files = pipeline.root if pipeline.service == "gitlab" else pipeline.temp
    assert (files / "junit.xml").read_text("utf-8").startswith("<?xml")
    plan = (pipeline.root if pipeline.service == "gitlab" else pipeline.temp) / "plan.md"
    assert "minReplicas" in plan.read_text("utf-8")
    assert ("##vso[task.uploadsummary]" in done.stdout) is (pipeline.service == "azure")


def test_a_change_that_is_not_rendered_is_red_and_its_plan_is_left(pipeline: Pipeline) -> None:
    propose(pipeline, rendered=False)
    done = pipeline.run("change")
    assert done.returncode == 1, done.stdout
    assert "gitops/stale-output" in {finding["rule"] for finding in pipeline.report()["findings"]}
    assert ("##vso[task.uploadsummary]" in done.stdout) is (pipeline.service == "azure")


def test_what_others_merged_meanwhile_is_no_part_of_it(pipeline: Pipeline) -> None:
    propose(pipeline)
    git(pipeline.root, "switch", "--quiet", "main")
    commit_files(pipeline.root, {"NOTES.md": "x\n"}, "by somebody else")
    git(pipeline.root, "push", "--quiet", "origin", "main")
    git(pipeline.root, "switch", "--quiet", "topic")
    assert pipeline.run("change").returncode == 0


def test_what_is_merged_is_judged_from_what_was_there(pipeline: Pipeline) -> None:
    before = git(pipeline.root, "rev-parse", "HEAD")
    propose(pipeline, old="  sklearn-iris: {minReplicas: 2}", new="  sklearn-iris: null", rendered=False)
    done = pipeline.run("merged", before)
    assert done.returncode == 1, done.stdout
    assert "gitops/left-behind-guard" in {finding["rule"] for finding in pipeline.report()["findings"]}


def test_waivers_fail_the_day_they_end(pipeline: Pipeline) -> None:
    assert pipeline.run("day").returncode == 0
    prod = pipeline.root / PROD
    ended = "waivers: {old: {rule: policy/pinned-revision, reason: r, owner: o, expires: 2020-01-01}}\n"
    prod.write_text(prod.read_text("utf-8") + ended, "utf-8")
    done = pipeline.run("day")
    assert done.returncode == 1, done.stdout
    assert "waiver/" in done.stdout


def test_what_is_installed_is_locked_and_lies_in_the_repository(pipeline: Pipeline) -> None:
    folder = pipeline.root / {"gitlab": ".gitlab", "azure": ".azuredevops"}[pipeline.service] / "kservegen"
    done = pipeline.run("merged")
    installs = [line for line in done.stdout.splitlines() if " -m pip install " in line]
    assert all(line.startswith(f"{folder} -I ") for line in installs)
    assert "--require-hashes --only-binary :all: -r requirements.txt -r build-requirements.txt" in installs[0]
    assert "--no-index --no-deps --no-build-isolation" in installs[1]
    assert sorted(path.name for path in folder.iterdir()) == ["build-requirements.txt", "requirements.txt"]


def test_no_text_of_an_event_becomes_part_of_a_script(pipeline: Pipeline) -> None:
    for script in pipeline.scripts():
        assert not re.search(r"\$\(\w+\.|\$\{\{", script), "macros and expressions are pasted in; variables are not"
