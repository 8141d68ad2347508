"""The law of the quick reader of catalogs: where it does not refuse, data and places are those of the strict reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.events import EventParser, default_parser
from kservegen.formats.yaml.load import load_strict
from kservegen.formats.yaml.quick import REFUSED
from kservegen.formats.yaml.quick_source import read_quick_source
from kservegen.formats.yaml.source import SourceMap


def _events(data: bytes) -> EventParser:
    """Return what `load_strict` reads whatever the file is, as nothing but the default is passed by."""
    return default_parser(data)


def agrees(text: str) -> bool:
    """Hold both readers against each other; return whether the quick one read the text."""
    source = SourceMap("f")
    quick = read_quick_source(text, source)
    if quick is REFUSED:
        return False
    strict = load_strict(text.encode(), "f", parser=_events)
    assert strict.diagnostics == ()
    assert json.dumps(quick) == json.dumps(strict.value)
    for name in ("keys", "key_marks", "value_marks", "ends"):
        assert list(getattr(source, name)) == list(getattr(strict.source, name)), name
    return True


READ = (
    "a: 1\n",
    "# comment\n\n  # another\na: 1 # one\nb: x#y\n",
    "a:\n- 1\n- b: 2\n  c: 3\nd: 4\n",
    "a:\n  - 1\n  -   b: 2\n      c:\n      - x\n",
    "a:\n    b:\n        c: 1\n    d: 2\ne: 3\n",
    "a: {}\nb: []\n",
    "a: {b: 1, 'c d': \"x, y\", e: {f: [1, [2, {g: h}]], i: null}} # c\nj: 1\n",
    "a: [--flag=1, s3://x/y, -1, 'b: c', \"{}\", x y, .5] \n",
    "a:\n  - {b: 1}\n  - [c, d]\n  - e\n",
    "a: { b: 1 , c: [ 1 , 2 ] }\n",
    "  a: 1\n  b: 2",
    "hf://x/y:\n  s3://z:80: {a:b: 1}\n",
    "a: http://x:80/y\nb: 'x: #'\nc: \"it's\"\nd: true\ne: ~\n",
)


@pytest.mark.parametrize("text", READ)
def test_what_is_plain_is_read(text: str) -> None:
    assert agrees(text)


LEFT = (
    "",
    "# nothing\n",
    "just text\n",
    "- a\n",
    "{a: 1}\n",
    "---\na: 1\n",
    "a: 1\n...\n",
    "a:\n",
    "a:\nb: 1\n",
    "a:\n- \n",
    "a:\n-\n",
    "a: 1\na: 2\n",
    "a: {b: 1, b: 2}\n",
    "a: yes\n",
    "a: [012]\n",
    "y: 1\n",
    "a: {no: 1}\n",
    "a: &x 1\n",
    "a: [*x]\n",
    "a: {b: !!str 1}\n",
    "a: |\n  b\n",
    "a: b\n  c\n",
    "a: b\n  c: d\n",
    "a: [1,\n  2]\n",
    "a: [1, 2,]\n",
    "a: {b}\n",
    "a: {b: }\n",
    "a: {b:1}\n",
    "a: [b: 1]\n",
    "a: [1]x\n",
    "a: [1] x\n",
    "a: [1]#x\n",
    "a: [1}\n",
    "a: [[1}]\n",
    "a: {b: [1}}\n",
    "a: [1\n",
    "a: ['it''s']\n",
    'a: "\\n"\n',
    "a: b: c\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n- 1\n b: 2\n",
    "a: 1\n- b\n",
    "a: größe\n",
    "a:\t1\n",
    "a: {{ .x }}\n",
    "a:\n- - b\n",
    "a: " + "[" * 40 + "]" * 40 + "\n",
    "".join(" " * depth + "a:\n" for depth in range(40)) + " " * 40 + "b: 1\n",
)


@pytest.mark.parametrize("text", LEFT)
def test_everything_else_is_left_to_the_other_reader(text: str) -> None:
    assert read_quick_source(text, SourceMap("f")) is REFUSED


@pytest.mark.parametrize("form", ["a: {}c\n", "a: [{}c]\n", "a: {{d: {}c}}\n"])
@pytest.mark.parametrize(("words", "read"), [(900, True), (1500, False)])
def test_memory_does_not_grow_with_the_words_of_a_line(form: str, words: int, *, read: bool) -> None:
    assert agrees(form.format("b " * words)) is read


SCALARS = st.sampled_from(
    """a|1|-1|1.5|012|1e3|yes|null|~|.5|1:30|2020-01-01|a b|a #b|a: b|'q'|"q"|"|'|-|- a|--x|{}|[]|[a]|a:|:a|#c|{a: b}
    |&a|*a|!a|>|$x|(x)|+1|/a/b|a,b|a]|{a: 1, b: [c, d]}|[{a: b}, c]|[a b, 'c, d']|[a, ]|{a}|[a: b]|{a: {b: c} }|[a] # c
    |s3://a|a?|?a|=|<<|---|{{x}}|[[a], [b]]|{'a': "b"}|{"a":1}|[-a]|[--a=b]|[- a]|[ ]|{a: b}}|[a]]""".replace(
        "\n    ", ""
    ).split("|")
)
SIGNS = st.sampled_from(
    ["", "- ", "-  ", "-", "k: ", "k:", "l: ", "m:   ", "'k': ", '"k": ', "- k: ", "y: ", "a b: ", "k:l: ", "k:: "]
)
LINES = st.tuples(
    st.sampled_from(["", "  ", "  ", "   ", "    "]), SIGNS, SCALARS, st.sampled_from(["", "", " ", " # c"])
)


@settings(max_examples=examples(600))
@given(st.lists(LINES, min_size=1, max_size=6))
def test_lines_of_any_kind_are_read_alike_or_left(lines: list[tuple[str, str, str, str]]) -> None:
    agrees("k0: 0\n" + "\n".join(map("".join, lines)) + "\n")


FLOW = st.text(st.sampled_from("ab1-:, []{}'\"#./"), min_size=1, max_size=14)


@settings(max_examples=examples(600))
@given(FLOW)
def test_flow_style_of_any_kind_is_read_alike_or_left(text: str) -> None:
    for written in (f"k: [{text}]\n", f"k: {{a: {text}}}\n", f"k:\n- {text}\n"):
        agrees(written)


NAMES = st.text(st.sampled_from("abyn_-./:1"), min_size=1, max_size=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


@settings(max_examples=examples(300))
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_what_we_write_is_read_alike_or_left(document: JsonObject) -> None:
    agrees(emit(document))
