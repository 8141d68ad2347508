"""Files replaced together: all of them, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kservegen.catalog.editing.files import replace_together
from kservegen.core.errors import GeneratorError


def test_a_rename_that_fails_puts_back_what_was_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    replace = Path.replace

    def fails_at_b(self: Path, target: Path) -> Path:
        if target.name == "b.yaml":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_at_b)
    with pytest.raises(GeneratorError, match="were not changed: No space left on device"):
        replace_together(tmp_path, before, {"a.yaml": b"a: 2\n", "new.yaml": b"c: 1\n", "b.yaml": b"b: 2\n"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: 3\n")
    with pytest.raises(GeneratorError, match="changed meanwhile"):
        replace_together(tmp_path, {"a.yaml": b"a: 1\n"}, {"a.yaml": b"a: 2\n"})
    assert (tmp_path / "a.yaml").read_bytes() == b"a: 3\n"


def test_rights_are_kept_and_links_inside_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_bytes(b"a: 1\n")
    (tmp_path / "real.yaml").chmod(0o600)
    (tmp_path / "a.yaml").symlink_to("real.yaml")
    replace_together(tmp_path, {"a.yaml": b"a: 1\n"}, {"a.yaml": b"a: 2\n"})
    assert (tmp_path / "a.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_bytes() == b"a: 2\n"
    assert (tmp_path / "real.yaml").stat().st_mode & 0o777 == 0o600
