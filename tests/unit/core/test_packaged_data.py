"""Where the package finds the files that come with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kservegen.core import repository


def test_data_lie_in_the_package_or_else_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "__file__", str(tmp_path / "generator/kservegen/core/repository.py"))
    assert repository.packaged_data() == tmp_path
    inside = tmp_path / "generator/kservegen/data"
    inside.mkdir(parents=True)
    assert repository.packaged_data() == inside
