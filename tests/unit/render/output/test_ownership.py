"""A file is ours if its first line says so, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.render.output.ownership import HEAD_SIZE, MARKDOWN_MARKER, OWNERSHIP_MARK, is_ours, stamp


@pytest.mark.parametrize(
    ("path", "head", "ours"),
    [
        ("dev/a.yaml", f"{OWNERSHIP_MARK}\nkind: X\n", True),
        ("dev/a.yaml", OWNERSHIP_MARK, True),
        ("dev/a.yaml", f"{OWNERSHIP_MARK}\r\nkind: X\r\n", True),
        ("dev/README.md", f"{MARKDOWN_MARKER}\n# dev\n", True),
        ("dev/a.yaml", "", False),
        ("dev/a.yaml", OWNERSHIP_MARK[:-1], False),
        ("dev/a.yaml", f"{OWNERSHIP_MARK} (edited)\n", False),
        ("dev/a.yaml", f" {OWNERSHIP_MARK}\n", False),
        ("dev/a.yaml", f"\n{OWNERSHIP_MARK}\n", False),
        ("dev/a.yaml", f"\ufeff{OWNERSHIP_MARK}\n", False),
        ("dev/a.yaml", f"{MARKDOWN_MARKER}\n", False),
        ("dev/README.md", f"{OWNERSHIP_MARK}\n", False),
    ],
)
def test_the_first_line_decides(path: str, head: str, ours: bool) -> None:
    assert is_ours(head.encode(), path) is ours


@given(st.sampled_from(["dev/a.yaml", "dev/README.md"]), st.text())
def test_what_is_stamped_is_ours_and_keeps_its_text(path: str, text: str) -> None:
    content = stamp(path, text.encode("utf-8", "replace").decode())
    assert is_ours(content[:HEAD_SIZE], path)
    assert content.partition(b"\n")[2] == text.encode("utf-8", "replace")
