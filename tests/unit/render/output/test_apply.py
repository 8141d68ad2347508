"""Changes are written all or nothing, inside the output folder, and nothing else is touched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.core.errors import GeneratorError
from kservegen.render.output.apply import apply, lock, recover
from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.conflicts import Conflict, Reason
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import is_ours, stamp

Plant = Callable[[Path, Mapping[str, bytes]], None]
Snapshot = Callable[[Path], dict[str, bytes]]


def _ours(path: str, body: str = "x\n") -> dict[str, bytes]:
    return {path: stamp(path, body)}


def _render(out: Path, desired: Mapping[str, bytes], environments: list[str] | None = None) -> Changes:
    with lock(out):
        recover(out)
        changes = compare_files(desired, scan(out, environments))
        apply(out, changes)
    return changes


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_the_tree_is_what_was_wanted_and_nothing_else_is_left(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    plant(
        out, {**_ours("dev/a/old.yaml"), **_ours("dev/kept.yaml"), "dev/b/notes.txt": b"mine", **_ours("dev/b/y.yaml")}
    )
    _render(out, {**_ours("dev/kept.yaml", "new\n"), **_ours("dev/c/d/new.yaml")})
    assert snapshot(out) == {
        "dev/": b"",
        "dev/b/": b"",
        "dev/b/notes.txt": b"mine",
        "dev/c/": b"",
        "dev/c/d/": b"",
        "dev/c/d/new.yaml": stamp("x.yaml", "x\n"),
        "dev/kept.yaml": stamp("x.yaml", "new\n"),
    }


def test_an_environment_that_is_gone_goes_with_its_folder(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    plant(out, {**_ours("dev/a.yaml"), **_ours("prod/m/a.yaml"), **_ours("prod/README.md")})
    _render(out, _ours("dev/a.yaml"))
    assert list(snapshot(out)) == ["dev/", "dev/a.yaml"]


def test_environments_out_of_scope_are_not_touched(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    plant(out, {**_ours("dev/a.yaml"), **_ours("prod/m/a.yaml")})
    _render(out, {}, ["dev"])
    assert list(snapshot(out)) == ["prod/", "prod/m/", "prod/m/a.yaml"]


def test_unchanged_files_are_not_touched(out: Path, plant: Plant) -> None:
    plant(out, {**_ours("dev/a.yaml"), **_ours("dev/b.yaml")})
    os.utime(out / "dev/a.yaml", ns=(1, 1))
    before = (out / "dev/a.yaml").stat()
    _render(out, {**_ours("dev/a.yaml"), **_ours("dev/b.yaml", "new\n")})
    after = (out / "dev/a.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (before.st_ino, 1, before.st_ctime_ns)


def test_a_second_run_changes_nothing_at_all(out: Path) -> None:
    desired = {**_ours("dev/a.yaml"), **_ours("dev/m/b.yaml")}
    _render(out, desired)
    times = {path: path.stat().st_ctime_ns for path in (out, *out.rglob("*"))}
    assert not _render(out, desired)
    assert {path: path.stat().st_ctime_ns for path in (out, *out.rglob("*"))} == times


@pytest.mark.parametrize(("mask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0, 0o644, 0o755)])
def test_modes_are_plain_and_obey_the_umask(out: Path, mask: int, file: int, folder: int) -> None:
    with _umask(mask):
        _render(out, _ours("dev/m/a.yaml"))
    assert (out / "dev/m/a.yaml").stat().st_mode & 0o7777 == file
    assert {path.stat().st_mode & 0o7777 for path in (out, out / "dev", out / "dev/m")} == {folder}


def test_many_files_take_the_way_for_many(out: Path, snapshot: Snapshot) -> None:
    desired = {path: stamp(path, "x") for path in (f"dev/n{number}/m.yaml" for number in range(100))}
    _render(out, desired)
    assert {path: text for path, text in snapshot(out).items() if text} == desired
    changed = {path: stamp(path, "y") for path in desired}
    _render(out, changed)
    assert {path: text for path, text in snapshot(out).items() if text} == changed
    _render(out, {})
    assert snapshot(out) == {}


@pytest.mark.parametrize(
    "changes",
    [
        Changes(write={"../x.yaml": stamp("x", "x")}),
        Changes(write={"/etc/x.yaml": stamp("x", "x")}),
        Changes(write={"dev/../../x.yaml": stamp("x", "x")}),
        Changes(write={"dev/.git/x": stamp("x", "x")}),
        Changes(remove=("../victim.yaml",)),
        Changes(remove=("dev/../../victim.yaml",)),
    ],
)
def test_no_path_leads_out_of_the_folder(out: Path, plant: Plant, snapshot: Snapshot, changes: Changes) -> None:
    plant(out.parent, {**_ours("victim.yaml"), **_ours("rendered/dev/a.yaml")})
    before = snapshot(out.parent)
    with pytest.raises(GeneratorError, match="not a path below the folder of an environment"):
        apply(out, changes)
    assert snapshot(out.parent) == before


@pytest.mark.parametrize("link", ["dev", "dev/models", "dev/models/a.yaml"])
@pytest.mark.parametrize("how", ["write", "remove"])
def test_no_link_leads_out_of_the_folder(out: Path, plant: Plant, snapshot: Snapshot, link: str, how: str) -> None:
    """The link was put there after the scan: the writer itself does not follow it."""
    path = "dev/models/a.yaml"
    inside = path.removeprefix(link).removeprefix("/")
    plant(out.parent / "elsewhere", {inside or "a.yaml": stamp(path, "theirs")})
    (out / link).parent.mkdir(parents=True)
    (out / link).symlink_to(out.parent / "elsewhere" / ("" if inside else "a.yaml"))
    before = snapshot(out.parent)
    with pytest.raises(GeneratorError):
        apply(out, Changes(write=_ours(path)) if how == "write" else Changes(remove=(path,)))
    assert snapshot(out.parent) == before


def test_an_output_folder_that_is_a_link_is_refused(out: Path, plant: Plant) -> None:
    plant(out.parent / "elsewhere", {})
    out.symlink_to("elsewhere")
    with pytest.raises(GeneratorError, match="the output folder is a symbolic link"):
        apply(out, Changes(write=_ours("dev/a.yaml")))
    assert list((out.parent / "elsewhere").iterdir()) == []


def test_a_foreign_file_that_came_after_the_scan_stays(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    plant(out, {"dev/a.yaml": b"mine\n", "dev/b.yaml": b""})
    before = snapshot(out)
    for changes in (Changes(write=_ours("dev/a.yaml")), Changes(remove=("dev/b.yaml",))):
        with pytest.raises(GeneratorError, match="kservegen did not write what lies here"):
            apply(out, changes)
    assert snapshot(out) == before


def test_nothing_is_written_while_anything_is_in_the_way(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    plant(out, {})
    changes = Changes(_ours("dev/b.yaml"), (), (Conflict("dev/a.yaml", Reason.FOREIGN_FILE),))
    with pytest.raises(GeneratorError, match="in the way"):
        apply(out, changes)
    assert snapshot(out) == {}


def test_an_output_folder_that_is_not_there_is_an_error(out: Path) -> None:
    with pytest.raises(GeneratorError, match="cannot be written, and no file was changed: No such file") as caught:
        apply(out, Changes(write=_ours("dev/a.yaml")))
    assert caught.value.hint == "The folder was moved or removed meanwhile; run the command again."


def test_a_folder_without_write_permission_changes_nothing(out: Path, plant: Plant, snapshot: Snapshot) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    plant(out, {**_ours("dev/a.yaml"), **_ours("dev/m/b.yaml")})
    before = snapshot(out)
    (out / "dev/m").chmod(0o555)
    try:
        with pytest.raises(GeneratorError, match="no file was changed: Permission denied") as caught:
            apply(out, Changes({**_ours("dev/a.yaml", "new"), **_ours("dev/m/b.yaml", "new")}))
    finally:
        (out / "dev/m").chmod(0o755)
    assert "Give the user who runs kservegen the right" in caught.value.hint
    assert snapshot(out) == before


@pytest.mark.parametrize("count", [1, 100])
def test_what_a_power_cut_must_not_take_is_on_the_disk_before_the_next_stage(
    out: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    out.mkdir()
    _render(out, {path: stamp(path, "old") for path in (f"dev/{number}.yaml" for number in range(count))})
    calls: list[str] = []
    for name in ("write", "fsync", "sync", "rename", "unlink"):
        real = getattr(os, name)

        def noted(*args: object, name: str = name, real: Callable[..., object] = real, **options: object) -> object:
            calls.append("journal" if args[:1] == ("journal.draft",) else name)
            return real(*args, **options)

        monkeypatch.setattr(os, name, noted)
    _render(out, {path: stamp(path, "new") for path in (f"dev/{number}.yaml" for number in range(count))})
    assert calls[: calls.index("unlink") + 1] == [
        *["write"] * (1 + count + 1),  # .gitignore, contents, draft of the journal
        *(["fsync"] * 3 if count == 1 else ["sync"]),  # the content, the draft, the folder of contents
        "journal",
        *["fsync"] * 2,  # the scratch folder, the output folder
        *["rename"] * 2 * count,
        "unlink",
    ]


def test_ctrl_c_brings_the_old_tree_back(
    out: Path, plant: Plant, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(out, {**_ours("dev/a.yaml"), **_ours("dev/b.yaml")})
    before, real = snapshot(out), os.rename

    def rename(source: str, target: str, **options: int) -> None:
        if target == "c.yaml":
            monkeypatch.undo()
            raise KeyboardInterrupt
        real(source, target, **options)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        apply(out, Changes({**_ours("dev/a.yaml", "new"), **_ours("dev/c.yaml")}, ("dev/b.yaml",)))
    assert snapshot(out) == before


def test_no_handle_is_left_open(out: Path) -> None:
    if not Path("/dev/fd").is_dir():
        pytest.skip("needs /dev/fd to count open handles")
    before = len(list(Path("/dev/fd").iterdir()))
    _render(out, {**_ours("dev/a.yaml"), **_ours("dev/m/b.yaml")})
    _render(out, _ours("dev/a.yaml", "new"))
    with pytest.raises(GeneratorError):
        apply(out, Changes(write=_ours("dev/a.yaml/b.yaml")))
    with pytest.raises(GeneratorError):
        apply(out / "nowhere", Changes(write=_ours("dev/a.yaml")))
    assert len(list(Path("/dev/fd").iterdir())) == before


PATHS = ["dev/README.md", "dev/a.yaml", "dev/m/a.yaml", "dev/m/n/a.yaml", "dev/m", "prod/a.yaml", "prod/m/b.yaml"]
BODIES = st.sampled_from(["one", "two"])
FOREIGN = st.sampled_from([b"", b"mine", stamp("x.yaml", "x")[1:], b"\xff\0"])


def _no_file_is_a_folder(paths: set[str]) -> bool:
    return not any(other.startswith(f"{path}/") for path in paths for other in paths)


@settings(max_examples=examples(150))
@given(
    desired=st.dictionaries(st.sampled_from(PATHS), BODIES),
    ours=st.dictionaries(st.sampled_from(PATHS), BODIES),
    foreign=st.dictionaries(st.sampled_from([*PATHS, "dev/notes.txt", "dev/m/.keep", "top.txt"]), FOREIGN),
    links=st.sets(st.sampled_from([*PATHS, "dev/stray", "prod"]), max_size=1),
    scope=st.sampled_from([None, ["dev"], ["dev", "prod"], ["dev", "prod", "staging"]]),
)
def test_whatever_lies_there_ours_becomes_what_is_wanted_and_the_rest_stays(
    *,
    desired: dict[str, str],
    ours: dict[str, str],
    foreign: dict[str, bytes],
    links: set[str],
    scope: list[str] | None,
    plant: Plant,
    snapshot: Snapshot,
) -> None:
    wanted = {p: stamp(p, b) for p, b in desired.items() if scope is None or p.split("/")[0] in scope}
    tree: dict[str, bytes] = {}
    for path, content in ({path: stamp(path, body) for path, body in ours.items()} | foreign).items():
        if _no_file_is_a_folder({*tree, *links, path}):
            tree[path] = content
    while not _no_file_is_a_folder(set(wanted)):
        wanted.pop("dev/m")
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "rendered"
        plant(out, tree)
        for link in links - tree.keys():
            (out / link).parent.mkdir(parents=True, exist_ok=True)
            (out / link).symlink_to(place)
        before = snapshot(out)
        changes = compare_files(wanted, scan(out, scope))
        if changes.blocked:
            with pytest.raises(GeneratorError):
                _render(out, wanted, scope)
            assert snapshot(out) == before
            return
        _render(out, wanted, scope)
        after = snapshot(out)
        in_scope = {path for path in after if scope is None or path.split("/")[0] in scope}
        assert {p: c for p, c in after.items() if p in in_scope and "/" in p and is_ours(c, p)} == wanted
        kept = {p for p, c in before.items() if not p.endswith("/") and (p not in tree or not is_ours(c, p))}
        kept |= {p for p in tree if scope is not None and p.split("/")[0] not in scope}
        assert {path: after.get(path) for path in kept} == {path: before[path] for path in kept}
        assert not compare_files(wanted, scan(out, scope))
