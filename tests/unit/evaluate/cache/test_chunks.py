"""A file read without what is known of it is the file read in full, or the reading is in doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.core.document import mapping
from kservegen.evaluate.cache.chunks import Chunk, DoubtError, Layout, abridge, keys_by_line, split
from kservegen.formats.yaml.load import load_strict

ENTRIES = (
    "  a:\n    x: 1\n",
    '  "b":\n    x: [1, 2]\n    y: >-\n      folded\n\n      text\n',
    "  c: {x: 1}\n  # about d\n",
    "  d:\n    - one\n    - two\n\n",
    "  e:\n    text: |+\n      kept\n\n\n",
    "  f:\n    x: 'a\n\n      b'\n",
)
# What an edit may put into an entry: whole, torn, or leading out of it.
PIECES = (
    *ENTRIES,
    '  g:\n    x: "never closed\n',
    "  g:\n    x: [never, closed\n",
    "  g:\n    x: {never: closed\n",
    "  g:\n    x: 'closed in a comment\n",
    "  g:\n    text: |\n      block\n",
    "  g:\n    text: |+\n      block\n\n\n",
    "  g: &anchor {x: 1}\n",
    "  g: *anchor\n",
    "  g:\n    x: 1\n  h:\n    x: 1\n",
    "  g:\r\n    x: 1\r\n",
    "  g:\r    x: 1\n  h: 1\n",
    "  ? g\n  : x\n",
    "  g:\n\tx: 1\n",
    "  g: text\n   that: goes on\n",
    "   g:\n    x: 1\n",
    " g:\n    x: 1\n",
    "g:\n    x: 1\n",
    "---\n",
    "...\n",
    "  # ' \" ] }\n",
    "\n",
)
HEAD = "version: 1\ndefaults: {x: 1}\n# it's a comment\nmodels:\n"
TAIL = "profiles:\n  small: {x: 1}\n# the end is \" and ' and ] and }\n"


def laid_out(text: str) -> Layout:
    """Split a text that can be read."""
    layout = split(text.encode(), "models.yaml")
    assert layout is not None
    return layout


def known_of(text: str) -> dict[bytes, str]:
    """Return the entries of a text that was read in full and without findings, by their own text."""
    layout = split(text.encode(), "models.yaml")
    loaded = load_strict(text.encode(), "models.yaml")
    if layout is None or loaded.diagnostics or not isinstance(loaded.value, dict):
        return {}
    section = loaded.value.get("models")
    if not isinstance(section, dict):
        return {}
    try:
        lines = keys_by_line(section, "models", loaded.source)
    except DoubtError:
        return {}
    if sorted(lines) != [chunk.line for chunk in layout.chunks() if chunk.section == "models"]:
        return {}
    return {chunk.text: lines[chunk.line] for chunk in layout.chunks()}


@given(st.lists(st.sampled_from(ENTRIES), unique=True), st.lists(st.sampled_from(PIECES), max_size=6), st.booleans())
def test_what_is_left_reads_as_it_does_in_the_whole(before: list[str], after: list[str], tail: bool) -> None:
    known = known_of(HEAD + "".join(before) + TAIL)
    text = HEAD + "".join(after) + (TAIL if tail else "")
    layout = split(text.encode(), "models.yaml")
    if layout is None:
        return
    chosen = {chunk: known[chunk.text] for chunk in layout.chunks() if chunk.text in known}
    rest = abridge(layout, chosen)
    loaded = load_strict(rest.data, "models.yaml")
    try:
        rest.settle(loaded.value, loaded.source)
    except DoubtError:
        return
    if loaded.diagnostics:
        return
    whole = load_strict(text.encode(), "models.yaml")
    names = [*rest.known.get("models", ())]
    read = mapping(mapping(loaded.value).get("models"))
    if len({*names, *read}) != len(names) + len(read):
        return  # defined twice: the catalog says so
    assert not whole.diagnostics
    assert isinstance(whole.value, dict)
    assert isinstance(loaded.value, dict)
    everything = whole.value.get("models") or {}
    assert isinstance(everything, dict)
    assert {key: value for key, value in everything.items() if key not in names} == read
    assert everything.keys() == {*names, *read}
    assert whole.value.keys() == loaded.value.keys()
    for key in read:
        assert loaded.source.value(("models", key)) == whole.source.value(("models", key))


def test_lines_stay_where_they_are() -> None:
    layout = laid_out(HEAD + "".join(ENTRIES) + TAIL)
    known = {chunk: "k" for chunk in layout.chunks() if chunk.line != 5}
    assert abridge(layout, known).data.count(b"\n") == (HEAD + "".join(ENTRIES) + TAIL).count("\n")


@pytest.mark.parametrize(
    "text",
    ["  kservegen-stand-in-5: true\n", "  a: \x07\n", "  a: caf\udce9\n"],
)
def test_a_file_that_cannot_be_split_is_read_in_full(text: str) -> None:
    assert split((HEAD + text).encode("utf-8", "surrogateescape"), "models.yaml") is None


def test_entries_are_those_of_sections() -> None:
    layout = laid_out("version: 1\ndefaults:\n  x: 1\nmodels:  # ours\n  a: {}\ngraphs:\n  b: {}\nother:\n  c: {}\n")
    assert list(layout.chunks()) == [Chunk("models", 5, b"  a: {}\n"), Chunk("graphs", 7, b"  b: {}\n")]
