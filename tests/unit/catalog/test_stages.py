"""The stages of a repository: what they say, what a soak is, and what is wrong with them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.project import CLUSTER, IRIS, Project

from kservegen.catalog.stages import RolloutStage, read_soak, read_stages, write_soak
from kservegen.evaluate.project import open_project

DEFAULTS = CLUSTER.replace("cluster: {name: dev}\n", "")
BARE = "stages: [[dev], [staging], [prod-eu, prod-us]]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("models.yaml", IRIS)
    for name in ("dev", "staging"):
        made.write(f"environments/{name}.yaml", f"version: 1\ncluster: {{name: {name}, server: 'https://{name}'}}\n")
    made.write("environments/bases/prod.yaml", "version: 1\nguards: {maxRemovals: 3}\n")
    for name in ("prod-eu", "prod-us"):
        own = f"cluster: {{name: {name}, server: 'https://{name}'}}\n"
        made.write(f"environments/{name}.yaml", f"version: 1\nextends: [prod]\n{own}")
    return made


def stages(project: Project, said: str) -> tuple[RolloutStage, ...]:
    project.write("environments/defaults.yaml", DEFAULTS + said)
    return read_stages(open_project(project.repository).catalog)


def test_a_list_of_lists_will_do(project: Project) -> None:
    said = stages(project, BARE)
    assert project.problems() == []
    assert [stage.environments for stage in said] == [("dev",), ("staging",), ("prod-eu", "prod-us")]
    assert [(stage.number, stage.label, stage.soak, stage.ready) for stage in said] == [
        (1, "dev", timedelta(), False),
        (2, "staging", timedelta(), False),
        (3, "prod-eu, prod-us", timedelta(), False),
    ]


def test_conditions_a_name_and_a_base(project: Project) -> None:
    said = stages(project, "stages: [dev, {name: try, environments: staging, soak: 1d12h, ready: true}, [prod]]\n")
    assert project.problems() == []
    assert (said[1].label, said[1].soak, said[1].ready) == ("try", timedelta(hours=36), True)
    assert said[1].names == ("try", "staging")
    assert (said[2].listed, said[2].environments) == (("prod",), ("prod-eu", "prod-us"))
    assert said[2].names == ("prod", "prod-eu", "prod-us")


HERE = "environments/defaults.yaml:6"
# name -> (what stands in environments/defaults.yaml, all findings)
WRONG: dict[str, tuple[str, list[str]]] = {
    "no such environment": (BARE.replace("staging", "stagin"), [f"{HERE}:18 catalog/unknown-environment"]),
    "twice": (BARE.replace("[dev]", "[dev, staging]"), [f"{HERE}:27 catalog/repeated-stage"]),
    "twice in one": (BARE.replace("[dev]", "[dev, dev]"), [f"{HERE}:16 catalog/repeated-stage"]),
    "twice through a base": ("stages: [dev, staging, prod-eu, prod]\n", [f"{HERE}:33 catalog/repeated-stage"]),
    "two of one name": (
        "stages: [{name: a, environments: dev}, {name: a, environments: staging}, prod]\n",
        [f"{HERE}:47 catalog/repeated-stage"],
    ),
    "the name of another's environment": (
        "stages: [{name: staging, environments: dev}, staging, prod]\n",
        [f"{HERE}:17 catalog/repeated-stage"],
    ),
    "the name of another's environment through a base": (
        "stages: [{name: prod-us, environments: dev}, staging, prod]\n",
        [f"{HERE}:17 catalog/repeated-stage"],
    ),
    "none": ("stages: []\n", [f"{HERE}:9 schema/wrong-length"]),
    "an empty one": ("stages: [[dev], [], [staging], [prod]]\n", [f"{HERE}:17 schema/wrong-length"]),
    "a map": ("stages: {dev: {}}\n", [f"{HERE}:9 schema/wrong-type"]),
    "a list too deep": ("stages: [[[dev]], [staging], [prod]]\n", [f"{HERE}:11 schema/wrong-type"]),
    "a misspelt word": ("stages: [dev, {environment: staging}, prod]\n", [f"{HERE}:16 schema/unknown-field"]),
    "no time": (
        "stages: [dev, {environments: staging, soak: 24 hours}, prod]\n",
        [f"{HERE}:45 schema/pattern"],
    ),
    "a number of what": ("stages: [dev, {environments: staging, soak: 24}, prod]\n", [f"{HERE}:45 schema/wrong-type"]),
    "an empty time": ("stages: [dev, {environments: staging, soak: ''}, prod]\n", [f"{HERE}:45 schema/wrong-length"]),
    "a condition of the last": (
        "stages: [dev, staging, {environments: prod, soak: 1h, ready: true}]\n",
        [f"{HERE}:45 catalog/idle-condition", f"{HERE}:55 catalog/idle-condition"],
    ),
    "one left out": ("stages: [dev, staging, prod-eu]\n", [f"{HERE}:1 catalog/unstaged-environment"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_once_at_its_line(project: Project, name: str) -> None:
    said, expected = WRONG[name]
    project.write("environments/defaults.yaml", DEFAULTS + said)
    assert project.problems() == expected


def test_a_slip_is_told_with_what_was_meant(project: Project) -> None:
    project.write("environments/defaults.yaml", DEFAULTS + WRONG["no such environment"][0])
    (found,) = project.validate().diagnostics
    assert (found.hint, found.seen) == ("Did you mean staging?", "stagin")
    project.write("environments/defaults.yaml", DEFAULTS + WRONG["no time"][0])
    (found,) = project.validate().diagnostics
    assert found.allowed == "a time such as 24h, 7d or 1h30m"


@pytest.mark.parametrize("file", ["environments/staging.yaml", "environments/bases/prod.yaml"])
def test_no_other_file_says_stages(project: Project, file: str) -> None:
    project.write("environments/defaults.yaml", DEFAULTS + BARE)
    text = (project.root / file).read_text("utf-8")
    project.write(file, f"{text}stages: [[staging], [dev]]\n")
    line = text.count("\n") + 1
    assert project.problems() == [f"{file}:{line}:1 catalog/misplaced-stages"]
    assert stages(project, BARE)[0].environments == ("dev",)


def test_a_base_of_nobody_reaches_nothing(project: Project) -> None:
    project.write("environments/bases/spare.yaml", "version: 1\n")
    project.write("environments/defaults.yaml", DEFAULTS + BARE.replace("[dev]", "[dev, spare]"))
    assert f"{HERE}:16 catalog/reaches-no-environment" in project.problems()


def test_an_environment_that_cannot_be_read_is_known_all_the_same(project: Project) -> None:
    project.write("environments/staging.yaml", "version: 1\n\tx: 1\n")
    project.write("environments/defaults.yaml", DEFAULTS + BARE)
    assert project.problems() == ["environments/staging.yaml:2:1 yaml/tab"]


@given(st.integers(0, 9999), st.integers(0, 23), st.integers(0, 59))
def test_a_soak_is_written_as_it_is_read(days: int, hours: int, minutes: int) -> None:
    soak = timedelta(days=days, hours=hours, minutes=minutes)
    assert read_soak(write_soak(soak)) == soak


@pytest.mark.parametrize(
    ("said", "hours"), [("24h", 24), ("7d", 168), ("1d12h", 36), ("90m", 1.5), ("", 0), ("1h1d", 0), (24, 0), (None, 0)]
)
def test_soaks(said: object, hours: float) -> None:
    assert read_soak(said) == timedelta(hours=hours)  # type: ignore[arg-type]
