"""`requires`: the versions of kservegen that a repository is for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project

from kservegen import __version__
from kservegen.catalog.requirement import is_met, version_line
from kservegen.cli import cli
from kservegen.core.errors import GeneratorError


@pytest.mark.parametrize(
    ("requirement", "version", "met"),
    [
        ("kservegen >= 0.2, < 0.3", "0.2.0", True),
        ("kservegen >= 0.2, < 0.3", "0.2.17", True),
        ("kservegen >= 0.2, < 0.3", "0.3.0", False),
        ("kservegen >= 0.2, < 0.3", "0.1.9", False),
        ("kservegen >= 0.10", "0.9", False),
        ("kservegen == 0.2", "0.2.0", True),
        ("kservegen == 0.2", "0.2.1", False),
        ("kservegen != 0.2.1", "0.2.1", False),
        ("kservegen > 0.2, <= 1.0.0", "1", True),
        ("kservegen > 0.2", "0.2.0", False),
        ("kservegen<2", "1.9.9.dev4+g1", True),
        ("kservegen <= 0.2", "0.2.0rc1", True),
    ],
)
def test_bounds(requirement: str, version: str, met: bool) -> None:
    assert is_met(requirement, version) is met


@pytest.mark.parametrize(
    ("version", "line"),
    [("0.2.3", "kservegen >= 0.2, < 0.3"), ("1.4.0", "kservegen >= 1.4, < 2"), (__version__, None)],
)
def test_the_line_of_a_version_takes_it_in(version: str, line: str | None) -> None:
    assert is_met(version_line(version), version)
    assert line is None or version_line(version) == line


@pytest.mark.parametrize(
    "words",
    [
        "validate", "render", "render --check", "plan", "diff dev prod", "explain iris --env dev", "find iris",
        "gpu", "budget", "lock dev", "set iris minReplicas=2 --env dev --yes", "call iris --env dev",
        "upgrade dev --to v0.20.0",
    ],
)  # fmt: skip
def test_every_command_refuses_a_repository_of_another_version(project: Project, words: str) -> None:
    project.write("environments/prod.yaml", DEV)
    project.write("environments/defaults.yaml", "version: 1\nrequires: kservegen >= 99\nunknown: word\n")
    with pytest.raises(GeneratorError) as refused:
        CliRunner().invoke(
            cli, [*words.split(), "--root", str(project.root)], catch_exceptions=False, standalone_mode=False
        )
    assert refused.value.subject == "environments/defaults.yaml:2:11"
    assert not (project.root / "rendered").exists()


def test_drift_is_explained_whatever_the_version(project: Project) -> None:
    assert project.render().exit_code == 0
    project.write("environments/dev.yaml", DEV + "requires: kservegen >= 99\n")
    file = project.root / "rendered/dev/models/ns/inferenceservice-iris.yaml"
    file.write_text(file.read_text("utf-8").replace("s3://models/iris", "s3://models/other"), "utf-8")
    words = ["render", "--explain-drift", "--root", str(project.root)]
    result = CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)
    assert result.return_value == 0
    assert "s3://models/other" in result.stdout
    assert "restart" in result.stdout


def test_what_is_no_requirement_is_a_finding(project: Project) -> None:
    project.write("environments/dev.yaml", DEV + "requires: latest\n")
    assert project.problems() == ["environments/dev.yaml:12:11 schema/pattern"]
