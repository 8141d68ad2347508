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
    assert project.problems() == [
        "environments/dev.yaml:12:14 catalog/fixed-severity",
        "models.yaml:7:14 catalog/unknown-profile",
    ]


ALL = "Write ignore, which takes the rule's findings away, or error, warning or info."
MEND = "Remove the severity and mend what the rule finds."


@pytest.mark.parametrize(
    ("words", "rule", "message", "hint"),
    [
        ("kserve/replica: ignore", "catalog/unknown-rule", "there is no rule kserve/replica", "Did you mean kserve/r"),
        ("ISVC-40: ignore", "catalog/unknown-rule", "there is no rule ISVC-40", "Write kserve/replicas."),
        ("isvc-40: ignore", "catalog/unknown-rule", "there is no rule isvc-40", "Write kserve/replicas."),
        *(
            (f"{rule}: ignore", "catalog/fixed-severity", f"no severity changes what {rule} weighs", MEND)
            for rule in (
                "yaml/syntax",
                "schema/unknown-field",
                "catalog/unreviewed-version",
                "internal/rule-crashed",
                "waiver/expired",
                "gitops/removal-guard",
            )
        ),
        (
            "kserve/replicas: ignored",
            "schema/not-allowed",
            '"ignored" is not one of the values',
            "Did you mean ignore?",
        ),
        ("kserve/replicas: of", "schema/not-allowed", '"of" is not one of the values', ALL),
        ("kserve/replicas: false", "schema/not-allowed", "false is not one of the values", ALL),
        ("kserve/replicas: off", "yaml/ambiguous-scalar", "`off` does not mean the same", ALL),
    ],
)
def test_a_weight_that_changes_nothing_is_told(
    project: Project, words: str, rule: str, message: str, hint: str
) -> None:
    project.write("environments/dev.yaml", DEV + f"severities: {{{words}}}\n")
    (found,) = project.validate().diagnostics
    assert found.rule == rule
    assert found.message.startswith(message)
    assert found.hint.startswith(hint)
    assert "off" not in found.allowed


def test_a_weight_that_is_taken_back_is_no_mistake(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "severities: {yaml/syntax: null}\n")
    assert project.problems() == []
