"""What a planned change does to what runs: restarts, refused updates, budgets, guards."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import DEV, Project

from kservegen.changes.plan.model import EnvironmentPlan
from kservegen.commands.plan import PlanOptions, plan_changes
from kservegen.commands.render import RenderOptions, render
from kservegen.commands.result import Result
from kservegen.core.assumptions import Unchecked
from kservegen.report.plan_words import verdict

MODELS = """\
models:
  big:
    modelFormat: huggingface
    storageUri: s3://models/big
    accelerator: {type: l4, count: 2}
    resources: {limits: {memory: 8Gi}}
    minReplicas: 2
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
"""
RUNTIME = """\
runtimes:
  own:
    kind: ClusterServingRuntime
    supportedModelFormats: [{name: mine, version: "1", autoSelect: true}]
    containers: [{name: kserve-container, image: "example.com/own:1", resources: {requests: {cpu: "1"}}}]
models:
  a: {modelFormat: {name: mine, version: "1"}, storageUri: s3://models/a, accelerator: {type: l4, count: 1}}
  b: {modelFormat: {name: mine, version: "1"}, storageUri: s3://models/b}
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
"""
# A budget's name, what it held and holds, what was and is granted.
Said: TypeAlias = tuple[str, int, int, int | None, int | None]
BUDGET = "budgets: {all-l4: {accelerator: l4, limit: 8}, mine: {owner: me, accelerator: l4, limit: 8}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a rendered, committed repository with a model on GPUs."""
    new_repository(tmp_path)
    project = Project(tmp_path)
    return settle(project, MODELS)


def settle(project: Project, models: str, environment: str = DEV) -> Project:
    """Render and commit a catalog."""
    project.write("environments/dev.yaml", environment)
    project.models(models)
    project.render(allow_removals=9)
    commit_files(project.root, {})
    return project


def planned(project: Project, allow_restarts: int = 0) -> tuple[EnvironmentPlan, Result, str]:
    result, changes = plan_changes(project.repository, PlanOptions(base="HEAD", allow_restarts=allow_restarts))
    (environment,) = changes.environments
    return environment, result, verdict(changes)


def said(environment: EnvironmentPlan) -> list[Said]:
    def whole(amount: Fraction | None) -> int | None:
        return None if amount is None else int(amount)

    return [
        (b.name, int(b.before), int(b.after), whole(b.granted_before), whole(b.granted)) for b in environment.budgets
    ]


def problems(result: Result) -> list[str]:
    return [f"{d.location} {d.rule}" for d in result.diagnostics]


def test_pods_and_accelerators_that_restart(project: Project) -> None:
    project.models(MODELS.replace("s3://models/big", "s3://models/big-2"))
    environment, _, line = planned(project)
    (restart,) = environment.impact.restarts
    assert (str(restart.subject), restart.pods, restart.accelerators) == ("InferenceService ns/big", 2, {"l4": 4})
    assert (restart.surge_pods, restart.surge) == (1, {"l4": 2})
    assert line == "dev: 1 model changes, 2 pods / 4 l4 restart"


POOLS = "nodePools: {l4: {accelerator: l4, nodes: {max: 3}, allocatable: {cpu: 8, memory: 32Gi, accelerators: 2}}}\n"


@pytest.mark.parametrize(
    ("models", "pools", "changes"),
    [
        (MODELS.replace("models/big", "models/big-2"), POOLS, []),
        (MODELS.replace("minReplicas: 2", "minReplicas: 4"), POOLS, [("l4", (2, 0, 3), (3, 1, 3))]),
        (MODELS.replace("count: 2", "count: 1"), POOLS, [("l4", (2, 0, 3), (1, 0, 3))]),
        (MODELS, POOLS.replace("max: 3", "max: 1"), [("l4", (2, 0, 3), (1, 1, 1))]),
        (MODELS, "", [("l4", (2, 0, 3), None)]),
    ],
)
def test_pools_that_are_filled_otherwise(models: str, pools: str, changes: list[object], project: Project) -> None:
    settle(project, MODELS, DEV + POOLS)
    project.write("environments/dev.yaml", DEV + pools)
    project.models(models)
    environment, _, _ = planned(project)
    assert [tuple(pool) for pool in environment.pools] == changes


def test_what_does_not_reach_the_pods_restarts_nothing(project: Project) -> None:
    project.models(MODELS.replace("minReplicas: 2", "minReplicas: 3"))
    environment, _, line = planned(project)
    assert environment.impact.restarts == ()
    assert [(scaled.before, scaled.after) for scaled in environment.impact.scaled] == [((2, 2), (3, 3))]
    assert line == "dev: 1 model changes"


def test_a_runtime_restarts_the_models_that_use_it(project: Project) -> None:
    settle(project, RUNTIME)
    project.models(RUNTIME.replace("own:1", "own:2"))
    environment, _, line = planned(project)
    assert {str(restart.subject) for restart in environment.impact.restarts} == {
        "InferenceService ns/a",
        "InferenceService ns/b",
    }
    assert {cause.through for restart in environment.impact.restarts for cause in restart.causes} == {
        "ClusterServingRuntime own"
    }
    assert line == "dev: 2 pods / 1 l4 restart, 1 object changes"


def test_a_new_environment_restarts_nothing(project: Project) -> None:
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    _, changes = plan_changes(project.repository, PlanOptions(base="HEAD"))
    prod = changes.environments[1]
    assert (prod.name, prod.impact.restarts) == ("prod", ())


def test_of_an_unknown_release_it_is_said_that_restarts_are_not_known(project: Project) -> None:
    commit_files(project.root, {"environments/dev.yaml": DEV.replace("v0.19.0", "v0.15.2")})
    project.write("environments/dev.yaml", DEV)
    environment, result, _ = planned(project)
    assert (environment.version, environment.impact.restarts) == (("v0.15.2", "v0.19.0"), ())
    what, why = "what the end of KServe v0.15.2 does to pods of dev", "kservegen upgrade --from v0.15.2 says it"
    assert Unchecked(what, why) in result.unchecked


def test_an_update_that_is_refused_has_its_line(project: Project) -> None:
    project.models(MODELS.replace("{modelFormat: sklearn,", "{modelFormat: sklearn, deploymentMode: Knative,"))
    environment, result, line = planned(project)
    assert [str(refused.resource.id) for refused in environment.impact.refused] == ["InferenceService ns/iris"]
    assert "models.yaml:10:48 kserve/deployment-mode-change" in problems(result)
    assert "1 update refused" in line
    assert result.exit_code == 1


def test_budgets_before_and_after(project: Project) -> None:
    settle(project, MODELS, DEV + BUDGET)
    project.models(MODELS.replace("minReplicas: 2", "minReplicas: 3"))
    environment, _, _ = planned(project)
    assert said(environment) == [
        ("all-l4", 4, 6, 8, 8),
        ("l4", 4, 6, None, None),
    ]


OWNED = MODELS.replace("minReplicas: 2", "minReplicas: 2\n    owner: me")
OWNERS = (
    "budgets: {mine: {owner: me, accelerator: l4, limit: 8}, yours: {owner: you, accelerator: l4, limit: 8}}\n"
    "guards: {maxRemovals: 9}\n"
)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (OWNED.replace("  big:", "  large:"), []),
        (OWNED.partition("  big:")[0] + OWNED[OWNED.index("  iris:") :], [("mine", 4, 0), ("l4", 4, 0)]),
        (
            OWNED.replace("owner: me", "owner: you").replace("iris: {", "iris: {minReplicas: 2, "),
            [("mine", 4, 0), ("yours", 0, 4)],
        ),
    ],
    ids=["renamed", "removed", "handed over"],
)
def test_each_side_of_a_budget_has_the_owners_of_its_own_revision(
    project: Project, models: str, expected: list[tuple[str, int, int]]
) -> None:
    settle(project, OWNED, DEV + OWNERS)
    project.models(models)
    environment, _, _ = planned(project)
    assert [(name, before, after) for name, before, after, _, _ in said(environment)] == expected


def test_a_budget_that_is_raised(project: Project) -> None:
    settle(project, MODELS, DEV + BUDGET)
    project.write("environments/dev.yaml", DEV + BUDGET.replace("limit: 8}, mine", "limit: 16}, mine"))
    environment, _, _ = planned(project)
    assert said(environment) == [("all-l4", 4, 4, 8, 16)]


def test_a_runtime_changes_what_its_models_take(project: Project) -> None:
    budget = "budgets: {cores: {cpu: 100}}\n"
    settle(project, RUNTIME, DEV + budget)
    project.models(RUNTIME.replace('cpu: "1"', 'cpu: "3"'))
    environment, _, _ = planned(project)
    ((_, _, before, after, _, _),) = environment.budgets
    assert after - before == 4


GUARD = "guards: {maxRestartingAccelerators: 3}\n"


def test_too_many_restarts_need_to_be_allowed(project: Project) -> None:
    settle(project, MODELS, DEV + GUARD)
    project.models(MODELS.replace("s3://models/big", "s3://models/big-2"))
    line = len((DEV + GUARD).splitlines())
    _, result, _ = planned(project)
    assert problems(result) == [f"environments/dev.yaml:{line}:10 gitops/restart-guard"]
    (finding,) = result.diagnostics
    assert finding.seen == "pods with 4 accelerators: InferenceService ns/big (4)"
    assert problems(planned(project, allow_restarts=4)[1]) == []
    assert problems(planned(project, allow_restarts=3)[1]) != []


@pytest.mark.parametrize(("allowed", "written"), [(0, False), (4, True)])
def test_a_render_keeps_to_the_guard(project: Project, allowed: int, written: bool) -> None:
    settle(project, MODELS, DEV + GUARD)
    project.models(MODELS.replace("s3://models/big", "s3://models/big-2"))
    options = RenderOptions(out=project.root / "rendered", allow_restarts=allowed)
    result = render(project.repository, options)
    assert ("gitops/restart-guard" in {d.rule for d in result.diagnostics}) is not written
    assert result.plan is not None
    assert result.plan.applied is written


def test_a_render_keeps_to_a_guard_that_lets_nothing_restart(project: Project) -> None:
    settle(project, MODELS, DEV + "guards: {maxRestartingAccelerators: 0}\n")
    project.models(MODELS.replace("s3://models/big", "s3://models/big-2"))
    assert {d.rule for d in project.render().diagnostics} == {"gitops/restart-guard"}


def test_a_render_and_a_plan_count_what_goes_alike(project: Project) -> None:
    """Two objects that lie in one file are two, and a page is none."""
    settle(project, MODELS, DEV + "guards: {maxRemovals: 1}\n")
    project.models(MODELS.replace("  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n", ""))
    iris = project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    own, twin = iris.read_text("utf-8"), iris.read_text("utf-8").replace("name: iris", "name: twin")
    iris.write_text(f"{own}---\n{twin.partition(chr(10))[2]}", "utf-8")
    commit_files(project.root, {})
    _, result, _ = planned(project)
    rendered = project.render()
    for findings in (result.diagnostics, rendered.diagnostics):
        (found,) = (d for d in findings if d.rule == "gitops/removal-guard")
        assert found.seen == "2 removed: InferenceService ns/iris, InferenceService ns/twin"


def test_removals_beyond_the_guard_are_found_in_the_plan(project: Project) -> None:
    settle(project, MODELS, DEV + "guards: {maxRemovals: 0}\n")
    project.models(MODELS.replace("  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n", ""))
    _, result, _ = planned(project)
    assert [d.rule for d in result.diagnostics] == ["gitops/removal-guard"]
