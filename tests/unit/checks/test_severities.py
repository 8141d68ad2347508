"""What an environment says that a rule weighs."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

LOW = "    minReplicas: -1\n"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("warning", ["warning"]),
        ("null", ["error"]),
        ("ignore", []),
        ("'off'", []),
    ],
)
def test_a_rule_weighs_what_the_environment_says(project: Project, word: str, expected: list[str]) -> None:
    project.models("models:\n  iris:\n    modelFormat: sklearn\n    storageUri: s3://a/b\n" + LOW)
    project.write("environments/dev.yaml", DEV + f"severities: {{kserve/replicas: {word}}}\n")
    assert [d.severity.value for d in project.validate().diagnostics] == expected


def test_what_keeps_a_file_from_being_read_stays_an_error(project: Project) -> None:
    project.models("models:\n  iris:\n    modelFormat: sklearn\n    storageUri: s3://a/b\n    profile: none\n")
    project.write("environments/dev.yaml", DEV + "severities: {catalog/unknown-profile: ignore}\n")
    assert project.problems() == ["models.yaml:7:14 catalog/unknown-profile"]


def test_a_rule_that_is_not_there_is_told_with_the_one_that_was_meant(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "severities: {kserve/replica: ignore}\n")
    (found,) = project.validate().diagnostics
    assert (found.message, found.hint) == ("there is no rule kserve/replica", "Did you mean kserve/replicas?")
