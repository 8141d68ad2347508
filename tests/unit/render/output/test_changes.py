"""The difference between wanted and existing files, and what is in the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError
from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.conflicts import Conflict, Reason, diagnose
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import stamp

Plant = Callable[[Path, Mapping[str, bytes]], None]


def _ours(path: str, body: str = "x\n") -> dict[str, bytes]:
    return {path: stamp(path, body)}


def test_only_what_differs_is_written_and_only_ours_is_removed(out: Path, plant: Plant) -> None:
    plant(
        out,
        {
            **_ours("dev/same.yaml"),
            **_ours("dev/edited.yaml", "old\n"),
            **_ours("dev/z/orphan.yaml"),
            **_ours("dev/b/orphan.yaml"),
            **_ours("prod/gone.yaml"),
            "dev/foreign.yaml": b"mine\n",
        },
    )
    desired = {**_ours("dev/new.yaml"), **_ours("dev/same.yaml"), **_ours("dev/edited.yaml", "new\n")}
    changes = compare_files(desired, scan(out, None))
    assert changes == Changes(
        write={**_ours("dev/edited.yaml", "new\n"), **_ours("dev/new.yaml")},
        remove=("dev/b/orphan.yaml", "dev/z/orphan.yaml", "prod/gone.yaml"),
    )
    assert list(changes.write) == ["dev/edited.yaml", "dev/new.yaml"]
    assert changes
    assert compare_files(desired, scan(out, ["dev"])).remove == ("dev/b/orphan.yaml", "dev/z/orphan.yaml")


def test_no_difference_is_false(out: Path, plant: Plant) -> None:
    plant(out, {**_ours("dev/a.yaml"), "dev/foreign.txt": b"mine\n"})
    changes = compare_files(_ours("dev/a.yaml"), scan(out, ["dev"]))
    assert not changes
    assert changes == Changes()


def _link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("elsewhere")


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine\n")


def _our_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stamp(path.name, "x"))


def _pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


WANTED = "dev/models/a/x.yaml"


@pytest.mark.parametrize(
    ("path", "make", "conflict"),
    [
        (WANTED, _file, Conflict(WANTED, Reason.FOREIGN_FILE)),
        (WANTED, Path.touch, Conflict(WANTED, Reason.FOREIGN_FILE)),
        (WANTED, _link, Conflict(WANTED, Reason.SYMLINK)),
        (WANTED, _pipe, Conflict(WANTED, Reason.SPECIAL)),
        (f"{WANTED}/", Path.mkdir, Conflict(WANTED, Reason.FOLDER)),
        ("dev", _link, Conflict("dev", Reason.SYMLINK)),
        ("dev", _file, Conflict("dev", Reason.NOT_A_FOLDER)),
        ("dev/models", _link, Conflict("dev/models", Reason.SYMLINK)),
        ("dev/models", _file, Conflict("dev/models", Reason.NOT_A_FOLDER)),
        ("dev/models/a", _our_file, Conflict("dev/models/a", Reason.NOT_A_FOLDER)),
        ("dev/models/a/X.yaml", _file, Conflict("dev/models/a/X.yaml", Reason.CASE, other=WANTED)),
        ("dev/models/a/X.yaml", _our_file, Conflict("dev/models/a/X.yaml", Reason.CASE, other=WANTED)),
    ],
)
def test_what_is_in_the_way_is_a_value(
    out: Path, plant: Plant, path: str, make: Callable[[Path], None], conflict: Conflict
) -> None:
    plant(out, {})
    if make in (Path.touch, Path.mkdir):
        (out / path).parent.mkdir(parents=True)
    make(out / path)
    desired = {**_ours(WANTED), **_ours("prod/y.yaml")}
    changes = compare_files(desired, scan(out, None))
    assert changes.conflicts == (conflict,)
    assert changes.blocked
    assert "prod/y.yaml" in changes.write
    if conflict.reason is not Reason.CASE:
        assert WANTED not in changes.write
    said = diagnose(conflict, out="rendered")
    assert (said.severity, said.location.file) == (Severity.ERROR, f"rendered/{conflict.path}")


@pytest.mark.parametrize("path", ["dev/stray.yaml", "dev/folder/stray", "latest", "dev/.#emacs-lock.yaml"])
def test_a_stray_link_is_in_nobodys_way(out: Path, plant: Plant, path: str) -> None:
    plant(out, _ours("dev/a.yaml"))
    _link(out / path)
    changes = compare_files(_ours("dev/a.yaml"), scan(out, None))
    assert not changes.conflicts
    assert not changes


@pytest.mark.parametrize(
    ("one", "two", "conflict"),
    [
        ("dev/A.yaml", "dev/a.yaml", Conflict("dev/a.yaml", Reason.CASE, other="dev/A.yaml")),
        ("dev/N/a.yaml", "dev/n/b.yaml", Conflict("dev/n", Reason.CASE, other="dev/N")),
        ("dev/x.yaml/a.yaml", "dev/X.yaml", Conflict("dev/x.yaml", Reason.CASE, other="dev/X.yaml")),
    ],
)
def test_wanted_paths_that_differ_in_case_collide(out: Path, one: str, two: str, conflict: Conflict) -> None:
    assert conflict in compare_files({**_ours(one), **_ours(two)}, scan(out, None)).conflicts


def test_a_path_that_leaves_the_folder_is_refused(out: Path) -> None:
    with pytest.raises(GeneratorError, match="not a path below"):
        compare_files(_ours("dev/../../x.yaml"), scan(out, None))


@pytest.mark.parametrize(
    ("desired", "message"),
    [({"dev/a.yaml": b"kind: X\n"}, "not stamped"), (_ours("prod/a.yaml"), "outside the environments")],
)
def test_what_the_next_run_could_not_take_back_is_a_bug(out: Path, desired: dict[str, bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_files(desired, scan(out, ["dev"]))


def test_a_name_with_terminal_escapes_is_made_harmless() -> None:
    said = diagnose(Conflict("dev/\x1b[2J\udcff.yaml", Reason.SYMLINK), out="rendered")
    assert said.location.file == "rendered/dev/\\x1b[2J\\udcff.yaml"
