"""What the documentation shows is so: every block is run or validated, or its page says why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.blocks import Reader, blocks

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "policies" / "README.md")
    if "```" in path.read_text("utf-8")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_is_so(page: Path, tmp_path: Path) -> None:
    assert Reader(tmp_path).read(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```yaml\nmodels: {}\n```\n", "neither run nor validated"),
        ("```\nsomething\n```\n", "neither run nor validated"),
        ("<!-- fragment -->\n```yaml\na: 1\n```\n", "without a reason"),
        ("<!-- words of: models -->\n```yaml\nmodls: {}\n```\n", "modls"),
        ("```yaml\n# environments/prod.yaml\nguards: {maxRemovals: many}\n```\n", "guards.maxRemovals"),
        ("```sh\nkservegen validate\n```\n", "no start"),
        ("<!-- start: new -->\n\n```sh\nkservegen validate staging\n```\n", "exit code 2"),
        ("<!-- start: new -->\n\n```sh\nfalse | true\nkservegen --version\n```\n", "exit code 1"),
        ("<!-- start: new -->\n\n<!-- exit: 1 -->\n```sh\nkservegen validate\n```\n", "exit code 0"),
        ("<!-- start: new -->\n\n```sh\nkubectl apply -f no/file.yaml\n```\n", "no file no/file.yaml"),
        ("<!-- start: empty -->\n\n```console\n$ kservegen --version\nkservegen nine\n```\n", "not printed"),
        (
            "<!-- start: new -->\n\n<!-- add to: models.yaml -->\n```yaml\nmodels: {a: {modelFormat: x}}\n```\n",
            "at the end",
        ),
        ("<!-- fragment: why -->\n\nprose between\n\n```yaml\na: 1\n```\n", "neither run nor validated"),
    ],
)
def test_what_is_not_so_is_found(page: str, said: str, tmp_path: Path) -> None:
    (wrong,) = Reader(tmp_path).read(page)
    assert said in wrong


def test_marks_are_known() -> None:
    known = set(
        re.findall(
            r"^    <!-- ([a-z ]+?)(?::| -->)", (ROOT / "tests/support/blocks.py").read_text("utf-8"), re.MULTILINE
        )
    )
    known |= {"table", "end"}  # of policies/README.md
    used = [
        (page, mark) for page in PAGES for mark in re.findall(r"<!-- ([a-z ]+?)(?::| -->)", page.read_text("utf-8"))
    ]
    assert [f"{page.name}: {mark}" for page, mark in used if mark not in known] == []
    assert sum(1 for page in PAGES for _ in blocks(page.read_text("utf-8"))) > 100
