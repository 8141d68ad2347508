"""What lies in the output folder is listed, compared and read without following a link."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kservegen.core.errors import GeneratorError
from kservegen.render.output.conflicts import Reason
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import stamp

Plant = Callable[[Path, Mapping[str, bytes]], None]

OURS = stamp("dev/a.yaml", "kind: X\n")
TREE = {
    "dev/a.yaml": OURS,
    "dev/models/t/b.yaml": OURS,
    "dev/notes.txt": b"mine\n",
    "dev/empty/": b"",
    "dev/.hidden.yaml": OURS,
    "dev/.git/config": OURS,
    "prod/a.yaml": OURS,
    ".kservegen/journal": b"x",
    ".git/HEAD": b"x",
    "README.md": b"top\n",
}


def test_an_output_folder_that_is_not_there_is_empty(out: Path) -> None:
    existing = scan(out, None)
    assert (existing.files, existing.folders, dict(existing.odd)) == (frozenset(), frozenset(), {})
    assert not existing.same("dev/a.yaml", b"")


def test_all_environments_are_listed_without_hidden_names(out: Path, plant: Plant) -> None:
    plant(out, TREE)
    existing = scan(out, None)
    assert existing.files == {"dev/a.yaml", "dev/models/t/b.yaml", "dev/notes.txt", "prod/a.yaml"}
    assert existing.folders == {"dev", "dev/models", "dev/models/t", "dev/empty", "prod"}
    assert tuple(filter(existing.is_ours, sorted(existing.files))) == (
        "dev/a.yaml",
        "dev/models/t/b.yaml",
        "prod/a.yaml",
    )


def test_only_the_named_environments_are_listed(out: Path, plant: Plant) -> None:
    plant(out, TREE)
    assert scan(out, ["prod", "staging"]).files == {"prod/a.yaml"}
    assert scan(out, []).files == frozenset()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".kservegen", "/"])
def test_an_environment_that_is_no_plain_name_is_refused(out: Path, plant: Plant, name: str) -> None:
    plant(out, TREE)
    with pytest.raises(GeneratorError, match="not the name of an environment's folder"):
        scan(out, [name])


@pytest.mark.parametrize("content", [b"", b"x", OURS, OURS * 100_000], ids=["empty", "one", "small", "large"])
def test_same_means_the_same_bytes(out: Path, plant: Plant, content: bytes) -> None:
    plant(out, {"dev/a.yaml": content})
    existing = scan(out, None)
    assert existing.same("dev/a.yaml", content)
    assert existing.read("dev/a.yaml") == content
    others = (content + b"x", content[:-1] + b"y", b"z" + content, content[1:] + b"z", content + content + b"y")
    for other in others:
        assert not existing.same("dev/a.yaml", other)
    assert not existing.same("dev/b.yaml", content)


def test_a_read_that_comes_in_pieces_is_put_together(out: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(out, {"dev/a.yaml": OURS})
    existing, whole = scan(out, None), os.read
    monkeypatch.setattr(os, "read", lambda handle, size: whole(handle, min(size, 7)))
    assert existing.same("dev/a.yaml", OURS)
    assert not existing.same("dev/a.yaml", OURS + b"x")
    assert not existing.same("dev/a.yaml", OURS[:-1])
    assert existing.read("dev/a.yaml") == OURS


def test_links_and_special_files_are_values(out: Path, plant: Plant, tmp_path: Path) -> None:
    plant(out, {"dev/a.yaml": OURS})
    plant(tmp_path / "elsewhere", {"secret.yaml": OURS})
    (out / "prod").symlink_to(tmp_path / "elsewhere")
    (out / "dev" / "folder").symlink_to(tmp_path / "elsewhere")
    (out / "dev" / "file.yaml").symlink_to(tmp_path / "elsewhere" / "secret.yaml")
    (out / "dev" / "dangling.yaml").symlink_to("nowhere")
    (out / "file").write_bytes(OURS)
    os.mkfifo(out / "dev" / "pipe.yaml")
    existing = scan(out, None)
    assert existing.files == {"dev/a.yaml"}
    assert dict(existing.odd) == {
        "prod": Reason.SYMLINK,
        "file": Reason.NOT_A_FOLDER,
        "dev/folder": Reason.SYMLINK,
        "dev/file.yaml": Reason.SYMLINK,
        "dev/dangling.yaml": Reason.SYMLINK,
        "dev/pipe.yaml": Reason.SPECIAL,
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda out: out.symlink_to(out.parent), "the output folder is a symbolic link"),
        (lambda out: out.symlink_to("nowhere"), "the output folder is a symbolic link"),
        (lambda out: out.write_text("x"), "the output folder is a file"),
    ],
)
def test_an_output_folder_that_is_no_folder_is_refused(out: Path, make: Callable[[Path], None], message: str) -> None:
    make(out)
    with pytest.raises(GeneratorError, match=message) as caught:
        scan(out, None)
    assert caught.value.subject == str(out)
    assert caught.value.hint


def test_a_file_that_changes_into_something_else_after_the_scan_is_not_followed(out: Path, plant: Plant) -> None:
    plant(out, {"dev/a.yaml": OURS, "dev/b.yaml": OURS, "dev/c.yaml": OURS})
    existing = scan(out, None)
    (out / "dev/a.yaml").unlink()
    (out / "dev/a.yaml").symlink_to("c.yaml")
    (out / "dev/b.yaml").unlink()
    os.mkfifo(out / "dev/b.yaml")
    with pytest.raises(GeneratorError, match=r"dev/a\.yaml: cannot be read: "):
        existing.same("dev/a.yaml", OURS)
    assert not existing.same("dev/b.yaml", OURS)
    (out / "dev/c.yaml").unlink()
    with pytest.raises(GeneratorError, match="No such file or directory"):
        existing.read("dev/c.yaml")


def test_names_that_are_not_utf_8_are_foreign(out: Path, plant: Plant) -> None:
    plant(out, {"dev/a.yaml": OURS})
    try:
        Path(os.fsdecode(os.fsencode(out / "dev") + b"/\xff.yaml")).write_bytes(OURS)
    except OSError:
        pytest.skip("this filesystem takes UTF-8 names only")
    existing = scan(out, None)
    assert set(filter(existing.is_ours, existing.files)) == {"dev/a.yaml"}


def test_no_handle_is_left_open(out: Path, plant: Plant) -> None:
    if not Path("/dev/fd").is_dir():
        pytest.skip("needs /dev/fd to count open handles")
    plant(out, TREE)
    before = len(list(Path("/dev/fd").iterdir()))
    existing = scan(out, None)
    assert [existing.same(path, OURS) for path in sorted(existing.files)] == [True, True, False, True]
    assert len(tuple(filter(existing.is_ours, sorted(existing.files)))) == 3
    assert len(list(Path("/dev/fd").iterdir())) == before
