"""The workflows that `init` writes, and our own: who may do what, and their steps run as a runner runs them."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from tests.support.actions import Action, ActionFailedError, Job, Json, Runner, command, load, python_command
from tests.support.git_repository import commit_files, git

from kservegen.changes.plan.model import EnvironmentPlan, Plan, Presence
from kservegen.cli import cli
from kservegen.commands.init import Answers, write_scaffold
from kservegen.commands.result import FilePlan, Result
from kservegen.commands.tool_source import read_tool
from kservegen.report.json_report import render_json

ROOT = Path(__file__).parents[1]
OWN = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
TEMPLATES = {path.stem: path for path in sorted((ROOT / "scaffold/workflows").glob("*.yml"))}
ALL = [*OWN.values(), *TEMPLATES.values()]
ACTIONS = [ROOT / "action.yml", ROOT / ".github/actions/kservegen/action.yml", ROOT / "scaffold/action.yml"]
PULL_REQUEST = 7
TOOL = f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}"
ANSWERS = Answers(engine="argocd", repository="https://example.com/org/models.git", tool=read_tool(TOOL))
PROD = "environments/prod.yaml"
# Makes an environment, whose own interpreter says what it is asked to install.
INTERPRETER = """#!/bin/sh
test "$1 $2 $3" = "-I -m venv" && mkdir -p "$4/bin" || exit 1
printf '#!/bin/sh\\necho "$@"\\n' > "$4/bin/python" && chmod +x "$4/bin/python"
"""
MARK = "<!-- kservegen-plan -->"

needs_tools = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("jq", "iconv", "bash")) and not os.environ.get("CI"),
    reason="jq, iconv and bash stand in for what a runner has",
)


def jobs(path: Path) -> list[tuple[str, Json, Json]]:
    """Return each job of a workflow with the permissions that its token has."""
    workflow = load(path)
    assert "permissions" in workflow, "without it, the token may do what the repository's default says"
    return [(name, job, job.get("permissions", workflow["permissions"])) for name, job in workflow["jobs"].items()]


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
class TestPrivileges:
    def test_actions_are_pinned_by_commit(self, path: Path) -> None:
        for line in path.read_text("utf-8").splitlines():
            if "uses:" in line and "uses: ./.github/actions/kservegen" not in line:
                assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line

    def test_no_text_of_an_event_becomes_part_of_a_script(self, path: Path) -> None:
        for _, job, _ in jobs(path):
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), "expressions go through env"

    def test_who_runs_code_of_a_pull_request_may_write_nothing(self, path: Path) -> None:
        events = load(path)["on"]
        assert "pull_request_target" not in events
        for _, _, permissions in jobs(path):
            if "pull_request" in events:
                assert permissions == {"contents": "read"}

    def test_who_sees_what_others_left_runs_only_what_is_merged(self, path: Path) -> None:
        # `workflow_run` checks out the default branch unless it is told another commit, and has a token for all of it.
        workflow = load(path)
        if "workflow_run" in workflow["on"]:
            for _, job, permissions in jobs(path):
                for step in job["steps"]:
                    if "checkout" in step.get("uses", ""):
                        assert step["with"] == {"persist-credentials": False}
                        assert "write" not in permissions.values()
                    if re.search(r"^\s*kservegen\b", step.get("run", ""), re.MULTILINE):
                        assert "GH_TOKEN" not in {**job.get("env", {}), **step.get("env", {})}

    def test_who_may_write_checks_out_nothing_that_anybody_proposes(self, path: Path) -> None:
        events = load(path)["on"]
        for _, job, permissions in jobs(path):
            if "write" in permissions.values() and events.keys() != {"push"}:
                assert not any("checkout" in step.get("uses", "") for step in job["steps"])
                for step in job["steps"]:
                    assert not re.search(r"^\s*(kservegen|python|make|pip|npm)\b", step.get("run", ""), re.MULTILINE)

    def test_who_may_write_renders_what_is_merged(self, path: Path) -> None:
        # Catalog and templates alike: no other commit is checked out than the one that was pushed to main.
        workflow = load(path)
        for _, job, permissions in jobs(path):
            if "write" in permissions.values():
                for step in job["steps"]:
                    if "checkout" in step.get("uses", ""):
                        assert workflow["on"] == {"push": {"branches": ["main"]}}
                        assert not step["with"].keys() & {"ref", "repository"}

    def test_credentials_stay_only_where_something_is_pushed(self, path: Path) -> None:
        for _, job, permissions in jobs(path):
            for step in job["steps"]:
                if "checkout" in step.get("uses", ""):
                    assert step["with"]["persist-credentials"] is (permissions.get("contents") == "write")

    def test_nothing_is_swallowed(self, path: Path) -> None:
        assert load(path)["defaults"] == {"run": {"shell": "bash"}}
        for _, job, _ in jobs(path):
            for step in job["steps"]:
                assert "continue-on-error" not in step
                assert not re.search(r"\|\| (true|:|echo|test)\b", step.get("run", ""))

    def test_every_job_ends(self, path: Path) -> None:
        for name, job, _ in jobs(path):
            assert job["timeout-minutes"] <= 90, name


def test_our_own_workflows_are_those_that_init_writes(tmp_path: Path) -> None:
    write_scaffold(tmp_path, msgspec.structs.replace(ANSWERS, rendered_by="main"))
    names = {"kservegen": "validate", "kservegen-report": "report"}
    names |= {"kservegen-waivers": "waivers", "kservegen-render": "render"}
    for template, own in names.items():
        ours, theirs = load(OWN[own]), load(tmp_path / f".github/workflows/{template}.yml")
        for name, job in theirs["jobs"].items():
            mine = ours["jobs"][name]
            assert [step_of(step) for step in mine["steps"]] == [step_of(step) for step in job["steps"]]
            assert (mine.get("permissions"), mine.get("env")) == (job.get("permissions"), job.get("env"))


def step_of(step: Json) -> Json:
    """Leave out what differs: a name that names a workflow, and who commits what is rendered."""
    said = {key: value for key, value in step.items() if key != "name"}
    return said | ({"run": step["run"].replace(" --rendered-by main", "")} if "run" in step else {})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository as `init` makes it, rendered and committed on main."""
    root = tmp_path / "models"
    write_scaffold(root, ANSWERS)
    kservegen(root, "render")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {}, "first")
    return root


def kservegen(root: Path, *words: str) -> int:
    done = CliRunner().invoke(cli, [*words, "--root", str(root)], catch_exceptions=False, standalone_mode=False)
    return int(done.return_value)


def runner(tmp_path: Path, workspace: Path, **contexts: object) -> Runner:
    """Return a machine with kservegen in place of what the installation step fetches, and a `gh` of its own."""
    commands = tmp_path / "bin"
    run = tmp_path / "run.py"
    run.write_text("import sys\nfrom kservegen.cli import main\nsys.exit(main())\n", "utf-8")
    python_command(commands, "kservegen", sys.executable, run)
    command(commands, "python", INTERPRETER)
    python_command(commands, "gh", sys.executable, ROOT / "tests/support/fake_gh.py")
    artifacts = tmp_path / "artifacts"

    def upload(folder: Path, given: Json) -> None:
        (artifacts / given["name"]).mkdir(parents=True, exist_ok=True)
        source = folder / given["path"]
        for file in source.iterdir() if source.is_dir() else [source]:
            shutil.copy(file, artifacts / given["name"])

    def download(folder: Path, given: Json) -> None:
        if not (artifacts / given["name"]).is_dir():
            raise ActionFailedError("no artifact")
        shutil.copytree(artifacts / given["name"], folder / given["path"], dirs_exist_ok=True)

    def nothing(_folder: Path, _given: Json) -> None:
        """Do what is done already."""

    actions: dict[str, Action] = {
        "actions/checkout": nothing,
        "actions/setup-python": nothing,
        "actions/upload-artifact": upload,
        "actions/download-artifact": download,
    }
    return Runner(
        workspace,
        tmp_path / "runner",
        commands,
        actions,
        {"vars": {}, "runner": {"temp": str(tmp_path / "runner")}, **contexts},
    )


def proposed(tmp_path: Path, repository: Path, files: dict[str, str], *, rendered: bool = True) -> tuple[Runner, str]:
    """Change files on a branch, as a pull request does; return the machine that checks it, and the commit."""
    base = git(repository, "rev-parse", "main")
    git(repository, "switch", "--quiet", "--create", "topic")
    for path, text in files.items():
        (repository / path).write_text(text, "utf-8")
    if rendered:
        assert kservegen(repository, "render") == 0
    head = commit_files(repository, {}, "change")
    git(repository, "update-ref", "refs/remotes/origin/main", base)
    event = {"pull_request": {"number": PULL_REQUEST, "head": {"sha": head}}}
    github = {"event_name": "pull_request", "base_ref": "main", "ref": "refs/pull/7/merge", "event": event}
    return runner(tmp_path, repository, github=github), head


def more_replicas(repository: Path) -> dict[str, str]:
    """Change one model in one environment."""
    return {PROD: (repository / PROD).read_text("utf-8").replace("minReplicas: 2", "minReplicas: 3")}


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Return the folder that stands for GitHub: one comment by somebody else, and no pull request yet."""
    state = tmp_path / "github"
    state.mkdir()
    said = [{"id": 1, "issue": str(PULL_REQUEST), "user": {"login": "mallory"}, "body": f"{MARK} mine"}]
    (state / "comments.json").write_text(json.dumps(said), "utf-8")
    (state / "pulls.json").write_text("[]", "utf-8")
    (state / "scanning").touch()
    return state


def open_pull(hub: Path, head: str, *files: str) -> None:
    pull = {"number": PULL_REQUEST, "owner": "fork", "branch": "topic", "state": "open", "head": {"sha": head}}
    (hub / "pulls.json").write_text(json.dumps([pull]), "utf-8")
    (hub / "files.json").write_text(json.dumps([{"filename": file} for file in files or ("models.yaml",)]), "utf-8")


def reported(tmp_path: Path, hub: Path, head: str, *, event: str = "pull_request") -> Job:
    """Run the workflow that comments, as it follows a run at a commit of a fork; return the last job that ran."""
    run = {
        "id": 5,
        "event": event,
        "head_sha": head,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "fork"}, "full_name": "fork/models"},
    }
    merged = tmp_path / "merged"
    workflow = load(TEMPLATES["kservegen-report"])
    github = {
        "token": "t",
        "server_url": "https://forge.example",
        "repository": "org/models",
        "event": {"workflow_run": run},
    }
    left = tmp_path / "artifacts/kservegen-report/run.json"
    sizes = [{"expired": False, "size_in_bytes": left.stat().st_size}] if left.exists() else []
    (hub / "artifacts.json").write_text(json.dumps(sizes), "utf-8")
    done: Job | None = None
    for name, job in workflow["jobs"].items():
        shutil.rmtree(merged, ignore_errors=True)
        write_scaffold(merged, ANSWERS)
        shutil.rmtree(tmp_path / "runner", ignore_errors=True)
        needs = {"write": {"outputs": done.outputs if done else {}}}
        machine = runner(tmp_path, merged, github=github, needs=needs)
        for step in job["steps"]:
            step["env"] = {**step.get("env", {}), "FAKE_GH_STATE": str(hub)}
        latest = machine.run_job(workflow, name)
        if done is not None and not latest.steps:
            return done
        done = latest
        if done.failed:
            return done
    assert done is not None
    return done


def comments(hub: Path) -> list[str]:
    """Return what the bot has said."""
    said = json.loads((hub / "comments.json").read_text("utf-8"))
    return [comment["body"] for comment in said if comment["user"]["login"] == "github-actions[bot]"]


def report_of(*environments: str, base: str = "abc", **more: object) -> str:
    """Return the report of a run in which these environments come to be."""
    plans = tuple(EnvironmentPlan(name=name, presence=Presence.NEW) for name in environments)
    plan = FilePlan(changes=Plan(base=base, environments=plans))
    return json.dumps({**json.loads(render_json(Result(command="check", plan=plan))), **more})


def leave(tmp_path: Path, report: str | None) -> None:
    """Leave an artifact as a pull request's run would, or as its author would like to."""
    folder = tmp_path / "artifacts/kservegen-report"
    shutil.rmtree(tmp_path / "artifacts", ignore_errors=True)
    folder.mkdir(parents=True)
    if report is not None:
        (folder / "run.json").write_text(report, "utf-8")
    # Nothing but the report is looked at, whatever lies beside it.
    (folder / "plan.md").write_text("forged", "utf-8")
    (folder / "number").write_text("1", "utf-8")
    (folder / "findings.sarif").write_text("forged", "utf-8")


@needs_tools
class TestReport:
    def test_one_comment_that_is_updated_and_taken_back(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, report_of("first"))
        first = reported(tmp_path, hub, "abc")
        assert not first.failed, first.log
        leave(tmp_path, report_of("second"))
        assert not reported(tmp_path, hub, "abc").failed
        (body,) = comments(hub)
        assert body.endswith("<sub>of abc</sub>\n")
        assert "second" in body
        assert "first" not in body
        leave(tmp_path, report_of())
        assert not reported(tmp_path, hub, "abc").failed
        assert comments(hub) == []
        left = json.loads((hub / "comments.json").read_text("utf-8"))
        assert [comment["user"]["login"] for comment in left] == ["mallory"], "others' comments are left alone"

    @pytest.mark.parametrize(
        ("report", "said"),
        [
            ("# All green\n\n@org/owners please merge\n", "run.json: is no JSON"),
            (report_of("prod", comment="# All green"), "run.json: is no report of this version"),
            ("[" * 3_000_000, "run.json: is no JSON"),
            (" " * 20_000_000, "The report of pull request 7 has 20000000 bytes"),
        ],
        ids=["markdown", "another shape", "deep", "20 MB"],
    )
    def test_what_is_no_report_is_red_and_never_a_comment(
        self, report: str, said: str, tmp_path: Path, hub: Path
    ) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, report)
        job = reported(tmp_path, hub, "abc")
        assert job.failed
        assert said in job.log
        assert comments(hub) == []
        assert not (hub / "sarif.json").exists()

    def test_whatever_a_report_says_fits_and_mentions_nobody(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        names = [f"@everyone-{index} </details><script>" for index in range(3_000)]
        leave(tmp_path, report_of(*names, base="[x](//example.com) @org/team"))
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        (body,) = comments(hub)
        assert body.startswith(f"{MARK}\n")
        assert len(body.encode()) < 65_536
        assert not re.search(r"@\w|<script|\]\(//", body)
        assert "forged" not in body

    def test_a_change_of_what_checks_it_is_said_first(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc", ".github/actions/kservegen/requirements.txt", "models.yaml")
        leave(tmp_path, report_of())
        assert not reported(tmp_path, hub, "abc").failed
        (body,) = comments(hub)
        assert body.startswith(f"{MARK}\n> [!CAUTION]\n")
        assert "`.github/actions/kservegen/requirements.txt`" in body

    def test_findings_go_to_code_scanning_at_the_commit(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, report_of())
        assert not reported(tmp_path, hub, "abc").failed
        sent = json.loads((hub / "sarif.json").read_text("utf-8"))
        assert (sent["commit_sha"], sent["ref"]) == ("abc", "refs/pull/7/head")
        assert json.loads(gzip.decompress(b64decode(sent["sarif"])))["version"] == "2.1.0"

    @pytest.mark.parametrize(("status", "red"), [("off (HTTP 403)", False), ("down (HTTP 502)", True)])
    def test_code_scanning_that_is_off_is_no_failure_and_nothing_else_is_swallowed(
        self, status: str, red: bool, tmp_path: Path, hub: Path
    ) -> None:
        (hub / "scanning").write_text(status, "utf-8")
        open_pull(hub, "abc")
        leave(tmp_path, report_of())
        job = reported(tmp_path, hub, "abc")
        assert job.failed is red
        assert ("::notice::" in job.log) is not red

    def test_a_commit_that_is_no_longer_the_last_is_not_reported(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "newer")
        leave(tmp_path, report_of("old"))
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        assert comments(hub) == []

    def test_a_run_that_was_cut_short_leaves_the_comment(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, report_of("prod"))
        reported(tmp_path, hub, "abc")
        leave(tmp_path, None)
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        assert "left no report" in job.log
        assert len(comments(hub)) == 1

    def test_other_events_are_nothing_to_it(self, tmp_path: Path, hub: Path) -> None:
        assert reported(tmp_path, hub, "abc", event="push").steps == []


@needs_tools
class TestValidate:
    @pytest.fixture
    def workflow(self, repository: Path) -> Json:
        return load(repository / ".github/workflows/kservegen.yml")

    @staticmethod
    def left(tmp_path: Path) -> Json:
        report: Json = json.loads((tmp_path / "artifacts/kservegen-report/run.json").read_text("utf-8"))
        return report

    def test_a_change_that_is_rendered_is_green_and_leaves_its_report(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, _ = proposed(tmp_path, repository, more_replicas(repository))
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert job.summary.startswith(MARK)
        assert "minReplicas" in job.summary
        assert self.left(tmp_path)["exitCode"] == 0

    def test_a_proposal_does_not_say_how_it_is_shown(self, tmp_path: Path, repository: Path, workflow: Json) -> None:
        (repository / "templates").mkdir()
        (repository / "templates/plan.md.j2").write_text("ours", "utf-8")
        commit_files(repository, {}, "a comment of our own")
        files = {**more_replicas(repository), "templates/plan.md.j2": "nothing changes"}
        machine, _ = proposed(tmp_path, repository, files)
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert job.summary.endswith("ours")

    def test_what_is_not_rendered_is_red_and_its_plan_is_told(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, _ = proposed(tmp_path, repository, more_replicas(repository), rendered=False)
        job = machine.run_job(workflow, "validate")
        assert job.failed
        assert "gitops/stale-output" in {finding["rule"] for finding in self.left(tmp_path)["findings"]}
        assert "minReplicas" in job.summary

    def test_a_mistake_is_red_annotated_and_in_the_report(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        wrong = {PROD: (repository / PROD).read_text("utf-8").replace("minReplicas:", "minReplica:")}
        machine, _ = proposed(tmp_path, repository, wrong, rendered=False)
        job = machine.run_job(workflow, "validate")
        assert job.step("Check").outcome == "failure"
        assert f"::error file={PROD},line=" in job.step("Check").log
        assert [finding["severity"] for finding in self.left(tmp_path)["findings"]].count("error") == 1

    def test_a_change_beyond_its_guards_is_red_whatever_it_permits_itself(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        prod = (repository / PROD).read_text("utf-8").replace("maxRemovals: 1", "maxRemovals: 99")
        prod = prod.replace("  sklearn-iris: {minReplicas: 2}", "  sklearn-iris: null")
        machine, _ = proposed(tmp_path, repository, {PROD: prod}, rendered=False)
        job = machine.run_job(workflow, "validate")
        assert job.failed
        assert "gitops/left-behind-guard" in {finding["rule"] for finding in self.left(tmp_path)["findings"]}

    def test_what_others_merged_meanwhile_is_no_part_of_it(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, head = proposed(tmp_path, repository, {"NOTES.md": "x\n"})
        git(repository, "switch", "--quiet", "main")
        for path, text in more_replicas(repository).items():
            (repository / path).write_text(text, "utf-8")
        assert kservegen(repository, "render") == 0
        commit_files(repository, {}, "by somebody else")
        git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
        git(repository, "tag", "origin/main", head)  # names what git would take first
        git(repository, "switch", "--quiet", "--detach")
        git(repository, "merge", "--quiet", "--no-edit", "topic")
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert job.summary == ""

    def test_nothing_changes(self, tmp_path: Path, repository: Path, workflow: Json) -> None:
        machine, _ = proposed(tmp_path, repository, {"NOTES.md": "x\n"})
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert job.summary == ""

    @pytest.mark.parametrize("event", ["merge_group", "push"])
    def test_what_is_merged_is_judged_from_what_was_there(
        self, event: str, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, _ = proposed(tmp_path, repository, more_replicas(repository), rendered=False)
        base = git(repository, "rev-parse", "main")
        events = {"merge_group": {"merge_group": {"base_sha": base}}, "push": {"before": base}}
        github = {"event_name": event, "ref": "refs/heads/x", "event": events[event]}
        job = replace(machine, contexts={**machine.contexts, "github": github}).run_job(workflow, "validate")
        assert job.failed
        assert job.step("Leave the report for kservegen-report.yml").outcome == "skipped"
        assert job.step("Check").log.startswith("::notice title=kservegen check::red"), job.log

    def test_from_the_change_to_the_comment(self, tmp_path: Path, repository: Path, workflow: Json, hub: Path) -> None:
        machine, head = proposed(tmp_path, repository, more_replicas(repository))
        assert not machine.run_job(workflow, "validate").failed
        open_pull(hub, head)
        done = reported(tmp_path, hub, head)
        assert not done.failed, done.log
        (body,) = comments(hub)
        assert "minReplicas" in body
        assert (hub / "sarif.json").exists()


@needs_tools
def test_waivers_fail_the_day_they_end(tmp_path: Path, repository: Path) -> None:
    machine = runner(tmp_path, repository, github={"event_name": "schedule"})
    workflow = load(repository / ".github/workflows/kservegen-waivers.yml")
    assert not machine.run_job(workflow, "waivers").failed
    prod = (repository / "environments/prod.yaml").read_text("utf-8")
    ended = "waivers: {old: {rule: policy/pinned-revision, reason: r, owner: o, expires: 2020-01-01}}\n"
    (repository / "environments/prod.yaml").write_text(prod + ended, "utf-8")
    job = machine.run_job(workflow, "waivers")
    assert job.failed
    assert "waiver/" in job.log


@needs_tools
def test_render_after_the_merge(tmp_path: Path) -> None:
    root = tmp_path / "models"
    write_scaffold(root, msgspec.structs.replace(ANSWERS, rendered_by="main"))
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {}, "first")
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(root, "fetch", "--quiet", "origin")
    git(root, "branch", "--quiet", "--set-upstream-to=origin/main")
    validate = load(root / ".github/workflows/kservegen.yml")
    (check,) = [step for step in validate["jobs"]["validate"]["steps"] if step.get("name") == "Check"]
    assert "--rendered-by main" in check["run"]
    machine = runner(tmp_path, root, github={"event_name": "push"})
    workflow = load(root / ".github/workflows/kservegen-render.yml")
    job = machine.run_job(workflow, "render")
    assert not job.failed, job.log
    files = git(tmp_path / "origin.git", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert any(file.startswith("rendered/prod/models/") for file in files)
    assert git(tmp_path / "origin.git", "log", "-1", "--format=%an", "main") == "kservegen"
    before = git(tmp_path / "origin.git", "rev-parse", "main")
    assert not machine.run_job(workflow, "render").failed
    assert git(tmp_path / "origin.git", "rev-parse", "main") == before, "nothing to do is nothing done"


@needs_tools
def test_a_job_for_each_environment(tmp_path: Path, repository: Path) -> None:
    text = (ROOT / "docs/ci.md").read_text("utf-8")
    workflow = yaml.safe_load(
        text.partition("### A job for each environment")[2].partition("```yaml\n")[2].partition("```")[0]
    )
    listed = runner(tmp_path, repository).run_job(workflow, "list")
    names = json.loads(listed.outputs["environments"])
    assert names == sorted(path.stem for path in (repository / "rendered").iterdir())
    next((repository / "rendered/prod/models").rglob("*.yaml")).unlink()
    done = {
        name: runner(tmp_path, repository, matrix={"environment": name}).run_job(workflow, "environment")
        for name in names
    }
    assert {name: job.failed for name, job in done.items()} == {name: name == "prod" for name in names}
    assert "would be written" in done["prod"].log


@needs_tools
@pytest.mark.parametrize(("words", "code"), [("validate", 0), ("render --check; touch stolen", 2)])
def test_the_action_runs_words_and_no_shell(words: str, code: int, tmp_path: Path, repository: Path) -> None:
    action = load(ROOT / "action.yml")
    machine = runner(tmp_path, repository, inputs={"args": words, "working-directory": ".", "python-version": "3.12"})
    (run,) = [step for step in action["runs"]["steps"] if step.get("id") == "run"]
    (tmp_path / "runner/kservegen/bin").mkdir(parents=True)
    shutil.copy(tmp_path / "bin/kservegen", tmp_path / "runner/kservegen/bin/kservegen")
    job = machine.run_steps([run], {})
    assert job.failed is bool(code)
    assert not (repository / "stolen").exists()


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_actions_pin_what_they_use(path: Path) -> None:
    for step in load(path)["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "uses" not in step or re.search(r"@[0-9a-f]{40}$", step["uses"])
        if "pip install" in step.get("run", ""):
            assert "--require-hashes --only-binary :all:" in step["run"]
