"""Where CI (github) takes kservegen from: each source as pip reads it, and what is itself installed told apart."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from tests.support.git_repository import commit_files, git

from kservegen import __version__
from kservegen.commands.tool_source import TOOL_FOLDER, ToolSource, checkout_tool, read_tool
from kservegen.commands.tool_wheel import pack_checkout, pack_installed
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[3]
HASH = "0" * 63 + "a"
COMMIT = "c0ffee" + "0" * 34
ADDRESS = f"git+https://git.example.com/org/kservegen.git@{COMMIT}"
WHEEL = f"kservegen-{__version__}-py3-none-any.whl"


def requirements(source: ToolSource) -> str:
    return dict(source.files(TOOL_FOLDER))[f"{TOOL_FOLDER}/requirements.txt"].decode()


@pytest.mark.parametrize(
    "words",
    [
        "kservegen",
        f"kservegen=={__version__}",
        f"kservegen=={__version__} --hash=sha256:{HASH[1:]}",
        f"kservegen=={__version__} --hash=md5:{HASH[:32]}",
        f"kservegen=={__version__} --hash=sha256:{HASH} --index-url=https://example.com",
        f"kservegen>={__version__} --hash=sha256:{HASH}",
        f"kservegen-cli=={__version__} --hash=sha256:{HASH}",
        f"kservegen==0.0.9 --hash=sha256:{HASH}",
        "git+https://git.example.com/org/kservegen@main",
        f"git+https://git.example.com/org/kservegen@{COMMIT[:12]}",
        f"git+http://git.example.com/org/kservegen@{COMMIT}",
        f"git+https://user:word@git.example.com/org/kservegen@{COMMIT}",
        f'git+https://git.example.com/"$(id)"@{COMMIT}',
        f"git+https://git.example.com/${{{{ secrets.X }}}}@{COMMIT}",
        "missing/" + WHEEL,
        "kservegen-0.0.9-py3-none-any.whl",
        "other-1.0-py3-none-any.whl",
        "",
    ],
)
def test_what_is_not_exact_is_no_source(words: str) -> None:
    with pytest.raises(GeneratorError) as raised:
        read_tool(words)
    assert "word@" not in raised.value.message
    assert raised.value.hint


def test_a_package_index_is_asked_for_these_bytes_alone() -> None:
    locked = requirements(read_tool(f"kservegen=={__version__}  --hash=sha256:{HASH} --hash=sha256:{HASH[::-1]}"))
    pinned = rf"^kservegen=={re.escape(__version__)} \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{HASH[::-1]}$"
    assert re.search(pinned, locked, re.MULTILINE)
    assert (ROOT / "requirements/run.txt").read_text("utf-8") in locked


def test_a_commit_is_built_by_what_is_locked_alone() -> None:
    source = read_tool(ADDRESS)
    assert requirements(source).count("kservegen==") == 0
    assert dict(source.files(TOOL_FOLDER))[f"{TOOL_FOLDER}/build-requirements.txt"].startswith(b"hatchling==")
    assert "--no-index --no-deps --no-build-isolation" in source.words(8)["then"]
    assert f'"kservegen @ {ADDRESS}" # v{__version__}' in source.words(8)["then"]


def test_a_wheel_lies_beside_its_hash(tmp_path: Path) -> None:
    content = pack_checkout(ROOT).content
    (tmp_path / WHEEL).write_bytes(content)
    source = read_tool(str(tmp_path / WHEEL))
    assert dict(source.files(TOOL_FOLDER))[f"{TOOL_FOLDER}/{WHEEL}"] == content
    assert f"./{WHEEL} \\\n    --hash=sha256:{sha256(content).hexdigest()}\n" in requirements(source)
    (tmp_path / WHEEL).write_bytes(b"<html>no such release</html>")
    with pytest.raises(GeneratorError, match="is no wheel"):
        read_tool(str(tmp_path / WHEEL))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that kservegen is installed in, from a wheel of this checkout."""
    folder = tmp_path_factory.mktemp("site")
    (folder / WHEEL).write_bytes(pack_checkout(ROOT).content)
    with zipfile.ZipFile(folder / WHEEL) as archive:
        archive.extractall(folder)
    return folder


def test_packing_what_is_installed_gives_the_wheel_again(site: Path) -> None:
    (info,) = site.glob("*.dist-info")
    assert pack_installed(Distribution.at(info)).content == (site / WHEEL).read_bytes()


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ({}, f"the wheel {WHEEL}, which the repository keeps: it is what is installed here"),
        ({"url": f"file:///tmp/{WHEEL}", "archive_info": {}}, f"the wheel {WHEEL}"),
        (
            {"url": ADDRESS[4:].partition("@")[0], "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"the commit {COMMIT[:12]} of https://git.example.com/org/kservegen.git: this kservegen was installed from",
        ),
    ],
)
def test_ci_gets_what_was_installed_here(recorded: object, said: str, site: Path, tmp_path: Path) -> None:
    (info,) = site.glob("*.dist-info")
    (info / "direct_url.json").write_text(json.dumps(recorded), "utf-8")
    told = started(site, tmp_path)
    assert told.returncode == 0, told.stderr
    assert f"CI (github) takes kservegen from {said}" in told.stdout
    assert "--tool names another source" in told.stdout


def test_an_installation_that_was_changed_is_not_handed_on(site: Path, tmp_path: Path) -> None:
    (info,) = site.glob("*.dist-info")
    (info / "direct_url.json").unlink(missing_ok=True)
    changed = site / "kservegen/data/scaffold/models.yaml"
    before = changed.read_bytes()
    changed.write_bytes(before + b"\n")
    told = started(site, tmp_path)
    changed.write_bytes(before)
    assert (told.returncode, told.stdout) == (2, "")
    assert "scaffold/models.yaml: is not what was installed" in told.stderr
    assert not (tmp_path / "new").exists()


def started(site: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run `init` of an installation."""
    where = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", "from kservegen.cli import main; main()", "init", "new"]
    return subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small checkout whose one commit was pushed."""
    files = {
        "pyproject.toml": (ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.hatch.build.targets.wheel.f")[0]
        + '[tool.hatch.build.targets.wheel.force-include]\n"facts" = "kservegen/data/facts"\n',
        "LICENSE": "free\n",
        "generator/kservegen/__init__.py": "",
        "facts/a.json": "{}\n",
    }
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_files(root, files, "first")
    git(root, "remote", "add", "origin", "https://git.example.com/org/kservegen.git")
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    return root


class TestCheckout:
    def test_its_commit_where_others_can_fetch_it(self, checkout: Path) -> None:
        source = checkout_tool(checkout)
        head = git(checkout, "rev-parse", "HEAD")
        assert source.commit == f"git+https://git.example.com/org/kservegen.git@{head}"
        assert source.wheel is None

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (("update-ref", "-d", "refs/remotes/origin/main"), "of a commit that was not pushed"),
            (("remote", "set-url", "origin", "/srv/kservegen.git"), "without an https address"),
            (("remote", "set-url", "origin", "https://me:word@git.example.com/k.git"), "without an https address"),
            (("remote", "remove", "origin"), "without Git"),
            (("mv", "facts/a.json", "facts/b.json"), "with changes that are not committed"),
        ],
    )
    def test_a_wheel_of_it_otherwise(self, change: tuple[str, ...], why: str, checkout: Path) -> None:
        git(checkout, *change)
        source = checkout_tool(checkout)
        assert source.commit == ""
        assert why in source.why
        assert source.wheel is not None
        assert source.wheel == pack_checkout(checkout), "packed twice alike"

    def test_a_checkout_that_lacks_files_is_refused(self, checkout: Path) -> None:
        (checkout / "LICENSE").unlink()
        with pytest.raises(GeneratorError, match="no wheel can be made of this checkout"):
            checkout_tool(checkout)
