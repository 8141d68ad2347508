"""Objects judged so many at a time: what comes out, how often KServe's controllers are followed, what is held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import CLUSTER, Project

from kservegen.commands.plan import PlanOptions, plan_changes
from kservegen.core.repository import Repository
from kservegen.evaluate import judging
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.kserve.controllers import reconcile, shared
from kservegen.kserve.controllers.control_plane import ControlPlane

ENVIRONMENTS = ("dev", "prod")
# Half of them have a port that no server listens on, which is said of what KServe makes.
MODEL = "  m{0}: {{modelFormat: sklearn, storageUri: s3://m/{0}, args: [--http_port={1}]}}\n"
MODELS = "models:\n" + "".join(MODEL.format(number, 8080 + number % 2) for number in range(12))


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have windows looked at one after the other."""
    monkeypatch.setattr(judging, "_MOST_AT_ONCE", 1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name in ENVIRONMENTS:
        words = CLUSTER.replace("{name: dev}", f"{{name: {name}, server: 'https://{name}.example.org'}}")
        made.write(f"environments/{name}.yaml", words)
    made.models(MODELS)
    return made


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the objects for which controllers are followed, as they are."""
    names: list[str] = []
    real = reconcile.make_objects

    def make_objects(stored: dict[str, dict[str, str]], plane: ControlPlane) -> object:
        names.append(stored["metadata"]["name"])
        return real(stored, plane)  # type: ignore[arg-type]

    monkeypatch.setattr(shared, "make_objects", make_objects)
    return names


def evaluated(project: Project) -> EvaluatedRepository:
    repository = Repository(project.root)
    return evaluate_repository(repository, EvaluationOptions(names=(), out=repository.output))


@pytest.mark.parametrize("most", [1, 2, 5])
def test_windows_change_no_result_and_an_object_is_made_once_for_all_environments(
    most: int, project: Project, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluated(project)
    once = sorted(made)
    assert once == sorted(f"m{number}" for number in range(12))
    assert [d.rule for d in whole.diagnostics].count("kserve/server-port") == 12
    made.clear()
    monkeypatch.setattr(judging, "_WINDOW", most)
    monkeypatch.setattr(judging, "_KEPT", most)
    parted = evaluated(project)
    assert sorted(made) == once
    assert parted.diagnostics == whole.diagnostics
    assert len(parted.shared.made_findings) < len(whole.shared.made_findings) == len(once)


@pytest.mark.parametrize(("kept", "again"), [(100, 0), (2, 11)])
def test_a_base_finds_what_was_made_of_the_work_tree_where_that_is_kept(
    kept: int, again: int, project: Project, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = MODELS.replace("8081", "8080")
    new_repository(project.root)
    project.models(sound)
    project.render()
    commit_files(project.root, {})
    project.models(sound.replace("s3://m/3,", "s3://m/other,"))
    said = changes(project)
    made.clear()
    monkeypatch.setattr(judging, "_WINDOW", 1)
    monkeypatch.setattr(judging, "_KEPT_FOR_BASE", kept)
    assert changes(project) == said
    assert made.count("m3") >= 2
    assert len([name for name in made if name != "m3"]) == 11 + again


def changes(project: Project) -> list[tuple[str, str, object]]:
    result = plan_changes(Repository(project.root), PlanOptions(base="HEAD")).result
    return [(found.rule, found.message, found.baseline) for found in result.diagnostics]


def test_a_crash_in_one_window_is_the_crash_of_its_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = judging.judge_objects
    asked: list[str] = []

    def judge_objects(objects: list[object], bench: judging.Bench) -> object:
        asked.append(bench.context.environment)
        if asked == ["dev"]:
            raise ArithmeticError("no")
        return real(objects, bench)

    monkeypatch.setattr(judging, "judge_objects", judge_objects)
    monkeypatch.setattr(judging, "_WINDOW", 2)
    found = evaluated(project).diagnostics
    assert [(d.rule, d.environments) for d in found if d.rule.startswith("internal/")] == [
        ("internal/not-judged", ("dev",))
    ]
    assert asked.count("dev") == 1
    assert asked.count("prod") > 1


def test_what_a_new_model_takes_asks_for_what_was_made_when_it_was_judged(project: Project, made: list[str]) -> None:
    project.models(MODELS.replace("8081", "8080"))
    planned = plan_changes(Repository(project.root), PlanOptions()).result.plan
    assert planned is not None
    assert planned.changes is not None
    assert [len(environment.models) for environment in planned.changes.environments] == [12, 12]
    assert len(made) == 12
