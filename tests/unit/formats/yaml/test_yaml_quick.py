"""The law of the quick reader: where it does not refuse, it reads what the reader that knows all of YAML reads."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.manifest import Manifests, load_manifests
from kservegen.formats.yaml.quick import REFUSED, read_quick

MANIFESTS = Path(__file__).parents[3] / "conformance"


def slowly(text: str) -> Manifests:
    with patch("kservegen.formats.yaml.manifest.read_quick", return_value=REFUSED):
        return load_manifests(text.encode(), "a.yaml")


def agrees(text: str) -> bool:
    """Hold both readers against each other; return whether the quick one read the text."""
    quick, slow = load_manifests(text.encode(), "a.yaml"), slowly(text)
    assert quick.diagnostics == slow.diagnostics
    assert [json.dumps(d.value) for d in quick.documents] == [json.dumps(d.value) for d in slow.documents]
    return read_quick(text) is not REFUSED


READ = (
    "a: 1\n",
    "---\na: 1\n",
    "--- # begins\n# comment\n\na: 1 # one\nb: x#y\n",
    "a:\n- 1\n- b: 2\n  c: 3\n- \n",
    "a:\n  - 1\n  -   b: 2\n      c:\n      - x\n",
    "a:\nb: null\nc: ~\nd: {}\ne: []\n",
    "a: http://x:80/y\nb: --flag=1\nc: -1\nd: 'x: #'\ne: \"it's\"\n",
    "\"a/b\": 1\n'c d': 2\n",
    "- a\n- b\n",
    "a:\n    b:\n        c: 1\n    d: 2\ne: 3\n",
    "-\n  a: 1\n",
    "args:\n- --a b\n- -c\n",
    "a: 1\n\n   \n# end",
    '{"a": [1, {"b": null}]}\n',
    "a: [1, b, 'c, d', \"e\",f]\nb: [x] # one\n",
    "- [a, 1.5]\n- a: [true]\n- {a: 1, b: 'x, y: z', c/d.e: f}\n",
    "a: |\n  b\n",
    "a: >- # folded\n  b c\n  d\n\n  e\n\n\n   f\n  g\n   h \n\n   i\n  j\nb: 1\n",
    "a: |\n   b\n\n     c\n   # d\n\n# e\nb: |-\n  'c\n\n",
    "- a: >-\n    b\n    c: d\n  e: >\n    f\n\n- |\n  - x\n",
)


@pytest.mark.parametrize("text", READ)
def test_what_is_plain_is_read(text: str) -> None:
    assert agrees(text)


LEFT = (
    "a: .inf\n",
    "a:\n- -.Inf\n",
    "a: +.INF\n",
    "a: .nan # none\n",
    "",
    "# nothing\n",
    "just text\n",
    "a: 1\na: 2\n",
    "a: &x 1\n",
    "a: *x\n",
    "a: !!str 1\n",
    "a: |",
    "a: |\n",
    "a: |\nb: 1\n",
    "a: |\n  b",
    "a: |+\n  b\n",
    "a: |2\n   b\n",
    "a: |\n\n  b\n",
    "a: >-\n  b\n     \n  c\n",
    "a: >-\n    b\n  c\n",
    "a: [&x 1]\n",
    "a: [a b]\n",
    "a: [1,]\n",
    "a: [1, [2]]\n",
    "a: {b: 1, b: 2}\n",
    "a: {b: {}}\n",
    "a: {y: 1}\n",
    "a: {b}\n",
    "a: ['it''s']\n",
    "a: b\n  c\n",
    "a: b\n  c: d\n",
    "a: 'it''s'\n",
    'a: "\\n"\n',
    "a: b: c\n",
    "a: b:\n",
    "true: 1\n",
    "y: 1\n",
    "<<: {}\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n- 1\n b: 2\n",
    "a: 1\n- b\n",
    "- a\nb: 1\n",
    "a: größe\n",
    "a:\t1\n",
    "a: 1\n...\n",
    "a: {{ .x }}\n",
    "- - a\n",
    "? a\n: b\n",
    "%YAML 1.1\n---\na: 1\n",
    '{"a": 1, "a": 2}',
    '{"a": NaN}',
    '{"a": "\\ud800"}',
    '{"a": 12345678901234567890}',
    '{"a": 1} {"b": 2}',
    "{a: 1}\n",
    '{"a":' * 101 + "1" + "}" * 101,
)


@pytest.mark.parametrize("text", LEFT)
def test_everything_else_is_left_to_the_other_reader(text: str) -> None:
    assert read_quick(text) is REFUSED


@pytest.mark.parametrize(("words", "read"), [(900, True), (1500, False)])
def test_memory_does_not_grow_with_the_words_of_a_line(words: int, *, read: bool) -> None:
    assert agrees(f"a: {'b ' * words}c\n") is read


def _indented(doc: JsonObject) -> str:
    return str(yaml.safe_dump(doc, indent=4))


@pytest.mark.parametrize("form", ["block", "indented", "JSON"])
def test_recorded_manifests_are_plain(form: str) -> None:
    lines = (MANIFESTS / "admission-v0.19.0.jsonl").read_text("utf-8").splitlines()
    docs = [json.loads(line)["manifest"] for line in lines]
    write = {"block": emit, "indented": _indented, "JSON": json.dumps}[form]
    assert sum(agrees(write(doc)) for doc in docs) > 0.97 * len(docs)


def test_places_are_found_when_they_are_asked_for() -> None:
    text = "# x\n---\na:\n- b: 1\n---\nc: 2\n"
    quick, slow = load_manifests(text.encode(), "a.yaml"), slowly(text)
    for path in ((), ("a",), ("a", 0, "b"), ("c",)):
        for one, other in zip(quick.documents, slow.documents, strict=True):
            assert (one.source.value(path), one.source.key(path)) == (other.source.value(path), other.source.key(path))
    (document,) = load_manifests(b'{"a": {"b": 1}}', "a.json").documents
    assert str(document.source.value(("a", "b"))) == "a.json:1:13"


SCALARS = st.sampled_from(
    """a|1|-1|1.5|0o7|012|1_0|1e3|yes|null|~|.5|1:30|2020-01-01|a b|a #b|a: b|'q'|"q"|"|'|-|- a|--x|{}|[]|[a]|a:|:a|#c
    |&a|*a|!a|>|$x|(x)|+1|/a/b|a\\b|%a|@a|`a|?|? a|=|<<|...|---|{{x}}|é|\t|""".replace("\n    ", "").split("|")
)
BLOCKS = st.sampled_from(["|", "|-", ">", ">-", "> # c", "|+", ">2"])
WORDS = st.sampled_from(["[a, 'b', 1]", "[x,y]", "[ a]", "{a: b, 'c': d}", "{x: 1, z: '}'}", "{a: 1, a: 2}", "{y: 1}"])
SIGNS = st.sampled_from(
    ["", "- ", "-  ", "-", "k: ", "k:", "l: ", "m:   ", "'k': ", '"k": ', "- k: ", "y: ", "1: ", "a b: "]
)
LINES = st.tuples(
    st.sampled_from(["", " ", "  ", "   ", "    "]),
    SIGNS,
    SCALARS | BLOCKS | WORDS,
    st.sampled_from(["", "", " ", " # c"]),
)
TEXTS = st.tuples(
    st.sampled_from(["k: ", "- ", "- k: ", "-  k: ", "  k: "]),
    st.sampled_from(["|", "|-", ">", ">-"]),
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(["", "a", "b c", "# d", "- e", "f: g", "h "])),
        min_size=1,
        max_size=7,
    ),
    st.sampled_from(["", "\n", "\n\n", "\nl: 1\n", "\n  l: 1\n", "\n- x\n"]),
)


@settings(max_examples=examples(1500))
@given(st.lists(LINES, min_size=1, max_size=5))
def test_on_any_lines(lines: list[tuple[str, str, str, str]]) -> None:
    agrees("\n".join("".join(parts) for parts in lines) + "\n")


@settings(max_examples=examples(1500))
@given(TEXTS)
def test_on_any_block_of_text(parts: tuple[str, str, list[tuple[int, str]], str]) -> None:
    begin, sign, lines, end = parts
    agrees(begin + sign + "\n" + "\n".join(" " * column + text for column, text in lines) + end)


VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(300))
@given(st.dictionaries(SCALARS, VALUES, min_size=1, max_size=3))
def test_on_any_document(value: dict[str, JsonValue]) -> None:
    for text in (emit(value), yaml.safe_dump(value), json.dumps(value)):
        agrees(text)
