"""What shells offer, and what a wheel brings beside the program: the manual and the completion scripts."""

from __future__ import annotations

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.shell_completion import ShellComplete
from tests.support.project import Project
from tools.manual_page import manual_page

from kservegen import __version__
from kservegen.cli import COMMANDS, cli
from kservegen.commands.tool_wheel import pack_checkout

ROOT = Path(__file__).parents[2]
SHARE = [
    "share/bash-completion/completions/kservegen",
    "share/fish/vendor_completions.d/kservegen.fish",
    "share/man/man1/kservegen.1",
    "share/zsh/site-functions/_kservegen",
]


def offered(project: Project, *words: str) -> list[str]:
    """Return what a shell offers for the last of the words, files as `file`."""
    *before, incomplete = words
    shell = ShellComplete(cli, {}, "kservegen", "_KSERVEGEN_COMPLETE")
    found = shell.get_completions([*before[:1], "--root", str(project.root), *before[1:]], incomplete)
    return [item.value if item.type == "plain" else item.type for item in found]


@pytest.fixture
def catalog(project: Project) -> Project:
    project.models(
        "models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/c}\n  irises: {modelFormat: sklearn}\n"
        "graphs:\n  ignore-me-not: {}\n"
    )
    return project


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["set", "ir"], ["iris", "irises"]),
        (["explain", "iri"], ["iris", "irises"]),
        (["explain", "schema/patt"], ["schema/pattern"]),
        (["explain", "policy/no-latest"], ["policy/no-latest-image"]),
        (["gpu", "irises"], ["irises"]),
        (["find", "ign"], ["ignore-me-not"]),
        (["call", "ir"], ["iris", "irises"]),
        (["rollback", "ir"], ["iris", "irises"]),
        (["simulate", "ir"], ["iris", "irises"]),
        (["simulate", "./x"], ["file"]),
        (["validate", "de"], ["dev"]),
        (["validate", "manifests/"], ["file"]),
        (["diff", "dev", "dev", "irises"], ["irises"]),
        (["promote", "de"], ["dev"]),
        (["promote", "dev", "dev", "iris"], ["iris", "irises"]),
        (["promote", "--stage", "de"], ["dev"]),
        (["promote", "--stage", "dev", "iris"], ["iris", "irises"]),
        (["promote", "--next", "iris"], ["iris", "irises"]),
        (["upgrade", "--to", "v0.19"], ["v0.19.0"]),
        (["set", "nothing"], []),
    ],
    ids=" ".join,
)
def test_what_is_offered(words: list[str], wanted: list[str], catalog: Project) -> None:
    assert offered(catalog, *words) == wanted


@pytest.mark.parametrize("content", ["models: [", "- a\n", "models: {iris: {}\n", "\x00", ""])
def test_a_file_that_cannot_be_read_disturbs_nobody(content: str, project: Project) -> None:
    (project.root / "models.yaml").write_text(content, "utf-8")
    assert offered(project, "set", "i") == []


def test_nothing_is_offered_where_there_is_no_repository(tmp_path: Path) -> None:
    shell = ShellComplete(cli, {}, "kservegen", "_KSERVEGEN_COMPLETE")
    assert shell.get_completions(["set", "--root", str(tmp_path / "gone")], "i") == []
    found = shell.get_completions(["explain", "--root", str(tmp_path / "gone")], "policy/no-priv")
    assert [item.value for item in found] == ["policy/no-privileged"]


def test_a_wheel_brings_manual_and_completion() -> None:
    with ZipFile(BytesIO(pack_checkout(ROOT).content)) as archive:
        shared = sorted(name for name in archive.namelist() if ".data/" in name)
        assert shared == [f"kservegen-{__version__}.data/data/{path}" for path in SHARE]
        assert all(archive.read(name) == (ROOT / path).read_bytes() for name, path in zip(shared, SHARE, strict=True))


def test_the_manual_has_every_command() -> None:
    page = manual_page()
    assert set(re.findall(r"^\.SS kservegen ([a-z]+)", page, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff reads the manual")
def test_the_manual_is_read_without_a_warning() -> None:
    words = ["groff", "-man", "-Tutf8", "-ww", "-z", str(ROOT / "share/man/man1/kservegen.1")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
