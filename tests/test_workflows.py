"""The workflows that `init` writes, and our own: who may do what, and their steps run as a runner runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.support.actions import Action, ActionFailedError, Job, Json, Runner, command, load, python_command
from tests.support.git_repository import commit_files, git

from kservegen.cli import cli

ROOT = Path(__file__).parents[1]
OWN = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
TEMPLATES = {path.stem: path for path in sorted((ROOT / "scaffold/workflows").glob("*.yml"))}
ALL = [*OWN.values(), *TEMPLATES.values()]
ACTIONS = [ROOT / "action.yml", ROOT / ".github/actions/kservegen/action.yml", ROOT / "scaffold/action.yml"]
PULL_REQUEST = 7
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

    def test_every_job_ends(self, path: Path) -> None:
        for name, job, _ in jobs(path):
            assert job["timeout-minutes"] <= 90, name


def test_our_own_workflows_are_those_that_init_writes() -> None:
    names = {"kservegen": "validate", "kservegen-report": "report"}
    names |= {"kservegen-waivers": "waivers", "kservegen-render": "render"}
    for template, own in names.items():
        ours, theirs = load(OWN[own]), load(TEMPLATES[template])
        for name, job in theirs["jobs"].items():
            mine = ours["jobs"][name]
            assert [step_of(step) for step in mine["steps"]] == [step_of(step) for step in job["steps"]]
            assert (mine.get("permissions"), mine.get("env")) == (job.get("permissions"), job.get("env"))


def step_of(step: Json) -> Json:
    """Leave out what differs: a name that names a workflow."""
    return {key: value for key, value in step.items() if key != "name"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository as `init` makes it, rendered and committed on main."""
    root = tmp_path / "models"
    words = ["init", str(root), "--engine", "argocd", "--repo-url", "https://example.com/org/models.git"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
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
        shutil.copytree(folder / given["path"], artifacts / given["name"], dirs_exist_ok=True)

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
    return Runner(workspace, tmp_path / "runner", commands, actions, {"vars": {}, **contexts})


def proposed(tmp_path: Path, repository: Path, files: dict[str, str], *, rendered: bool = True) -> tuple[Runner, str]:
    """Change files on a branch, as a pull request does; return the machine that checks it, and the commit."""
    base = git(repository, "rev-parse", "main")
    git(repository, "switch", "--quiet", "--create", "topic")
    for path, text in files.items():
        (repository / path).write_text(text, "utf-8")
    if rendered:
        assert kservegen(repository, "render") == 0
    head = commit_files(repository, {}, "change")
    event = {"pull_request": {"number": PULL_REQUEST, "base": {"sha": base}, "head": {"sha": head}}}
    github = {"event_name": "pull_request", "ref": "refs/pull/7/merge", "event": event}
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


def open_pull(hub: Path, head: str) -> None:
    pull = {"number": PULL_REQUEST, "owner": "fork", "branch": "topic", "state": "open", "head": {"sha": head}}
    (hub / "pulls.json").write_text(json.dumps([pull]), "utf-8")


def reported(tmp_path: Path, hub: Path, head: str, *, event: str = "pull_request") -> Job:
    """Run the workflow that comments, as it follows a run at a commit of a fork."""
    run = {
        "id": 5,
        "event": event,
        "head_sha": head,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "fork"}, "full_name": "fork/models"},
    }
    workspace = tmp_path / "elsewhere"
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    github = {"token": "t", "repository": "org/models", "event": {"workflow_run": run}}
    machine = runner(tmp_path, workspace, github=github)
    workflow = load(TEMPLATES["kservegen-report"])
    workflow["jobs"]["report"]["env"]["FAKE_GH_STATE"] = str(hub)
    return machine.run_job(workflow, "report")


def comments(hub: Path) -> list[str]:
    """Return what the bot has said."""
    said = json.loads((hub / "comments.json").read_text("utf-8"))
    return [comment["body"] for comment in said if comment["user"]["login"] == "github-actions[bot]"]


def leave(tmp_path: Path, plan: str | None, sarif: str | None = "{}") -> None:
    """Leave an artifact as a pull request's run would, or as its author would like to."""
    folder = tmp_path / "artifacts" / "kservegen-report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in (("plan.md", plan), ("findings.sarif", sarif)):
        if content is not None:
            (folder / name).write_text(content, "utf-8")


@needs_tools
class TestReport:
    def test_one_comment_that_is_updated_and_taken_back(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, f"{MARK}\nfirst\n")
        first = reported(tmp_path, hub, "abc")
        assert not first.failed, first.log
        leave(tmp_path, f"{MARK}\nsecond\n")
        assert not reported(tmp_path, hub, "abc").failed
        (body,) = comments(hub)
        assert "second" in body
        assert "first" not in body
        leave(tmp_path, "")
        assert not reported(tmp_path, hub, "abc").failed
        assert comments(hub) == []
        left = json.loads((hub / "comments.json").read_text("utf-8"))
        assert [comment["user"]["login"] for comment in left] == ["mallory"], "others' comments are left alone"

    def test_silent_where_nothing_ever_changed(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, "")
        assert not reported(tmp_path, hub, "abc").failed
        assert comments(hub) == []

    @pytest.mark.parametrize("plan", ["@everyone " * 20_000, "é" * 60_000, "no mark <script>"])
    def test_whatever_a_pull_request_leaves_fits_and_mentions_nobody(
        self, plan: str, tmp_path: Path, hub: Path
    ) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, plan)
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        (body,) = comments(hub)
        assert body.startswith(f"{MARK}\n")
        assert len(body) < 65_536
        assert not re.search(r"@\w", body)

    def test_findings_go_to_code_scanning_at_the_commit(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, "", '{"version": "2.1.0"}')
        assert not reported(tmp_path, hub, "abc").failed
        sent = json.loads((hub / "sarif.json").read_text("utf-8"))
        assert (sent["commit_sha"], sent["ref"]) == ("abc", "refs/pull/7/head")

    def test_code_scanning_that_is_off_is_no_failure(self, tmp_path: Path, hub: Path) -> None:
        (hub / "scanning").unlink()
        open_pull(hub, "abc")
        leave(tmp_path, "")
        job = reported(tmp_path, hub, "abc")
        assert not job.failed
        assert "::notice::" in job.log

    def test_a_commit_that_is_no_longer_the_last_is_not_reported(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "newer")
        leave(tmp_path, f"{MARK}\nold\n")
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        assert comments(hub) == []

    def test_a_run_without_a_report(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        job = reported(tmp_path, hub, "abc")
        assert not job.failed, job.log
        assert not (hub / "calls").exists()

    def test_a_run_without_a_plan_leaves_the_comment(self, tmp_path: Path, hub: Path) -> None:
        open_pull(hub, "abc")
        leave(tmp_path, f"{MARK}\nplan\n")
        reported(tmp_path, hub, "abc")
        leave(tmp_path, None)
        assert not reported(tmp_path, hub, "abc").failed
        assert len(comments(hub)) == 1

    def test_other_events_are_nothing_to_it(self, tmp_path: Path, hub: Path) -> None:
        assert reported(tmp_path, hub, "abc", event="push").steps == []


@needs_tools
class TestValidate:
    @pytest.fixture
    def workflow(self, repository: Path) -> Json:
        return load(repository / ".github/workflows/kservegen.yml")

    def test_a_change_that_is_rendered_is_green_and_leaves_its_plan(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, _ = proposed(tmp_path, repository, more_replicas(repository))
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        plan = (tmp_path / "artifacts/kservegen-report/plan.md").read_text("utf-8")
        assert plan.startswith(MARK)
        assert "minReplicas" in plan
        assert job.summary == plan
        sarif = json.loads((tmp_path / "artifacts/kservegen-report/findings.sarif").read_text("utf-8"))
        assert sarif["version"] == "2.1.0"

    def test_a_proposal_does_not_say_how_it_is_shown(self, tmp_path: Path, repository: Path, workflow: Json) -> None:
        (repository / "templates").mkdir()
        (repository / "templates/plan.md.j2").write_text("ours", "utf-8")
        commit_files(repository, {}, "a comment of our own")
        files = {**more_replicas(repository), "templates/plan.md.j2": "nothing changes"}
        machine, _ = proposed(tmp_path, repository, files)
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert (tmp_path / "artifacts/kservegen-report/plan.md").read_text("utf-8") == f"{MARK}\nours"

    def test_what_is_not_rendered_is_red_and_its_plan_is_told(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        machine, _ = proposed(tmp_path, repository, more_replicas(repository), rendered=False)
        job = machine.run_job(workflow, "validate")
        assert job.failed
        assert job.step("Validate").outcome == "success"
        assert job.step("Rendered files are current").outcome == "failure"
        assert "minReplicas" in (tmp_path / "artifacts/kservegen-report/plan.md").read_text("utf-8")

    def test_a_mistake_is_red_annotated_and_in_the_report(
        self, tmp_path: Path, repository: Path, workflow: Json
    ) -> None:
        wrong = {PROD: (repository / PROD).read_text("utf-8").replace("minReplicas:", "minReplica:")}
        machine, _ = proposed(tmp_path, repository, wrong, rendered=False)
        job = machine.run_job(workflow, "validate")
        assert job.step("Validate").outcome == "failure"
        assert f"::error file={PROD},line=" in job.step("Validate").log
        sarif = json.loads((tmp_path / "artifacts/kservegen-report/findings.sarif").read_text("utf-8"))
        assert [result["level"] for result in sarif["runs"][0]["results"]].count("error") == 1

    def test_nothing_changes(self, tmp_path: Path, repository: Path, workflow: Json) -> None:
        machine, _ = proposed(tmp_path, repository, {"NOTES.md": "x\n"})
        job = machine.run_job(workflow, "validate")
        assert not job.failed, job.log
        assert (tmp_path / "artifacts/kservegen-report/plan.md").read_text("utf-8") == ""

    def test_from_the_change_to_the_comment(self, tmp_path: Path, repository: Path, workflow: Json, hub: Path) -> None:
        machine, head = proposed(tmp_path, repository, more_replicas(repository))
        assert not machine.run_job(workflow, "validate").failed
        open_pull(hub, head)
        assert not reported(tmp_path, hub, head).failed
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
    words = [
        "init",
        str(root),
        "--engine",
        "argocd",
        "--repo-url",
        "https://example.com/r.git",
        "--rendered-by",
        "main",
    ]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, {}, "first")
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(root, "fetch", "--quiet", "origin")
    git(root, "branch", "--quiet", "--set-upstream-to=origin/main")
    validate = load(root / ".github/workflows/kservegen.yml")
    assert "Rendered files are current" not in [step.get("name") for step in validate["jobs"]["validate"]["steps"]]
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
