"""Same input, same bytes: whatever the hash seed, the locale, the time zone, the folder; and an edit changes little."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INPUTS = ("models.yaml", "environments")


def copy_example(to: Path) -> Path:
    """Copy this repository's own catalog."""
    to.mkdir(parents=True)
    shutil.copy(ROOT / "models.yaml", to)
    shutil.copytree(ROOT / "environments", to / "environments")
    return to


def render(folder: Path, **environment: str) -> str:
    """Render in a process of its own and return what it printed."""
    where = {**os.environ, "PYTHONPATH": str(ROOT / "generator"), **environment}
    command = [sys.executable, "-m", "kservegen", "render"]
    return subprocess.run(command, cwd=folder, env=where, capture_output=True, check=True, text=True).stdout


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below rendered/."""
    out = folder / "rendered"
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


SURROUNDINGS = (
    {"PYTHONHASHSEED": "1"},
    {"PYTHONHASHSEED": "4711"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"TZ": "Asia/Kathmandu"},
    {"COLUMNS": "20", "NO_COLOR": "1", "HOME": "/nonexistent"},
)


@pytest.mark.parametrize("surroundings", SURROUNDINGS, ids=str)
def test_the_committed_output_comes_out_everywhere(surroundings: dict[str, str], tmp_path: Path) -> None:
    folder = copy_example(tmp_path / "a folder with spaces")
    render(folder, **surroundings)
    assert tree(folder) == tree(ROOT)


def test_a_second_render_touches_nothing(tmp_path: Path) -> None:
    folder = copy_example(tmp_path / "x")
    render(folder)
    before = {path: path.stat().st_mtime_ns for path in (folder / "rendered").rglob("*")}
    assert "all current" in render(folder)
    assert {path: path.stat().st_mtime_ns for path in (folder / "rendered").rglob("*")} == before


def test_one_edit_changes_one_file_in_each_environment(tmp_path: Path) -> None:
    folder = copy_example(tmp_path / "x")
    render(folder)
    before = tree(folder)
    catalog = folder / "models.yaml"
    catalog.write_text(catalog.read_text("utf-8").replace('limits: {cpu: "2",', 'limits: {cpu: "3",'), "utf-8")
    render(folder)
    after = tree(folder)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    model = "models/kserve-inference/inferenceservice-qwen-model.yaml"
    assert changed == [f"{environment}/{model}" for environment in ("dev", "prod", "staging")]


def test_order_of_words_does_not_matter(tmp_path: Path) -> None:
    folder = copy_example(tmp_path / "x")
    catalog = folder / "models.yaml"
    lines = catalog.read_text("utf-8").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("    modelFormat: huggingface"))
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    catalog.write_text("\n".join(lines), "utf-8")
    render(folder)
    assert tree(folder) == tree(ROOT)
