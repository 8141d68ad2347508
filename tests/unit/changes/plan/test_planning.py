"""`plan` on small repositories: what a change does, against the disk and against commits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.committed import ARGO, committed
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.project import DEV, Project

from kservegen.changes.plan.model import EnvironmentPlan, Fate, Presence, Verb
from kservegen.commands.plan import Planned, PlanOptions, plan_changes
from kservegen.core.errors import GeneratorError
from kservegen.report.plan_words import verdict

PAIR = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  wine: {modelFormat: sklearn, storageUri: s3://models/wine}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a repository with one rendered, committed environment that Argo CD syncs."""
    return committed(tmp_path, PAIR)


def planned(project: Project, base: str | None = None, *, differences_fail: bool = True) -> Planned:
    return plan_changes(project.repository, PlanOptions(base=base, differences_fail=differences_fail))


def dev(project: Project, base: str | None = None) -> EnvironmentPlan:
    (found,) = planned(project, base).plan.environments
    return found


def said(environment: EnvironmentPlan) -> list[tuple[str, str]]:
    return [(change.verb.value, str(change.key)) for change in environment.objects]


BOTH = pytest.mark.parametrize("base", [None, "HEAD"])


@BOTH
def test_a_repository_that_is_rendered_changes_nothing(project: Project, base: str | None) -> None:
    result, changes = planned(project, base)
    assert not changes
    assert result.exit_code == 0


@BOTH
def test_fields_of_a_changed_object(project: Project, base: str | None) -> None:
    project.models(PAIR.replace("s3://models/wine", "s3://models/wine-2"))
    environment = dev(project, base)
    assert said(environment) == [("changed", "InferenceService ns/wine")]
    (change,) = environment.objects
    assert [tuple(field) for field in change.fields] == [
        ("spec.predictor.model.storageUri", "s3://models/wine", "s3://models/wine-2")
    ]
    assert change.entry == "wine"
    assert planned(project, base).result.exit_code == 1
    assert planned(project, base, differences_fail=False).result.exit_code == 0


@BOTH
def test_objects_come_and_go(project: Project, base: str | None) -> None:
    project.models("models: {new: {modelFormat: xgboost, storageUri: s3://models/n}}")
    environment = dev(project, base)
    assert said(environment) == [
        ("removed", "InferenceService ns/iris"),
        ("added", "InferenceService ns/new"),
        ("removed", "InferenceService ns/wine"),
    ]
    gone = next(change for change in environment.objects if change.verb is Verb.REMOVED)
    assert (gone.fate, gone.by) == (Fate.DELETED, "Application dev-models-ns prunes it")


@BOTH
def test_a_new_name_is_a_rename(project: Project, base: str | None) -> None:
    project.models(PAIR.replace("wine:", "vino:"))
    (change,) = dev(project, base).objects
    assert (change.verb, str(change.key), str(change.old_key)) == (
        Verb.RENAMED,
        "InferenceService ns/vino",
        "InferenceService ns/wine",
    )
    assert change.fate is Fate.DELETED


def test_equal_objects_are_not_guessed_apart(project: Project) -> None:
    twins = "models: {a: {modelFormat: sklearn, storageUri: s3://m/x}, b: {modelFormat: sklearn, storageUri: s3://m/x}}"
    project.models(twins)
    project.render()
    project.models(twins.replace("a:", "c:").replace("b:", "d:"))
    assert [verb for verb, _ in said(dev(project))] == ["removed", "removed", "added", "added"]


def test_the_last_of_a_namespace_stays_in_the_cluster(project: Project) -> None:
    project.write("environments/dev.yaml", ARGO.replace("{ns: {}}", "{ns: {}, other: {}}"))
    project.models(PAIR.replace("wine: {", "wine: {namespace: other, "))
    project.render()
    project.models(PAIR.replace("  wine: {modelFormat: sklearn, storageUri: s3://models/wine}\n", ""))
    gone = {str(change.key): change for change in dev(project).objects}
    wine = gone["InferenceService other/wine"]
    assert wine.fate is Fate.LEFT
    assert wine.by == "Application dev-models-other goes, too, and prunes nothing any more"


def test_another_namespace_is_another_object(project: Project) -> None:
    project.write("environments/dev.yaml", ARGO.replace("{ns: {}}", "{ns: {}, other: {}}"))
    project.render()
    project.models(PAIR.replace("wine: {", "wine: {namespace: other, "))
    environment = dev(project)
    change = next(change for change in environment.objects if change.is_model)
    assert (change.verb, str(change.key), str(change.old_key)) == (
        Verb.RENAMED,
        "InferenceService other/wine",
        "InferenceService ns/wine",
    )


def test_a_model_that_moves_and_changes_is_one_move_with_its_fields(project: Project) -> None:
    project.write("environments/dev.yaml", ARGO.replace("{ns: {}}", "{ns: {}, other: {}}"))
    project.render()
    project.models(PAIR.replace("wine: {", "wine: {namespace: other, ").replace("models/wine", "models/wine-2"))
    (change,) = (change for change in dev(project).objects if change.is_model)
    assert (change.verb, str(change.key), str(change.old_key)) == (
        Verb.RENAMED,
        "InferenceService other/wine",
        "InferenceService ns/wine",
    )
    assert [tuple(field) for field in change.fields] == [
        ("spec.predictor.model.storageUri", "s3://models/wine", "s3://models/wine-2")
    ]


def test_models_of_one_name_in_several_namespaces_are_not_guessed_apart(project: Project) -> None:
    project.write("environments/dev.yaml", ARGO.replace("{ns: {}}", "{ns: {}, other: {}, third: {}}"))
    entry = "{modelFormat: sklearn, storageUri: s3://m/%s}"
    project.models(f"models: {{ns/iris: {entry % 1}, other/iris: {entry % 2}}}")
    project.render()
    project.models(f"models: {{third/iris: {entry % 3}}}")
    verbs = [verb for verb, subject in said(dev(project)) if subject.startswith("InferenceService")]
    assert sorted(verbs) == ["added", "removed", "removed"]


def test_an_object_in_another_folder_moves(project: Project) -> None:
    old = project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    (project.root / "rendered/dev/models/elsewhere").mkdir()
    old.rename(project.root / "rendered/dev/models/elsewhere/inferenceservice-iris.yaml")
    (change,) = dev(project).objects
    assert (change.verb, change.old_file, change.by) == (
        Verb.MOVED,
        "models/elsewhere/inferenceservice-iris.yaml",
        "Application dev-models-ns",
    )


def test_another_engine_is_said(project: Project) -> None:
    project.write("environments/dev.yaml", DEV)
    environment = dev(project, "HEAD")
    assert environment.engine == ("argocd", "")
    assert {change.key.kind for change in environment.objects if change.verb is Verb.REMOVED} >= {"Application"}


def test_values_of_charts_and_promises(project: Project) -> None:
    values = "values: {kserve-resources: {kserve: {controller: {gateway: {domain: example.com}}}}}"
    project.write(
        "environments/dev.yaml",
        ARGO.replace("deploymentMode: Standard}", f"deploymentMode: Standard, {values}}}")
        + "guards: {maxRemovals: 2}\n",
    )
    environment = dev(project, "HEAD")
    ((chart, fields),) = environment.values
    assert (chart, [tuple(field)[2] for field in fields]) == ("kserve-resources", [{"domain": "example.com"}])
    assert [field.path for field in environment.words] == ["guards"]
    assert dev(project).words == ()  # the disk does not say what the file was


def test_a_new_version_of_kserve(project: Project) -> None:
    project.write("environments/dev.yaml", ARGO.replace("v0.19.0", "v0.20.0"))
    assert dev(project).version == ("v0.19.0", "v0.20.0")  # read off the Applications
    project.write("environments/dev.yaml", DEV.replace("v0.19.0", "v0.20.0"))
    assert dev(project, "HEAD").version == ("v0.19.0", "v0.20.0")


def test_a_file_that_only_looks_different_is_no_change(project: Project) -> None:
    path = project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    path.write_text(path.read_text("utf-8").replace("storageUri: s3://models/iris", "storageUri: 's3://models/iris'"))
    commit_files(project.root, {})
    for base in (None, "HEAD"):
        result, changes = planned(project, base)
        assert not changes
        assert changes.environments[0].rewritten == ("models/ns/inferenceservice-iris.yaml",)
        assert result.exit_code == 0


@pytest.mark.parametrize("content", ["a: [", "\x00", "<<<<<<< HEAD\nkind: A\n=======\n", "just text\n"])
def test_a_file_that_could_not_be_read_is_said(project: Project, content: str) -> None:
    path = project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    path.write_text("# Generated by kservegen: edit the catalog, not this file.\n" + content)
    commit_files(project.root, {})
    for base in (None, "HEAD"):
        environment = dev(project, base)
        assert environment.unreadable == ("models/ns/inferenceservice-iris.yaml",)
        (change,) = environment.objects
        assert (change.verb, change.readable) == (Verb.CHANGED, False)


def test_a_foreign_file_counts_on_both_sides(project: Project) -> None:
    foreign = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: ns}\n"
    project.write("rendered/dev/models/ns/own.yaml", foreign)
    assert not planned(project).plan
    assert said(dev(project, "HEAD")) == [("added", "ConfigMap ns/own")]
    commit_files(project.root, {})
    assert not planned(project, "HEAD").plan
    (project.root / "rendered/dev/models/ns/own.yaml").unlink()
    assert said(dev(project, "HEAD")) == [("removed", "ConfigMap ns/own")]


def test_environments_come_and_go(project: Project) -> None:
    project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod"))
    (project.root / "environments/dev.yaml").unlink()
    for base in (None, "HEAD"):
        gone, new = planned(project, base).plan.environments
        assert (gone.name, gone.presence, new.name, new.presence) == ("dev", Presence.GONE, "prod", Presence.NEW)
        assert {verb for verb, _ in said(gone)} == {"removed"}
        assert {change.fate for change in gone.objects if change.is_model} == {Fate.LEFT}
    named = plan_changes(project.repository, PlanOptions(base="HEAD"), environments=["prod"])
    assert [environment.name for environment in named.plan.environments] == ["prod"]


def test_everything_is_new_where_the_base_has_nothing(tmp_path: Path) -> None:
    new_repository(tmp_path, {"README": "x"})
    project = Project(tmp_path)
    (environment,) = planned(project, "HEAD").plan.environments
    assert environment.presence is Presence.NEW
    assert ("added", "InferenceService ns/iris") in said(environment)


def test_a_base_without_output_is_rendered(project: Project) -> None:
    git(project.root, "rm", "-rq", "--cached", "rendered")
    commit_files(project.root, {".gitignore": "rendered\n"})
    assert not planned(project, "HEAD").plan
    project.models(PAIR.replace("s3://models/wine", "s3://models/wine-2"))
    assert said(dev(project, "HEAD")) == [("changed", "InferenceService ns/wine")]


def test_a_base_without_output_whose_catalog_is_wrong(project: Project) -> None:
    git(project.root, "rm", "-rq", "--cached", "rendered")
    words = DEV.replace("cluster: {name: dev}", "cluster: {name: dev, server: 'https://prod.example.com:6443'}")
    words = words.replace("engine: none", "engine: argocd, repoURL: 'https://git.acme.org/x.git'")
    wrong = "version: 1\ndefaults: {namespace: ns}\n" + PAIR.replace("modelFormat: sklearn", "modelFormat: nosuch", 1)
    commit = commit_files(
        project.root, {".gitignore": "rendered\n", "environments/dev.yaml": words, "models.yaml": wrong}
    )
    with pytest.raises(GeneratorError, match=r"has errors, so .* stood for: no runtime found") as raised:
        planned(project, "HEAD")
    assert raised.value.subject == f"{commit[:12]} (models.yaml:4:23)"


def test_the_base_is_where_the_branches_part(project: Project) -> None:
    git(project.root, "switch", "-qc", "topic")
    project.models(PAIR.replace("s3://models/wine", "s3://models/wine-2"))
    project.render()
    commit_files(project.root, {})
    git(project.root, "switch", "-q", "main")
    project.models("models: {}")
    project.render(allow_removals=9)
    commit_files(project.root, {})
    git(project.root, "switch", "-q", "topic")
    result, changes = planned(project, "main")
    assert said(changes.environments[0]) == [("changed", "InferenceService ns/wine")]
    assert changes.base.endswith(", where main and HEAD part")
    assert result.exit_code == 1


def test_a_shallow_clone_says_what_it_lacks(project: Project, tmp_path: Path) -> None:
    git(project.root, "switch", "-qc", "topic")
    commit_files(project.root, {"a": "1"})
    commit_files(project.root, {"a": "2"})
    clone = tmp_path.parent / f"{tmp_path.name}-clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{tmp_path}", str(clone))
    with pytest.raises(GeneratorError, match="where it and HEAD part") as raised:
        planned(Project.at(clone), "origin/main")
    assert "fetch-depth: 0" in raised.value.hint


def test_no_common_commit(project: Project) -> None:
    git(project.root, "switch", "-q", "--orphan", "alone")
    commit_files(project.root, {"x": "y"})
    project.write("environments/dev.yaml", ARGO)
    with pytest.raises(GeneratorError, match="no commit in common"):
        planned(project, "main")


def test_a_half_written_output_is_refused(project: Project) -> None:
    scratch = project.root / "rendered/.kservegen"
    scratch.mkdir(exist_ok=True)
    assert not planned(project).plan  # killed before anything was moved
    (scratch / "journal").write_text("{}")
    with pytest.raises(GeneratorError, match="killed"):
        planned(project)
    assert not planned(project, "HEAD").plan


def test_an_object_that_would_be_refused_is_planned_all_the_same(project: Project) -> None:
    project.models(PAIR.replace("storageUri: s3://models/wine", "storageUri: nonsense://x"))
    result, changes = planned(project, "HEAD")
    assert said(changes.environments[0]) == [("changed", "InferenceService ns/wine")]
    assert result.exit_code == 1


def test_a_catalog_that_cannot_be_understood_has_findings_and_no_plan(project: Project) -> None:
    project.models("models: {iris: {typo: 1}}")
    result, changes = planned(project, "HEAD")
    assert (changes.environments, changes.unknown) == ((), ("dev",))
    assert verdict(changes) == "dev: not known, the catalog has errors"
    assert result.diagnostics
    assert result.exit_code == 1


def test_one_wrong_environment_hides_no_other(project: Project) -> None:
    project.write(
        "environments/aaa.yaml", DEV.replace("name: dev", "name: aaa") + "models: {nobody: {minReplicas: 2}}\n"
    )
    shutil.copytree(project.root / "rendered/dev", project.root / "rendered/aaa")
    commit_files(project.root, {})
    project.models(PAIR.replace("s3://models/wine", "s3://models/wine-2"))
    result, changes = planned(project, "HEAD")
    assert verdict(changes) == "dev: 1 model changes, 1 pod restarts · aaa: not known, the catalog has errors"
    assert {d.rule for d in result.diagnostics} == {"catalog/unknown-name"}
    assert result.exit_code == 1


@pytest.mark.parametrize("broken", ["models: [\n", "", "\xff: \0"])
@pytest.mark.parametrize("asked", [(), ("test",)])
def test_an_environment_that_cannot_be_read_is_not_removed(
    project: Project, broken: str, asked: tuple[str, ...]
) -> None:
    project.write("environments/test.yaml", DEV.replace("name: dev", "name: test"))
    project.render()
    project.write("environments/test.yaml", broken)
    result, changes = plan_changes(project.repository, PlanOptions(), environments=asked)
    assert not changes
    assert changes.unknown == (asked or ("dev", "test"))
    assert {str(d.location.file) for d in result.diagnostics} == {"environments/test.yaml"}
    assert result.exit_code == 1


def test_swapping_before_and_after_swaps_what_comes_and_goes(project: Project) -> None:
    project.models("models: {new: {modelFormat: xgboost, storageUri: s3://models/n}}")
    there = said(dev(project, "HEAD"))
    project.render(allow_removals=9)
    commit_files(project.root, {})
    project.models(PAIR)
    back = said(dev(project, "HEAD"))
    swapped = {"added": "removed", "removed": "added"}
    assert sorted(back) == sorted((swapped[verb], key) for verb, key in there)


def test_a_tree_is_planned_against_itself_wherever_it_lies(project: Project) -> None:
    inner = project.root / "teams/a"
    shutil.copytree(project.root / "environments", inner / "environments")
    shutil.copy(project.root / "models.yaml", inner / "models.yaml")
    nested = Project.at(inner)
    nested.render()
    commit_files(project.root, {})
    assert not planned(nested, "HEAD").plan
