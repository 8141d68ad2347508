"""What files of the catalog share: which layer wins, where its lines are, and what is told of profiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.commands.edits import find_definition
from kservegen.commands.explain import explain_entry
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.evaluate.project import open_project

SHARED = """\
version: 1
shared:
  defaults: {namespace: ns, minReplicas: 1, labels: {from: shared, site: a}}
  profiles:
    small:
      maxReplicas: 4
      labels: {size: small}
    large: {maxReplicas: 9}
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, profile: small}
"""
TEAM = """\
version: 1
defaults: {labels: {from: team}}
profiles:
  small: {labels: {size: tiny}, timeout: 30}
models:
  wine: {modelFormat: sklearn, storageUri: s3://models/wine, profile: [small]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("models.yaml", SHARED)
    made.write("models/team.yaml", TEAM)
    return made


def found(project: Project, rule: str) -> list[Diagnostic]:
    return [d for d in project.validate().diagnostics if d.rule == rule]


def test_shared_words_lie_under_those_of_every_file(project: Project) -> None:
    assert project.problems() == []
    documents = project.built()
    iris, wine = documents["InferenceService/iris"], documents["InferenceService/wine"]
    assert iris["metadata"]["labels"] == {"from": "shared", "site": "a", "size": "small"}  # type: ignore[index,call-overload]
    assert wine["metadata"]["labels"] == {"from": "team", "site": "a", "size": "tiny"}  # type: ignore[index,call-overload]
    predictor = project.spec("wine")["predictor"]
    assert isinstance(predictor, dict)
    assert (predictor["minReplicas"], predictor["maxReplicas"], predictor["timeout"]) == (1, 4, 30)


def test_nothing_else_of_a_file_reaches_another(project: Project) -> None:
    project.write("models.yaml", SHARED + "defaults: {timeout: 7}\nprofiles: {own: {timeout: 8}}\n")
    project.write("models/team.yaml", TEAM.replace("[small]", "[small, own]"))
    (told,) = found(project, "catalog/unknown-profile")
    assert str(told.location) == "models/team.yaml:6:79"
    assert told.hint == "models.yaml has it for itself: move it to shared.profiles in models.yaml."
    project.write("models/team.yaml", TEAM.replace(", timeout: 30", ""))
    assert "timeout" not in project.spec("wine")["predictor"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("words", "gone"),
    [("defaults: {minReplicas: null}", "minReplicas"), ("profiles: {small: {maxReplicas: null}}", "maxReplicas")],
)
def test_a_file_takes_away_what_is_shared(project: Project, words: str, gone: str) -> None:
    model = "models: {wine: {modelFormat: sklearn, storageUri: s3://models/wine, profile: small}}\n"
    project.write("models/team.yaml", f"version: 1\n{words}\n{model}")
    assert gone not in project.spec("wine")["predictor"]  # type: ignore[operator]


def test_a_shared_default_chooses_the_profile(project: Project) -> None:
    project.write("models.yaml", SHARED.replace("minReplicas: 1", "profile: large"))
    model = "models: {wine: {modelFormat: sklearn, storageUri: s3://models/wine}}\n"
    project.write("models/team.yaml", f"version: 1\n{model}")
    assert project.spec("wine")["predictor"]["maxReplicas"] == 9  # type: ignore[index,call-overload]
    project.write("models/team.yaml", f"version: 1\ndefaults: {{profile: null}}\n{model}")
    assert "maxReplicas" not in project.spec("wine")["predictor"]  # type: ignore[operator]


def test_each_field_names_the_line_that_wrote_it(project: Project) -> None:
    explained = explain_entry(open_project(project.repository), "dev", "wine")
    assert explained.layers == (
        "shared defaults (models.yaml:3)",
        "defaults (models/team.yaml:2)",
        "shared profile small (models.yaml:5)",
        "profile small (models/team.yaml:4)",
        "wine (models/team.yaml:6)",
    )
    lines = {field.path: f"{field.layer} {field.location}" for field in explained.fields}
    assert lines["metadata.labels.from"] == "defaults models/team.yaml:2:27"
    assert lines["metadata.labels.site"] == "shared defaults models.yaml:3:74"
    assert lines["metadata.labels.size"] == "profile small models/team.yaml:4:26"
    assert lines["spec.predictor.maxReplicas"] == "shared profile small models.yaml:6:20"
    assert lines["spec.predictor.minReplicas"] == "shared defaults models.yaml:3:42"


def test_a_mistake_in_a_shared_profile_is_one_finding_at_its_line(project: Project) -> None:
    project.write("models.yaml", SHARED.replace("maxReplicas: 4", "maxReplicas: -4"))
    assert project.problems() == ["models.yaml:6:20 kserve/replicas"]


def test_shared_words_may_stand_in_a_file_of_their_own(project: Project) -> None:
    whole, models = SHARED.split("models:\n")
    project.write("models/_shared.yaml", whole)
    project.write("models.yaml", "version: 1\nmodels:\n" + models)
    assert project.problems() == []
    assert project.spec("wine")["predictor"]["maxReplicas"] == 4  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("models/team.yaml", "models/team.yaml:2:1 catalog/misplaced-shared"),
        ("models/_shared.yaml", "models/_shared.yaml:2:1 catalog/misplaced-shared"),
        ("models/search/_shared.yaml", "models/search/_shared.yaml:2:1 catalog/misplaced-shared"),
    ],
)
def test_what_is_shared_stands_in_one_place(project: Project, file: str, told: str) -> None:
    project.write("models/team.yaml", "version: 1\nmodels: {}\n")
    project.write(file, "version: 1\nshared: {profiles: {small: {timeout: 9}}}\n")
    assert project.problems() == [told]
    assert found(project, "catalog/misplaced-shared")[0].related[0].location.file == "models.yaml"


def test_a_profile_that_is_not_there_is_one_finding_with_its_places(project: Project) -> None:
    names = [f"m{number:03}" for number in range(40)]
    models = "".join(f"  {n}: {{modelFormat: sklearn, storageUri: s3://m/{n}, profile: huge}}\n" for n in names)
    project.write("models/team.yaml", "version: 1\nmodels:\n" + models)
    project.write("environments/dev.yaml", DEV + "models: {iris: {profile: huge}}\n")
    (told,) = [d for d in project.validate().diagnostics if d.severity is Severity.ERROR]
    assert told.rule == "catalog/unknown-profile"
    assert str(told.location) == "environments/dev.yaml:12:26"
    assert told.message == "there is no profile huge in models/team.yaml"
    assert told.entries == (*names, "iris")
    assert [(str(place.location), place.entries) for place in told.places[:2]] == [
        ("environments/dev.yaml:12:26", ("iris",)),
        ("models/team.yaml:3:66", ("m000",)),
    ]
    assert len(told.places) == 41


def test_a_default_that_names_no_profile_is_told_at_the_default(project: Project) -> None:
    project.write(
        "models/team.yaml", TEAM.replace("{labels: {from: team}}", "{profile: smal}").replace(", profile: [small]", "")
    )
    assert project.problems() == ["models/team.yaml:2:21 catalog/unknown-profile"]
    assert found(project, "catalog/unknown-profile")[0].hint == "Did you mean small?"


def test_profiles_of_a_file_that_cannot_be_read_are_not_called_absent(project: Project) -> None:
    project.write("models.yaml", SHARED + "\tx: 1\n")
    assert {problem.split()[1] for problem in project.problems()} == {"yaml/tab"}


def test_copies_of_a_profile_are_told_once(project: Project) -> None:
    project.write("models/ads.yaml", "version: 1\nprofiles: {small: {timeout: 30, labels: {size: tiny}}}\n")
    (told,) = found(project, "catalog/repeated-profile")
    assert told.severity is Severity.INFO
    assert str(told.location) == "models/ads.yaml:2:12"
    assert [str(place.location) for place in told.places] == ["models/ads.yaml:2:12", "models/team.yaml:4:3"]
    assert told.hint == "Write it once, under shared.profiles in models.yaml."


def test_a_copy_of_a_shared_profile_is_told_at_the_copy(project: Project) -> None:
    project.write("models/team.yaml", "version: 1\nprofiles: {large: {maxReplicas: 9}}\n")
    (told,) = found(project, "catalog/repeated-profile")
    assert str(told.location) == "models/team.yaml:2:12"
    assert [str(r.location) for r in told.related] == ["models.yaml:8:5"]


def test_an_entry_is_found_by_a_shared_namespace(project: Project) -> None:
    catalog = open_project(project.repository).catalog
    assert find_definition(catalog, "ns/wine").document.file == "models/team.yaml"
