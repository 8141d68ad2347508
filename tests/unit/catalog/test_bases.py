"""Environments that extend bases: what lies over what, who is reached by a base's name, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import Project

from kservegen.catalog.resolve import resolve_environment
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.project import open_project

DEFAULTS = "version: 1\nkserve: {version: v0.19.0, deploymentMode: Standard}\ngitops: {engine: none}\n"
PROD = """\
version: 1
prerequisites: [cert-manager]
namespaces: {ns: {}}
models:
  iris: {minReplicas: 2, maxReplicas: 3}
  gone: null
"""
EUROPE = "version: 1\nmodels: {iris: {maxReplicas: 5, labels: {zone: eu}}}\n"
PROD_EU = """\
version: 1
extends: [prod, europe]
cluster: {name: prod-eu, server: 'https://eu'}
models:
  iris:
    labels: {site: ams}
"""
PROD_US = "version: 1\nextends: [prod]\ncluster: {name: prod-us, server: 'https://us'}\n"
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: s3://m/iris, environments: [prod]}
  gone: {modelFormat: sklearn, storageUri: s3://m/gone}
  only: {modelFormat: sklearn, storageUri: s3://m/only, environments: [prod-us]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    (tmp_path / "environments/dev.yaml").unlink()
    made.write("environments/defaults.yaml", DEFAULTS)
    made.write("environments/bases/prod.yaml", PROD)
    made.write("environments/bases/europe.yaml", EUROPE)
    made.write("environments/prod-eu.yaml", PROD_EU)
    made.write("environments/prod-us.yaml", PROD_US)
    made.write("models.yaml", MODELS)
    return made


def found(project: Project, rule: str) -> list[Diagnostic]:
    return [d for d in project.validate().diagnostics if d.rule == rule]


def test_bases_lie_between_the_defaults_and_the_environment(project: Project) -> None:
    assert project.problems() == []
    eu, us = project.built("prod-eu"), project.built("prod-us")
    assert [key for key in eu if key.startswith("InferenceService")] == ["InferenceService/iris"]
    names = [key.partition("/")[2] for key in us if key.startswith("InferenceService")]
    assert names == ["iris", "only"]
    iris = project.spec("iris", "prod-eu")["predictor"]
    assert isinstance(iris, dict)
    assert (iris["minReplicas"], iris["maxReplicas"]) == (2, 5)
    assert project.spec("iris", "prod-us")["predictor"]["maxReplicas"] == 3  # type: ignore[index,call-overload]


def test_bases_merge_in_the_order_they_are_named_in(project: Project) -> None:
    project.write("environments/prod-eu.yaml", PROD_EU.replace("[prod, europe]", "[europe, prod]"))
    assert project.spec("iris", "prod-eu")["predictor"]["maxReplicas"] == 3  # type: ignore[index,call-overload]


def test_an_environment_brings_back_what_its_base_removes(project: Project) -> None:
    project.write("environments/prod-us.yaml", PROD_US + "models: {gone: {minReplicas: 1}}\n")
    assert "InferenceService/gone" in project.built("prod-us")
    assert "InferenceService/gone" not in project.built("prod-eu")


def test_each_word_names_the_file_that_wrote_it(project: Project) -> None:
    environment, _ = resolve_environment(open_project(project.repository).catalog, "prod-eu")
    (iris,) = environment.entries
    assert str(iris.locate(("minReplicas",))) == "environments/bases/prod.yaml:5:23"
    assert str(iris.locate(("maxReplicas",))) == "environments/bases/europe.yaml:2:30"
    assert str(iris.locate(("labels", "zone"))) == "environments/bases/europe.yaml:2:48"
    assert str(iris.locate(("labels", "site"))) == "environments/prod-eu.yaml:6:20"
    assert str(environment.locate(("kserve", "version"))) == "environments/defaults.yaml:2:19"
    assert str(environment.locate(("prerequisites", 0))) == "environments/bases/prod.yaml:2:17"


def test_a_mistake_in_a_base_is_one_finding_of_all_that_extend_it(project: Project) -> None:
    project.write("environments/bases/prod.yaml", PROD.replace("minReplicas: 2", "minReplicas: 9"))
    assert "environments/bases/prod.yaml:5:39 kserve/replicas" in project.problems()
    project.write("environments/bases/prod.yaml", PROD.replace("iris:", "irsi:"))
    (told,) = found(project, "catalog/unknown-name")
    assert (str(told.location), told.environments) == ("environments/bases/prod.yaml:5:3", ("prod-eu", "prod-us"))


def test_a_new_environment_has_the_models_of_its_base_by_one_line(project: Project) -> None:
    project.write("environments/prod-ap.yaml", PROD_US.replace("prod-us", "prod-ap"))
    assert [key for key in project.built("prod-ap") if key.startswith("Infer")] == ["InferenceService/iris"]


def test_the_name_of_a_base_chooses_all_that_extend_it(project: Project) -> None:
    opened = open_project(project.repository)
    assert opened.choose(["prod"]) == ("prod-eu", "prod-us")
    assert opened.choose(["prod-us", "europe"]) == ("prod-us", "prod-eu")
    with pytest.raises(GeneratorError, match="prod is a base and no environment") as caught:
        opened.choose_one("prod")
    assert caught.value.hint == "Name an environment that extends it: prod-eu, prod-us."
    with pytest.raises(GeneratorError, match="there is no environment prdo"):
        opened.choose(["prdo"])


# name -> (file, content, the only findings)
WRONG: dict[str, tuple[str, str, list[str]]] = {
    "no such base": (
        "environments/prod-us.yaml",
        PROD_US.replace("[prod]", "[prdo]"),
        ["environments/prod-us.yaml:2:11 catalog/unknown-base"],
    ),
    "an environment as a base": (
        "environments/prod-us.yaml",
        PROD_US.replace("[prod]", "[prod, prod-eu]"),
        ["environments/prod-us.yaml:2:17 catalog/unknown-base"],
    ),
    "no list": (
        "environments/prod-us.yaml",
        PROD_US.replace("[prod]", "prod"),
        ["environments/prod-us.yaml:2:10 schema/wrong-type"],
    ),
    "a base that cannot be read": (
        "environments/bases/europe.yaml",
        EUROPE + "\tx: 1\n",
        ["environments/bases/europe.yaml:3:1 yaml/tab"],
    ),
    "a base that extends": (
        "environments/bases/europe.yaml",
        EUROPE + "extends: [prod]\n",
        ["environments/bases/europe.yaml:3:1 catalog/misplaced-extends"],
    ),
    "defaults that extend": (
        "environments/defaults.yaml",
        DEFAULTS + "extends: [prod]\n",
        ["environments/defaults.yaml:4:1 catalog/misplaced-extends"],
    ),
    "a name for two": (
        "environments/bases/prod-us.yaml",
        "version: 1\n",
        ["environments/bases/prod-us.yaml:1:1 catalog/file-name"],
    ),
    "a base called defaults": (
        "environments/bases/defaults.yaml",
        "version: 1\n",
        ["environments/bases/defaults.yaml:1:1 catalog/file-name"],
    ),
    "a lock of a base": (
        "environments/bases/prod.lock.yaml",
        "version: 1\n",
        ["environments/bases/prod.lock.yaml:1:1 catalog/file-name"],
    ),
    "another ending": (
        "environments/bases/eu.yml",
        "version: 1\n",
        ["environments/bases/eu.yml:1:1 catalog/file-name"],
    ),
    "a base of nobody": (
        "environments/bases/spare.yaml",
        "version: 1\n",
        ["environments/bases/spare.yaml:1:1 catalog/unused-base"],
    ),
    "a base of nobody that entries name": (
        "environments/bases/spare.yaml",
        "version: 1\n",
        ["models.yaml:7:66 catalog/reaches-no-environment"],
    ),
    "an empty list": (
        "models.yaml",
        MODELS.replace("[prod-us]", "[]"),
        ["models.yaml:6:71 catalog/reaches-no-environment"],
    ),
    "an environment that there is none of": (
        "models.yaml",
        MODELS.replace("[prod-us]", "[prod, stagging]"),
        ["models.yaml:6:78 catalog/unknown-environment"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_once_and_nothing_follows_from_it(project: Project, case: str) -> None:
    file, content, problems = WRONG[case]
    project.write(file, content)
    if case.endswith("entries name"):
        model = "{modelFormat: sklearn, storageUri: s3://m/x, environments: [spare]}"
        project.write("models.yaml", f"{MODELS}  m1: {model}\n  m2: {model}\n")
    assert project.problems() == problems


def test_lists_are_not_said_to_reach_nothing_while_an_environment_cannot_be_read(project: Project) -> None:
    project.write("environments/prod-eu.yaml", PROD_EU + "\tx: 1\n")
    project.write("models.yaml", MODELS.replace("[prod]", "[europe]"))
    assert {problem.split()[1] for problem in project.problems()} == {"yaml/tab"}


def test_a_base_is_no_environment(project: Project) -> None:
    assert project.render().exit_code == 0
    assert sorted(path.name for path in (project.root / "rendered").iterdir()) == ["prod-eu", "prod-us"]
    assert sorted(open_project(project.repository).catalog.environments) == ["prod-eu", "prod-us"]
