"""The diff is what Git would take, and what a terminal can be shown."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.diff import unified_diff
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import OWNERSHIP_MARK, stamp

Plant = Callable[[Path, Mapping[str, bytes]], None]


def _diff(out: Path, desired: Mapping[str, bytes], *, limit: int | None = None, prefix: str = "") -> list[str]:
    existing = scan(out, None)
    return list(unified_diff(existing, compare_files(desired, existing), limit=limit, prefix=prefix))


def test_it_reads_as_git_writes_it(out: Path, plant: Plant) -> None:
    body = "".join(f"line {number}\n" for number in range(20))
    plant(out, {"dev/b.yaml": stamp("dev/b.yaml", body), "dev/c.yaml": stamp("dev/c.yaml", "gone")})
    desired = {
        "dev/b.yaml": stamp("dev/b.yaml", body.replace("line 9\n", "line nine\n")),
        "dev/a.yaml": stamp("dev/a.yaml", "new\n"),
    }
    assert _diff(out, desired, prefix="rendered/") == [
        "diff --git a/rendered/dev/a.yaml b/rendered/dev/a.yaml",
        "new file mode 100644",
        "--- /dev/null",
        "+++ b/rendered/dev/a.yaml",
        "@@ -0,0 +1,2 @@",
        f"+{OWNERSHIP_MARK}",
        "+new",
        "diff --git a/rendered/dev/b.yaml b/rendered/dev/b.yaml",
        "--- a/rendered/dev/b.yaml",
        "+++ b/rendered/dev/b.yaml",
        "@@ -8,7 +8,7 @@",
        " line 6",
        " line 7",
        " line 8",
        "-line 9",
        "+line nine",
        " line 10",
        " line 11",
        " line 12",
        "diff --git a/rendered/dev/c.yaml b/rendered/dev/c.yaml",
        "deleted file mode 100644",
        "--- a/rendered/dev/c.yaml",
        "+++ /dev/null",
        "@@ -1,2 +0,0 @@",
        f"-{OWNERSHIP_MARK}",
        "-gone",
        "\\ No newline at end of file",
    ]


def test_no_difference_says_nothing(out: Path, plant: Plant) -> None:
    plant(out, {"dev/a.yaml": stamp("dev/a.yaml", "x")})
    assert _diff(out, {"dev/a.yaml": stamp("dev/a.yaml", "x")}, limit=0) == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b", b"\x1b[2J", b"safe\rHIDDEN\n", "\u009b2J".encode()])
def test_what_a_terminal_would_act_on_is_not_shown(out: Path, plant: Plant, body: bytes) -> None:
    plant(out, {"dev/a.yaml": OWNERSHIP_MARK.encode() + b"\n" + body})
    assert _diff(out, {"dev/a.yaml": stamp("dev/a.yaml", "x\n")}) == [
        "diff --git a/dev/a.yaml b/dev/a.yaml",
        "Binary files a/dev/a.yaml and b/dev/a.yaml differ",
    ]


def test_a_checkout_with_crlf_is_shown_as_text(out: Path, plant: Plant) -> None:
    plant(out, {"dev/a.yaml": stamp("dev/a.yaml", "x\n").replace(b"\n", b"\r\n")})
    assert "-x\r" in _diff(out, {"dev/a.yaml": stamp("dev/a.yaml", "x\n")})


def test_the_length_is_bounded_and_says_so(out: Path) -> None:
    desired = {path: stamp(path, "x\n") for path in ("dev/a.yaml", "dev/b.yaml", "dev/c.yaml")}
    whole = _diff(out, desired)
    assert _diff(out, desired, limit=len(whole)) == whole
    assert _diff(out, desired, limit=5) == [*whole[:5], "... the rest is left out after 5 lines; 3 files differ"]
    assert _diff(out, desired, limit=0) == ["... the rest is left out after 0 lines; 3 files differ"]


def test_one_line_of_a_large_file_is_found_fast(out: Path, plant: Plant) -> None:
    lines = [f"| model-{number % 7} | {number} |\n" for number in range(200_000)]
    plant(out, {"dev/README.md": stamp("dev/README.md", "".join(lines))})
    lines[100_000] = "changed\n"
    existing = scan(out, None)
    changes = Changes(write={"dev/README.md": stamp("dev/README.md", "".join(lines))})
    start = time.process_time()
    assert len(list(unified_diff(existing, changes))) == 3 + 1 + 8
    assert time.process_time() - start < 5


def test_a_large_file_that_differs_everywhere_is_shown_whole(out: Path, plant: Plant) -> None:
    old, new = ("".join(f"{word} {number % 100}\n" for number in range(50_000)) for word in ("old", "new"))
    plant(out, {"dev/README.md": stamp("dev/README.md", old)})
    lines = _diff(out, {"dev/README.md": stamp("dev/README.md", new)})
    assert lines[3] == "@@ -1,50001 +1,50001 @@"
    assert len(lines) == 4 + 2 * 50_001


BODIES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d e\n", "\n", "+x\n", "-- y\n"]), max_size=30).map("".join)


@settings(max_examples=examples(40))
@example(old="a\nb\na\na\nb\na\na\na\n", new="b\na\na\na\n", ends=(False, False))
@given(old=st.none() | BODIES, new=st.none() | BODIES, ends=st.tuples(st.booleans(), st.booleans()))
def test_git_applies_it(old: str | None, new: str | None, ends: tuple[bool, bool]) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git to apply the diff")
    with tempfile.TemporaryDirectory() as place:
        out, path = Path(place), "dev/a.yaml"
        (out / "dev").mkdir()
        contents = [None if b is None else stamp(path, b + "tail" * e) for b, e in zip((old, new), ends, strict=True)]
        if contents[0] is not None:
            (out / path).write_bytes(contents[0])
        lines = _diff(out, {} if contents[1] is None else {path: contents[1]})
        if contents[0] == contents[1]:
            assert lines == []
            return
        patch = "".join(f"{line}\n" for line in lines).encode()
        git = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
        subprocess.run(git, input=patch, cwd=out, check=True, capture_output=True)
        assert ((out / path).read_bytes() if (out / path).exists() else None) == contents[1]
