"""Who answers for an entry before a change and after it: its own owner, that of its file's defaults, or of `shared`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import Project

from kservegen.commands.plan import PlanOptions, plan_changes

_SHARED = "version: 1\nshared: {defaults: {owner: %s}}\n"
_MODEL = "version: 1\n%smodels:\n  m: {modelFormat: sklearn, storageUri: s3://b/m, namespace: ns%s}\n"
_OTHER = "version: 1\nmodels:\n  other: {modelFormat: sklearn, storageUri: s3://b/o, namespace: ns}\n"


@pytest.mark.parametrize(
    ("before", "after", "handed"),
    [
        pytest.param(
            {"models/m.yaml": _MODEL % ("", ", owner: a")},
            {"models/m.yaml": _MODEL % ("", "")},
            [("a", "c", ("m",))],
            id="its own, then shared",
        ),
        pytest.param(
            {"models/m.yaml": _MODEL % ("", "")},
            {"models/m.yaml": _MODEL % ("defaults: {owner: b}\n", "")},
            [("c", "b", ("m",))],
            id="shared, then its file's",
        ),
        pytest.param(
            {"models/m.yaml": _MODEL % ("", "")},
            {"models/m.yaml": _MODEL % ("", ", owner: c")},
            [],
            id="shared, then the same by itself",
        ),
        pytest.param(
            {"models/m.yaml": _MODEL % ("", ""), "models/other.yaml": _OTHER},
            {"models/_shared.yaml": _SHARED % "d"},
            [("c", "d", ("m", "other"))],
            id="shared changes",
        ),
        pytest.param(
            {"models/m.yaml": _MODEL % ("", ", owner: a"), "models/other.yaml": _OTHER},
            {"models/_shared.yaml": "version: 1\n"},
            [("c", "", ("other",))],
            id="shared goes",
        ),
        pytest.param(
            {"models/m.yaml": _MODEL % ("", "")},
            {"models/_shared.yaml": "version: 1\n", "models.yaml": _SHARED % "c"},
            [],
            id="shared moves",
        ),
    ],
)
def test_an_entry_is_handed_over(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], handed: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    new_repository(tmp_path)
    project = Project(tmp_path)
    (tmp_path / "models.yaml").unlink()
    commit_files(tmp_path, {"models/_shared.yaml": _SHARED % "c", **before})
    for file, content in after.items():
        project.write(file, content)
    _, changes = plan_changes(project.repository, PlanOptions(base="HEAD"))
    assert [(each.old, each.new, each.entries) for each in changes.moves.handed_over] == handed
