"""`kservegen promote --stage`: what the stage before runs moves on, once it may."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.live_cluster import as_list, conditions, fake_kubectl, live
from tests.support.project import CLUSTER, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
DEFAULTS = CLUSTER.replace("cluster: {name: dev}\n", "")
BARE = "stages: [[dev], [staging], [prod-eu, prod-us]]\n"
SOAK = "stages: [dev, {environments: staging, soak: 24h}, {name: production, environments: [prod]}]\n"
READY = SOAK.replace("soak: 24h", "ready: true")
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris}
  other: {modelFormat: sklearn, storageUri: s3://m/other}
"""
NEW = "models: {iris: {storageUri: hf://a/iris2}}\n"
# Commits of tests are made at 2026-01-02T03:04:05Z.
DAY_LATER, SOONER = "2026-01-03T03:05Z", "2026-01-03T03:03Z"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a repository whose dev and staging run a new version that prod does not."""
    made = Project(tmp_path / "r")
    new_repository(made.root)
    made.write("models.yaml", MODELS)
    made.write("environments/bases/prod.yaml", "version: 1\nguards: {maxRemovals: 3}\n")
    for name in ("dev", "staging", "prod-eu", "prod-us"):
        text = f"version: 1\ncluster: {{name: {name}, server: 'https://{name}'}}\n"
        text += "extends: [prod]\n" if name.startswith("prod") else NEW
        made.write(f"environments/{name}.yaml", text)
    settle(made, SOAK)
    return made


def settle(project: Project, stages: str) -> None:
    project.write("environments/defaults.yaml", DEFAULTS + stages)
    assert project.render().exit_code == 0
    commit_files(project.root, {})


def promote(project: Project, *words: str) -> tuple[int, str]:
    words = ("promote", *words, "--yes", "--root", str(project.root))
    done = CliRunner().invoke(cli, list(words), standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    return (2, str(done.exception)) if done.exception is not None else (done.return_value, done.output)


def findings(project: Project, *words: str) -> list[tuple[str, str]]:
    """Return the findings of a refusal as `line:column rule` and what was seen."""
    before = text(project, "environments/bases/prod.yaml"), text(project)
    code, told = promote(project, *words, "--output", "json")
    report = json.loads(told)
    jsonschema.validate(report, SCHEMA)
    assert (code, report["exitCode"], report["edits"]["written"]) == (1, 1, False)
    assert (text(project, "environments/bases/prod.yaml"), text(project)) == before
    assert {f["file"] for f in report["findings"]} == {"environments/defaults.yaml"}
    return [(f"{f['line']}:{f['column']} {f['rule']}", f["seen"]) for f in report["findings"]]


def text(project: Project, file: str = "environments/prod-eu.yaml") -> str:
    return (project.root / file).read_text("utf-8")


def test_a_bare_list_is_an_order_and_asks_nothing(project: Project) -> None:
    settle(project, BARE)
    code, told = promote(project, "--stage", "prod-us")
    assert (code, "note: from staging to prod-eu, prod-us" in told) == (0, True)
    assert "hf://a/iris2" in text(project)
    assert "hf://a/iris2" in text(project, "environments/prod-us.yaml")
    code, told = promote(project, "--stage", "prod-us")
    assert (code, "note: there is nothing to bring from staging to prod-eu, prod-us" in told) == (0, True)


def test_a_base_in_a_stage_is_what_is_edited(project: Project) -> None:
    before = text(project)
    code, _ = promote(project, "--stage", "production", "--now", DAY_LATER)
    assert (code, text(project)) == (0, before)
    assert "hf://a/iris2" in text(project, "environments/bases/prod.yaml")


def test_it_is_refused_until_the_soak_has_passed(project: Project) -> None:
    seen = "iris: for 23h58m, since 2026-01-02 03:04 UTC (commit {}); 2m to go"
    commit = git(project.root, "log", "-1", "--format=%h", "--abbrev=9", "--", "rendered/staging/models/ns")
    assert findings(project, "--stage", "production", "--now", SOONER) == [
        ("6:45 gitops/stage-soak", seen.format(commit))
    ]
    code, told = promote(project, "--stage", "production", "--now", SOONER)
    assert code == 1
    assert "error: iris has not been in staging for 24h [gitops/stage-soak]" in told
    assert "nothing was written: staging does not have what its stage asks for" in told
    assert "merge a permit first: environments/bases/prod.yaml, permits: {NAME: {early: 1, reason: …" in told
    assert promote(project, "--stage", "production", "--now", DAY_LATER)[0] == 0


def test_a_model_that_is_not_moved_holds_nothing_back(project: Project) -> None:
    code, told = promote(project, "--stage", "production", "other", "--now", SOONER)
    assert (code, "nothing to change" in told) == (0, True)


def test_what_is_not_merged_has_not_begun(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(project.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(project.root, "push", "--quiet", "origin", "main")
    project.write("environments/staging.yaml", text(project, "environments/staging.yaml").replace("iris2", "iris3"))
    file = "rendered/staging/models/ns/inferenceservice-iris.yaml"
    rule = "6:15 gitops/stage-unsettled"
    (found,) = findings(project, "--stage", "production", "--now", DAY_LATER)
    assert found == (rule, f"iris: {file} is not what the catalog says: kservegen render, and merge that")
    project.render()
    commit_files(project.root, {})
    (found,) = findings(project, "--stage", "production", "--now", DAY_LATER)
    assert found == (rule, f"iris: origin/main does not have {file} as it is here: merge that")
    git(project.root, "push", "--quiet", "origin", "main")
    assert promote(project, "--stage", "production", "--now", DAY_LATER)[0] == 0


def test_where_nothing_is_rendered_lines_tell(project: Project) -> None:
    git(project.root, "rm", "-r", "--quiet", "rendered")
    commit_files(project.root, {".gitignore": "rendered/\n"})
    (found,) = findings(project, "--stage", "production", "--now", SOONER)
    assert found[1].startswith("iris: for 23h58m, since 2026-01-02 03:04 UTC (commit ")
    assert promote(project, "--stage", "production", "--now", DAY_LATER)[0] == 0


def test_a_shallow_clone_does_not_know_since_when(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project.root}", "cut")
    cut = Project.at(tmp_path / "cut")
    (found,) = findings(cut, "--stage", "production", "--now", DAY_LATER)
    assert found == (
        "6:45 gitops/stage-soak",
        "iris: since when is not known: its lines are not merged, or the clone is shallow",
    )


def test_without_git_there_is_no_soak(project: Project) -> None:
    (project.root / ".git").rename(project.root / "gone")
    code, told = promote(project, "--stage", "production", "--now", DAY_LATER)
    assert (code, told.startswith("not in a git work tree") or "not in a git work tree" in told) == (2, True)
    assert "A soak is counted from commits." in told


def dump(project: Project, ready: str, since: str, change: Callable[[Any], object] | None = None) -> str:
    (doc,) = live(project.root, "staging", {"iris": conditions(ready, since)})
    if change is not None:
        change(doc)
    file = project.root.parent / "staging.json"
    file.write_text(as_list([doc]), "utf-8")
    return str(file)


def test_ready_is_looked_for(project: Project) -> None:
    settle(project, READY)
    assert findings(project, "--stage", "prod") == [
        ("6:46 gitops/stage-ready", "iris: nobody looked whether it is Ready")
    ]
    stage = ("--stage", "prod", "--from")
    unready = dump(project, "False", "2026-01-02T12:00:00Z")
    assert findings(project, *stage, unready) == [("6:46 gitops/stage-ready", "iris: not Ready (PredictorReady)")]
    assert promote(project, *stage, dump(project, "True", "2026-01-02T12:00:00Z"))[0] == 0


# what the cluster has -> why it does not count
NOT_READY: dict[str, tuple[Callable[[Any], object], str]] = {
    "another version": (
        lambda doc: doc["spec"]["predictor"]["model"].update(storageUri="hf://a/iris"),
        "the cluster has it otherwise than Git",
    ),
    "not looked at": (lambda doc: doc["metadata"].update(generation=9), "its controller has not looked at it yet"),
    "another one alone": (lambda doc: doc["metadata"].update(name="other"), "the cluster does not have it"),
}


@pytest.mark.parametrize("name", NOT_READY)
def test_ready_of_something_else_does_not_count(project: Project, name: str) -> None:
    settle(project, READY)
    change, why = NOT_READY[name]
    words = ("--stage", "prod", "--from", dump(project, "True", "2026-01-02T12:00:00Z", change))
    assert findings(project, *words) == [("6:46 gitops/stage-ready", f"iris: {why}")]


def test_a_soak_begins_when_ready_last_changed(project: Project) -> None:
    words = ("--stage", "prod", "--from", dump(project, "True", "2026-01-02T12:00:00Z"), "--now")
    (found,) = findings(project, *words, DAY_LATER)
    assert found == (
        "6:45 gitops/stage-soak",
        "iris: for 15h5m, since 2026-01-02 12:00 UTC (Ready changed); 8h55m to go",
    )
    assert promote(project, *words, "2026-01-03T12:00Z")[0] == 0


def test_who_asks_a_cluster_wants_to_know(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = fake_kubectl(tmp_path, monkeypatch)
    words = ("--stage", "prod", "--from-cluster", "--context", "staging=s", "--now", DAY_LATER)
    (found,) = findings(project, *words)
    assert found == ("6:15 gitops/stage-ready", "iris: the cluster does not have it")
    (answers / "s.inferenceservices.ns.json").write_text(
        Path(dump(project, "True", "2026-01-01T00:00:00Z")).read_text("utf-8"), "utf-8"
    )
    assert promote(project, *words)[0] == 0


PERMIT = "permits: {hotfix: {early: 1, reason: broken, owner: ops, expires: 2026-01-31}}\n"


def test_a_permit_lets_it_move_on_early(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    words = ("--stage", "prod", "--now", SOONER)
    assert promote(project, *words)[0] == 1
    assert "--allow-early is for a terminal" in promote(project, *words, "--allow-early", "1")[1]
    base = text(project, "environments/bases/prod.yaml")
    project.write("environments/bases/prod.yaml", base + PERMIT.replace("01-31", "01-02"))
    assert promote(project, *words)[0] == 1  # it has expired
    project.write("environments/prod-eu.yaml", text(project) + PERMIT)
    assert promote(project, *words)[0] == 1  # one of two
    project.write("environments/bases/prod.yaml", base + PERMIT)
    code, told = promote(project, *words)
    assert code == 0
    assert "note: early, by a permit of production (prod-eu, prod-us): iris (staging): for 23h58m" in told


def test_somebody_at_a_terminal_may_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    words = ("--stage", "prod", "--now", SOONER)
    code, told = promote(project, *words, "--allow-early", "1")
    assert (code, "note: early, by --allow-early: iris (staging)" in told) == (0, True)


def test_next_is_the_first_stage_that_is_behind(project: Project) -> None:
    settle(project, BARE)
    code, told = promote(project, "--next", "--dry-run")
    assert (code, "note: from staging to prod-eu, prod-us" in told) == (0, True)
    project.write("environments/dev.yaml", text(project, "environments/dev.yaml").replace("iris2", "iris3"))
    assert "note: from dev to staging" in promote(project, "--next", "--dry-run", "iris")[1]
    assert "note: there is nothing to bring from staging to prod-eu, prod-us" in promote(project, "--next", "other")[1]


def test_next_says_what_does_not_move_from_any_stage(project: Project) -> None:
    """An address in another bucket is another place's own, and no version to bring over."""
    settle(project, BARE)
    for name in ("dev", "staging"):
        file = f"environments/{name}.yaml"
        project.write(file, text(project, file).replace("hf://a/iris2", f"s3://{name}/iris"))
    told = promote(project, "--next", "--dry-run", "iris")[1]
    assert "note: iris: storageUri stays s3://staging/iris: dev has s3://dev/iris, from another place" in told


def test_two_environments_of_a_stage_run_one_version(project: Project) -> None:
    settle(project, "stages: [[dev, staging], [prod]]\n")
    assert promote(project, "--stage", "prod", "--dry-run")[0] == 0
    project.write("environments/dev.yaml", text(project, "environments/dev.yaml").replace("iris2", "iris3"))
    assert findings(project, "--stage", "prod") == [
        ("6:10 gitops/stage-unsettled", "iris: dev and staging run different versions of it")
    ]


def test_a_model_that_one_environment_of_the_stage_has(project: Project) -> None:
    models = MODELS.replace("storageUri: hf://a/iris}", "storageUri: hf://a/iris, environments: [staging, prod]}")
    project.write("models.yaml", models)
    project.write("environments/dev.yaml", "version: 1\ncluster: {name: dev, server: 'https://dev'}\n")
    settle(project, "stages: [[dev, staging], [prod]]\n")
    assert promote(project, "--stage", "prod")[0] == 0
    assert "hf://a/iris2" in text(project, "environments/bases/prod.yaml")


def test_kserve_soaks_and_is_ready_as_models_are(project: Project) -> None:
    staging = text(project, "environments/staging.yaml").replace(NEW, "kserve: {version: v0.20.0}\n")
    project.write("environments/staging.yaml", staging)
    settle(project, SOAK)
    (found,) = findings(project, "--stage", "prod", "--now", SOONER)
    assert found[1].startswith("KServe and its images: for 23h58m, since 2026-01-02 03:04 UTC")
    project.write("environments/staging.yaml", f"# again\n{staging.replace('v0.20.0', 'v0.18.1')}")
    (found,) = findings(project, "--stage", "prod", "--now", DAY_LATER)
    assert found[1].startswith("KServe and its images: since when is not known: its lines are not merged")


WRONG = [
    (("--stage", "dev"), "dev is the first stage | Changes begin there: kservegen set MODEL PATH=VALUE --env dev."),
    (("--stage", "stagin"), "there is no stage stagin | Did you mean staging?"),
    (("--stage", "prod", "irs"), "the catalog has no entry irs | Did you mean iris?"),
    (("--stage", "prod", "--next"), "--stage names a stage, and --next finds one: say one of them"),
    (("--stage", "prod", "--from", "dev=x"), "dev is none of the environments looked at. Known: staging."),
    (("dev",), "say FROM and TO, or the stage that is to change: --stage STAGE, --next"),
    (("dev", "staging", "--from-cluster"), "are about stages: say --stage"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_cannot_be_meant(project: Project, words: tuple[str, ...], said: str) -> None:
    code, told = promote(project, *words)
    assert code == 2
    assert said in told


def test_a_repository_without_stages(project: Project) -> None:
    settle(project, "")
    code, told = promote(project, "--stage", "prod")
    assert (code, "environments/defaults.yaml: there are no stages | Write them there" in told) == (2, True)


def test_a_catalog_with_errors_is_not_promoted(project: Project) -> None:
    project.write("environments/dev.yaml", "version: 1\nclutser: {}\n")
    assert promote(project, "--stage", "prod") == (2, "the catalog has errors | Run kservegen validate.")
