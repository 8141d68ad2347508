"""Commands as on Windows: what that system lacks is taken away, and the same bytes come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.windows import LACKS

from kservegen.cli import COMMANDS, cli
from kservegen.cli.failures import run_cli
from kservegen.commands.init import Answers, write_scaffold
from kservegen.commands.tool_source import read_tool

ROOT = Path(__file__).parents[2]
TOOL = read_tool(f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}")
pytestmark = pytest.mark.skipif(not all(hasattr(os, name) for name in LACKS), reason="there is nothing to take away")


def new_repository(root: Path) -> Path:
    write_scaffold(root, Answers(engine="argocd", repository="https://example.com/m.git", tool=TOOL))
    return root


def windows(*words: str, encoding: str = "cp1252") -> subprocess.CompletedProcess[bytes]:
    """Run commands, parted by +, in a process of such a system, whose console has an old code page."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.windows", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/generator", "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )


def files(root: Path) -> dict[str, bytes]:
    hidden = set(root.rglob(".kservegen/*"))
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path not in hidden
    }


def test_render_writes_the_same_bytes(tmp_path: Path) -> None:
    here, there = new_repository(tmp_path / "here"), new_repository(tmp_path / "there")
    for root in (here, there):
        (root / "rendered/old/models").mkdir(parents=True)
    assert run_cli(cli, ["render", "--root", str(here)]) == 0
    done = windows("render", "--root", str(there))
    assert done.returncode == 0, done.stderr
    assert files(there) == files(here)
    assert windows("render", "--check", "--root", str(there)).returncode == 0
    # A change: files are replaced, come and go.
    for root in (here, there):
        prod = root / "environments/prod.yaml"
        prod.write_text(prod.read_text("utf-8").replace("{minReplicas: 2}", "{minReplicas: 3}"), "utf-8")
        (root / "environments/dev.yaml").write_text("version: 1\ncluster: {name: dev2}\n", "utf-8")
    allowed = ["--allow-removals", "99", "--allow-left-behind", "99"]
    codes = [run_cli(cli, ["render", "--root", str(here), *allowed])]
    codes.append(windows("render", "--root", str(there), *allowed).returncode)
    assert codes[0] == codes[1]
    assert files(there) == files(here)


def test_commands_that_read(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    root = str(new_repository(tmp_path))
    assert run_cli(cli, ["render", "--root", root]) == 0
    for words in (
        ["validate"],
        ["plan"],
        ["explain", "sklearn-iris", "--env", "prod"],
        ["gpu"],
        ["diff", "dev", "prod"],
        ["budget"],
        ["simulate", "sklearn-iris", "--env", "dev"],
    ):
        capfdbinary.readouterr()
        code = run_cli(cli, [*words, "--root", root])
        done = windows(*words, "--root", root)
        assert (done.returncode, done.stdout) == (code, capfdbinary.readouterr().out), words


def test_an_edit_is_written_and_leaves_nothing(tmp_path: Path) -> None:
    root = new_repository(tmp_path)
    done = windows("set", "sklearn-iris", "minReplicas=3", "--env", "prod", "--yes", "--root", str(root))
    assert done.returncode == 0, done.stderr
    assert "minReplicas: 3" in (root / "environments/prod.yaml").read_text("utf-8")
    done = windows("set", "sklearn-iris", "minReplicas=4", "--env", "prod", "--yes", "--root", str(root))
    assert done.returncode == 0, done.stderr
    left = {path.name for path in (root / ".kservegen").iterdir()} if (root / ".kservegen").exists() else set()
    assert left <= {"lock", ".gitignore"}, "Windows removes nothing that is open, and Git does not see it"


def test_links_and_files_in_the_way_are_refused(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "models")
    (tmp_path / "elsewhere").mkdir()
    (root / "rendered").symlink_to(tmp_path / "elsewhere")
    done = windows("render", "--root", str(root))
    assert done.returncode == 2
    assert b"symbolic link" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (root / "rendered").unlink()
    (root / "rendered").write_text("", "utf-8")
    done = windows("render", "--root", str(root))
    assert done.returncode == 2
    assert b"is a file" in done.stderr


def test_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    here, there = new_repository(tmp_path / "here"), new_repository(tmp_path / "there")
    sources = [there / "models.yaml", *(there / "environments").iterdir()]
    for source in sources:
        source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert run_cli(cli, ["render", "--root", str(here)]) == 0
    assert windows("render", "--root", str(there)).returncode == 0
    rendered = {path: content for path, content in files(there).items() if path.startswith("rendered/")}
    assert rendered == {path: content for path, content in files(here).items() if path.startswith("rendered/")}
    done = windows("set", "sklearn-iris", "minReplicas=3", "--env", "prod", "--yes", "--root", str(there))
    assert done.returncode == 0, done.stderr
    prod = (there / "environments/prod.yaml").read_bytes()
    assert prod.count(b"\r\n") == prod.count(b"\n"), "an edit keeps the line ends that are there"


def test_help_is_printed_on_an_old_console() -> None:
    words = [word for name in COMMANDS for word in (name, "--help", "+")]
    done = windows(*words[:-1])
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
