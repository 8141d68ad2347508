"""Commands where environments extend bases: edits go to the layer that is named, changes reach all that extend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import Project
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

DEFAULTS = "version: 1\nkserve: {version: v0.19.0, deploymentMode: Standard}\ngitops: {engine: none}\n"
PROD = """\
version: 1
prerequisites: [cert-manager]
namespaces: {ns: {}}
models:
  iris: {minReplicas: 2}   # two everywhere
"""
US = "version: 1\nextends: [prod]\ncluster: {name: prod-us, server: 'https://us'}\n"
DEV = "version: 1\ncluster: {name: dev}\nprerequisites: [cert-manager]\nnamespaces: {ns: {}}\n"
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris, environments: [dev, prod]}
  wine: {modelFormat: sklearn, storageUri: s3://m/wine, environments: [dev]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("environments/defaults.yaml", DEFAULTS)
    made.write("environments/dev.yaml", DEV)
    made.write("environments/bases/prod.yaml", PROD)
    made.write("environments/prod-us.yaml", US)
    made.write("environments/prod-eu.yaml", US.replace("prod-us", "prod-eu").replace("//us", "//eu"))
    made.write("models.yaml", MODELS)
    return made


def run(project: Project, command: str, *words: str) -> Result:
    words = (command, "--root", str(project.root), *words)
    return CliRunner().invoke(cli, words, standalone_mode=False, catch_exceptions=False)


def refused(project: Project, command: str, *words: str) -> GeneratorError:
    with pytest.raises(GeneratorError) as raised:
        run(project, command, *words)
    return raised.value


def held(project: Project, file: str) -> str:
    return (project.root / file).read_text("utf-8")


def test_set_writes_into_the_base_that_is_named(project: Project) -> None:
    run(project, "set", "iris", "minReplicas=3", "--env", "prod", "--yes")
    assert "iris: {minReplicas: 3}   # two everywhere\n" in held(project, "environments/bases/prod.yaml")
    assert held(project, "environments/prod-us.yaml") == US
    assert project.spec("iris", "prod-eu")["predictor"]["minReplicas"] == 3  # type: ignore[index,call-overload]


def test_set_writes_into_one_environment_over_its_base(project: Project) -> None:
    run(project, "set", "iris", "minReplicas=3", "--env", "prod-us", "--yes")
    assert held(project, "environments/bases/prod.yaml") == PROD
    assert project.spec("iris", "prod-us")["predictor"]["minReplicas"] == 3  # type: ignore[index,call-overload]
    assert project.spec("iris", "prod-eu")["predictor"]["minReplicas"] == 2  # type: ignore[index,call-overload]
    run(project, "set", "iris", "--unset", "minReplicas", "--env", "prod-us", "--yes")
    assert held(project, "environments/prod-us.yaml") == US


def test_unset_names_the_base_that_says_the_word(project: Project) -> None:
    problem = refused(project, "set", "iris", "--unset", "minReplicas", "--env", "prod-us", "--yes")
    assert problem.hint == (
        "environments/bases/prod.yaml:5:23 says it: remove it there (--env prod --unset minReplicas), "
        "or here alone by minReplicas=null."
    )
    run(project, "set", "iris", "--unset", "minReplicas", "--env", "prod", "--yes")
    assert "minReplicas" not in held(project, "environments/bases/prod.yaml")


def test_set_refuses_a_base_that_the_entry_does_not_reach(project: Project) -> None:
    problem = refused(project, "set", "wine", "minReplicas=1", "--env", "prod", "--yes")
    assert problem.message == "wine does not live in prod: the edit would change nothing"
    project.write("environments/bases/spare.yaml", "version: 1\n")
    problem = refused(project, "set", "wine", "minReplicas=1", "--env", "spare", "--yes")
    assert problem.message == "no environment extends spare: the edit would change nothing"


def test_promote_to_a_base_edits_it_and_every_lock(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "models: {iris: {storageUri: hf://a/iris2}}\n")
    project.write("environments/dev.lock.yaml", f"version: 1\nmodels:\n  hf://a/iris2: {{revision: {'a' * 40}}}\n")
    run(project, "promote", "dev", "prod", "iris", "--yes")
    assert "iris: {minReplicas: 2, storageUri: hf://a/iris2}" in held(project, "environments/bases/prod.yaml")
    for name in ("prod-eu", "prod-us"):
        assert "a" * 40 in held(project, f"environments/{name}.lock.yaml")
    assert not (project.root / "environments/prod.lock.yaml").exists()
    assert refused(project, "promote", "prod", "dev", "--yes").message == "prod is a base: nothing runs there"


def test_promote_brings_a_model_to_a_base_by_its_name(project: Project) -> None:
    run(project, "promote", "dev", "prod", "wine", "--add", "--yes")
    assert "environments: [dev, prod]}\n" in held(project, "models.yaml").splitlines(keepends=True)[-1]
    assert "InferenceService/wine" in project.built("prod-eu")


@pytest.mark.parametrize(
    ("asked", "edited"), [(("prod",), "environments/bases/prod.yaml"), (("prod-us",), "environments/prod-us.yaml")]
)
def test_upgrade_writes_the_version_where_all_that_were_asked_about_have_it(
    project: Project, asked: tuple[str, ...], edited: str
) -> None:
    project.write("environments/bases/prod.yaml", PROD + "kserve: {version: v0.19.0}\n")
    before = {path: path.read_text("utf-8") for path in (project.root / "environments").rglob("*.yaml")}
    run(project, "upgrade", *asked, "--to", "v0.20.0", "--write")
    changed = {path for path, text in before.items() if path.read_text("utf-8") != text}
    assert changed == {project.root / edited}
    assert "v0.20.0" in held(project, edited)


def test_a_plan_says_what_comes_through_a_base(project: Project) -> None:
    new_repository(project.root)
    assert project.render().exit_code == 0
    commit_files(project.root, {})
    project.write("environments/prod-ap.yaml", US.replace("prod-us", "prod-ap").replace("//us", "//ap"))
    project.write("models.yaml", MODELS.replace("[dev]", "[dev, prod]"))
    result = run(project, "plan", "--base", "HEAD", "--output", "json")
    changes = checked_report(result.stdout)["plan"]["changes"]
    said = {item["name"]: (item["verdict"], item.get("arrivals")) for item in changes["environments"]}
    assert said["prod-us"] == ("1 model is added, 1 model arrives through prod", [{"base": "prod", "models": 1}])
    assert said["prod-ap"][0].startswith("a new environment, 2 models are added, 2 models arrive through prod")
    assert said["dev"] == ("nothing changes", None)


def test_a_plan_says_who_answers_now_and_which_edits_are_overruled(project: Project) -> None:
    owned = MODELS.replace("defaults: {namespace: ns}", "defaults: {namespace: ns, owner: search}")
    project.write("models.yaml", owned)
    new_repository(project.root)
    assert project.render().exit_code == 0
    commit_files(project.root, {})
    project.write("models.yaml", owned.replace("iris: {", "iris: {owner: growth, minReplicas: 3, "))
    told = run(project, "plan", "--base", "HEAD").stdout
    assert "iris is handed over from search to growth" in told
    place = "environments/bases/prod.yaml:5:10"
    assert f"minReplicas of iris changes nothing in prod-eu: {place} overrules it" in told
    report = checked_report(run(project, "plan", "--base", "HEAD", "--output", "json").stdout)
    changes = report["plan"]["changes"]
    assert changes["handedOver"] == [{"before": "search", "after": "growth", "entries": ["iris"]}]
    words = {"entry": "iris", "path": "minReplicas", "place": place}
    assert changes["overruled"] == [{"environment": name, **words} for name in ("prod-eu", "prod-us")]
    project.write("models.yaml", owned.replace("iris: {", "iris: {labels: {a: b}, "))
    assert "overrules" not in run(project, "plan", "--base", "HEAD").stdout


def test_a_plan_shows_an_entry_that_moves_between_files(project: Project) -> None:
    new_repository(project.root)
    assert project.render().exit_code == 0
    commit_files(project.root, {})
    head, iris, wine = MODELS.partition("  iris:")[0], *MODELS.splitlines(keepends=True)[-2:]
    project.write("models.yaml", head + wine)
    project.write("models/team.yaml", head + iris)
    told = run(project, "plan", "--base", "HEAD").stdout
    assert "iris moves from models.yaml to models/team.yaml" in told
    project.write("models.yaml", "version: 1\n")
    project.write("models/team.yaml", MODELS)
    result = run(project, "plan", "--base", "HEAD", "--output", "json")
    changes = checked_report(result.stdout)["plan"]["changes"]
    assert changes["verdict"] == "2 entries move from models.yaml to models/team.yaml"
    assert changes["relocated"] == [{"before": "models.yaml", "after": "models/team.yaml", "entries": ["iris", "wine"]}]
    assert result.return_value == 0


def test_a_change_of_a_base_is_a_change_of_all_that_extend_it(project: Project) -> None:
    new_repository(project.root)
    assert project.render().exit_code == 0
    commit_files(project.root, {})
    project.write("environments/bases/prod.yaml", PROD.replace("minReplicas: 2", "minReplicas: 3"))
    told = run(project, "plan", "--base", "HEAD").stdout
    assert "prod-eu, prod-us: 1 model changes" in told
    assert "prod-us: 1 model changes" in told
    assert "dev: " not in told


def test_a_rollback_of_a_base_edits_the_base(project: Project) -> None:
    new_repository(project.root)
    commit_files(project.root, {})
    project.write("environments/bases/prod.yaml", PROD.replace("minReplicas: 2", "minReplicas: 3"))
    commit_files(project.root, {})
    run(project, "rollback", "iris", "--env", "prod", "--yes")
    assert held(project, "environments/bases/prod.yaml") == PROD
    assert held(project, "environments/prod-us.yaml") == US


def test_a_base_behind_a_link_passes_no_gate(project: Project) -> None:
    new_repository(project.root)
    commit_files(project.root, {})
    (project.root / "environments/bases/prod.yaml").rename(project.root / "held.yaml")
    (project.root / "environments/bases/prod.yaml").symlink_to(project.root / "held.yaml")
    result = run(project, "check", "--base", "HEAD", "--output", "json")
    found = {(item["rule"], item["file"]) for item in checked_report(result.stdout)["findings"]}
    assert ("catalog/linked-words", "environments/bases/prod.yaml") in found


GUARDED = PROD + "guards: {maxRemovals: 0}\n"
PERMIT = "permits: {all: {removals: 9, reason: r, owner: ml, expires: 2027-06-30}}\n"


@pytest.mark.parametrize(
    ("base", "file", "content", "green"),
    [
        (GUARDED, "models.yaml", MODELS.replace("[dev, prod]", "[dev]"), False),
        (GUARDED + PERMIT, "models.yaml", MODELS.replace("[dev, prod]", "[dev]"), True),
        (GUARDED, "environments/bases/prod.yaml", GUARDED.replace("{minReplicas: 2}", "null") + PERMIT, False),
        (GUARDED, "environments/bases/prod.yaml", PROD.replace("{minReplicas: 2}", "null"), False),
        (GUARDED, "environments/prod-us.yaml", US.replace("[prod]", "[lax]"), False),
    ],
    ids=["guarded", "permitted", "permits itself", "drops the guard", "extends another"],
)
def test_a_change_is_judged_by_the_bases_that_its_base_has(
    project: Project, base: str, file: str, content: str, green: bool
) -> None:
    project.write("environments/bases/prod.yaml", base)
    project.write("environments/bases/lax.yaml", PROD.replace("{minReplicas: 2}", "null"))
    new_repository(project.root)
    assert project.render().exit_code == 0
    commit_files(project.root, {})
    project.write(file, content)
    project.render(allow_removals=99, allow_left_behind=99)
    result = run(project, "check", "--base", "HEAD", "--today", "2027-01-01", "--output", "json")
    rules = {item["rule"] for item in checked_report(result.stdout)["findings"] if item["severity"] == "error"}
    assert rules == (set() if green else {"gitops/removal-guard"}), result.stdout[:2000]
