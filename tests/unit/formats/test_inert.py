"""Text of other people is shown, and does nothing: each function on the characters that could."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kservegen.formats import inert

# All of Unicode, with those that mean something in a log or a terminal often.
HOSTILE = st.text(
    st.one_of(st.sampled_from("\x00\x1b[31m8;\r\n\t:#[]`|<>@\u202e\u200b\ufe0f\u2028\udcff\ud83d\\"), st.characters())
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("iris in team-a: ärger 模型", "iris in team-a: ärger 模型"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\rc\td\u2028", "a\\x0ab\\x0dc\\x09d\\u2028"),
        ("a\u202eb\u200bc\ufe0fd\U000e0101", "a\\u202eb\\u200bc\\ufe0fd\\U000e0101"),
        ("models/\udcff.yaml", "models/\\xff.yaml"),
        ("::error title=x::y", "\\x3a:error title=x::y"),
        ("a ::error::b", "a ::error::b"),  # a runner looks at the start of a line
        ("::1", "::1"),
        ("a ##[error]b ##vso[task.x]", "a \\x23#[error]b \\x23#vso[task.x]"),
        ("## [a](b)", "## [a](b)"),
    ],
)
def test_what_a_terminal_or_a_runner_would_obey_is_shown_by_its_code(text: str, shown: str) -> None:
    assert inert.printable(text) == shown


@given(HOSTILE)
def test_lines_hold_nothing_but_what_is_shown(text: str) -> None:
    for line in inert.inert_lines(text).split("\n"):
        assert line.replace("\t", "").isprintable()
        assert inert.printable(line.replace("\t", " ")) == line.replace("\t", " ")
    assert inert.inert_lines(text).count("\n") == text.count("\n")


def test_our_colours_are_left_in_where_they_are_wanted() -> None:
    text = "\x1b[1mbold\x1b[0m \x1b[8mhidden\x1b[0m \x1b]0;title\x07"
    assert inert.inert_lines(text, colour=True) == "\x1b[1mbold\x1b[0m \\x1b[8mhidden\x1b[0m \\x1b]0;title\\x07"
    assert "\x1b" not in inert.inert_lines(text)


@given(HOSTILE)
def test_json_is_ascii_that_every_parser_takes(text: str) -> None:
    written = inert.inert_json({"a": text})
    assert written.isascii()
    assert "##[" not in written
    read = json.loads(written)["a"]
    read.encode()
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert read == text


@given(HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([inert.inert_cell(text), "x"])
    (row,) = csv.reader(io.StringIO(out.getvalue()))
    assert row[0][:1] not in {"=", "+", "-", "@"}


@given(HOSTILE)
def test_no_cell_ends_before_its_text(text: str) -> None:
    """A `|`, a backslash before one and a fence are text; the row has the cells that were written."""
    page = f"| a | b | c |\n|---|---|---|\n| {inert.code_cell(text)} | {inert.inert(text)} | end |\n"
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    assert html.count("<td>") == 3
    assert "<td>end</td>" in html
    assert "<a " not in html
    cells = re.findall(r"<td><code>(.*?)</code></td>", html, re.DOTALL)
    assert [unescape(cell).replace("\u200b", "").strip() for cell in cells] == [
        inert.printable(text).replace("\u200b", "").strip()
    ]
