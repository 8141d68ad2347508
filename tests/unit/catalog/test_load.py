"""What two states of a catalog have in common is read once."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import Project

from kservegen.evaluate.project import open_project


def test_the_same_bytes_are_read_once_while_one_state_is_held(tmp_path: Path) -> None:
    project = Project(tmp_path)
    first = open_project(project.repository).catalog
    project.models("models: {}\n")
    then = open_project(project.repository).catalog
    assert then.environments["dev"].own.source is first.environments["dev"].own.source
    assert then.documents[0].source is not first.documents[0].source
