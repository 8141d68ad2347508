"""No file outside of the repository is read, shown or written, whatever stands in the place of one of ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.cli.failures import run_cli

SECRET = "what: outsiders"  # noqa: S105 - what must not be shown
Put = Callable[[Path, Path], None]
# What stands where a file or a folder belongs; `outside` is a folder beside the repository, with a file of each name.
ODD: dict[str, Put] = {
    "link out": lambda path, outside: path.symlink_to(outside),
    "relative link out": lambda path, outside: path.symlink_to(os.path.relpath(outside, path.parent)),
    "loop": lambda path, _: path.symlink_to(path.name),
    "dangling": lambda path, _: path.symlink_to("nowhere"),
    "pipe": lambda path, _: os.mkfifo(path),
    "device": lambda path, _: path.symlink_to("/dev/zero"),
}
FILES = (
    "models.yaml",
    "models/more.yaml",
    "environments/dev.yaml",
    "environments/defaults.yaml",
    "environments/dev.lock.yaml",
    "policies/own.yaml",
    "templates/plan.md.j2",
)
FOLDERS = ("models", "models/team", "environments", "policies", "templates", "schemas", "schemas/releases")
COMMANDS = (
    "validate",
    "render",
    "plan",
    "plan --output markdown",
    "find iris",
    "explain iris --env dev",
    "set iris minReplicas=2 --yes",
    "rollback iris --env dev --yes",
    "fmt",
    "lock iris --env dev --facts facts.yaml",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    for name in ("a.yaml", "README.md", "v0.19.0.json", "plan.md.j2", "dev.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{SECRET}\n" * 3, "utf-8")
    return folder


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path / "r")
    project.write(".git/config", SECRET)
    # Policies are read where one is bound.
    project.write("environments/dev.yaml", DEV + "policies: {bindings: {maxreplicas-set: {actions: [Warn]}}}\n")
    monkeypatch.chdir(project.root)
    return project


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capfd: pytest.CaptureFixture[str], *words: str, outside: Path) -> str:
    """Run a command, which says no and shows nothing of what lies outside; return what it says."""
    before = snapshot(outside)
    code = run_cli(cli, list(words))
    said = "".join(capfd.readouterr())
    assert code in {1, 2}, said
    assert "outsiders" not in said
    assert "internal/" not in said
    assert snapshot(outside) == before
    return said


def places() -> list[tuple[str, str]]:
    some = ("models.yaml", "environments/dev.lock.yaml", "templates/plan.md.j2", "environments", "templates")
    odd = [*product((*FILES, *FOLDERS), ("link out", "dangling")), *product(some, ODD)]
    # What is no folder holds no records.
    skipped = {("schemas/releases", "dangling")}
    return [place for place in dict.fromkeys(odd) if place not in skipped]


@pytest.mark.parametrize(("path", "kind"), places())
def test_what_stands_in_the_place_of_a_file_is_refused(
    path: str, kind: str, inside: Project, outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = inside.root / path
    target.parent.mkdir(exist_ok=True)
    if target.is_dir():
        target.rename(outside / "moved")
    target.unlink(missing_ok=True)
    ODD[kind](target, outside if path in FOLDERS else outside / "a.yaml")
    said = refused(capfd, "validate", outside=outside)
    assert path in said


@pytest.mark.parametrize(
    ("path", "command"),
    [
        *product(["models.yaml", "environments/dev.yaml"], COMMANDS),
        *product(["policies/own.yaml"], ["policy test", "explain policy/own", *COMMANDS[:3]]),
        *product(["templates/plan.md.j2"], COMMANDS[:4]),
    ],
)
def test_no_command_follows_a_link_out(
    path: str, command: str, inside: Project, outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    inside.write("facts.yaml", "revision: abc\n")
    (inside.root / path).parent.mkdir(exist_ok=True)
    (inside.root / path).unlink(missing_ok=True)
    (outside / "real.yaml").write_text(f"# {SECRET}\nversion: 1\n", "utf-8")
    (inside.root / path).symlink_to(outside / "real.yaml")
    refused(capfd, *command.split(), outside=outside)


@pytest.mark.parametrize("kind", ["link out", "relative link out", "link into .git"])
@pytest.mark.parametrize("words", ["validate --report", "render --check --report"])
def test_no_report_is_written_through_a_link(
    words: str, kind: str, inside: Project, outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (inside.root / "reports").symlink_to(".git" if kind == "link into .git" else outside)
    (inside.root / "report.json").symlink_to("reports/config" if kind == "link into .git" else outside / "a.yaml")
    for file in ("report.json", "reports/new.json"):
        assert "leads out" in refused(capfd, *words.split(), f"json={file}", outside=outside)
    assert (inside.root / ".git/config").read_text("utf-8") == SECRET
    assert run_cli(cli, ["validate", "--report", f"json={outside.parent / 'r.json'}"]) == 0  # said by who runs it


@pytest.mark.parametrize("file", [".git/new.json", ".git/hooks/pre-commit", "reports/../.git/config"])
def test_no_report_is_written_among_what_git_keeps(
    file: str, inside: Project, outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (inside.root / ".git/hooks").mkdir()
    before = snapshot(inside.root / ".git")
    assert "leads out" in refused(capfd, "validate", "--report", f"json={file}", outside=outside)
    assert snapshot(inside.root / ".git") == before


def test_init_writes_through_no_link(tmp_path: Path, outside: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/.github").symlink_to(outside)
    refused(capfd, "init", str(tmp_path / "new"), "--engine", "none", outside=outside)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [".github"]


def test_manifests_that_links_outside_stand_for_are_not_read(
    inside: Project, outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (inside.root / "deploy").mkdir()
    (inside.root / "deploy/a.yaml").symlink_to(outside / "a.yaml")
    (inside.root / "deploy/cache").symlink_to(outside)
    (inside.root / "deploy/git.yaml").symlink_to("../.git/config")
    for path in ("deploy", "deploy/a.yaml", "deploy/cache", "deploy/cache/a.yaml", "../r/deploy/git.yaml"):
        assert "leads out" in refused(capfd, "validate", path, outside=outside)
    # What the user names outside of any repository is the user's own.
    assert run_cli(cli, ["validate", str(outside / "a.yaml")]) == 1
    assert "outsiders" in capfd.readouterr().out


def test_links_inside_the_repository_are_what_they_stand_for(inside: Project) -> None:
    (inside.root / "models.yaml").rename(inside.root / "real.yaml")
    (inside.root / "models.yaml").symlink_to("real.yaml")
    assert run_cli(cli, ["set", "iris", "minReplicas=2", "--yes"]) == 0
    assert (inside.root / "models.yaml").is_symlink()
    assert "minReplicas: 2" in (inside.root / "real.yaml").read_text("utf-8")
    assert run_cli(cli, ["validate"]) == 0


def test_two_names_that_some_systems_take_for_one(inside: Project, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("models/a.yaml", "models/A.yaml", "models/\u00e9.yaml", "models/e\u0301.yaml"):
        inside.write(name, "version: 1\n")
    inside.write("policies/p.yaml", "")
    inside.write("policies/P.yaml", "")
    assert run_cli(cli, ["validate"]) == 1
    said = capfd.readouterr().out
    assert [line.split(" ")[0] for line in said.split("\n") if "catalog/file-name" in line] == [
        "models/a.yaml:1:1:",
        "models/\u00e9.yaml:1:1:",
        "policies/p.yaml:1:1:",
    ]
