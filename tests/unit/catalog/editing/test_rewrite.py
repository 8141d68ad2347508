"""A map made to hold other words: words that stay are not touched, nor what stands beside the map."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kservegen.catalog.editing.patch import read_value, rewrite_value
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.emit import emit

TEXT = """\
# A comment at the top.
version: 1
models:  # and one beside
  hf://a/b:  # tried in May
    revision: "old"  # pinned by hand
    license: mit
    config:
      # measured
      layers: 2
      heads: 4

  # the next one
  hf://a/c: {revision: x}
"""
LONG: JsonObject = {"revision": "0123456789abcdef0123456789abcdef01234567", "config": {"architecture": "A" * 60}}


@pytest.mark.parametrize(
    ("entry", "edits"),
    [
        (
            {"revision": "new", "license": "mit", "config": {"layers": 2, "heads": 8}},
            [('"old"', '"new"'), ("heads: 4", "heads: 8")],
        ),
        (
            {"revision": "old", "config": {"layers": 2, "heads": 4, "size": 1}},
            [("    license: mit\n", ""), ("heads: 4\n", "heads: 4\n      size: 1\n")],
        ),
        ({"revision": "old", "license": "mit", "config": {"layers": 2, "heads": 4}}, []),
    ],
    ids=["words changed, at any depth", "one gone and one new", "nothing changed"],
)
def test_only_what_differs_is_touched(entry: JsonObject, edits: list[tuple[str, str]]) -> None:
    wanted = TEXT
    for old, new in edits:
        assert wanted.count(old) == 1
        wanted = wanted.replace(old, new)
    assert rewrite_value(TEXT, ("models", "hf://a/b"), entry, "a.yaml") == wanted


def test_an_entry_that_is_not_there_comes_last_in_lines_of_its_own() -> None:
    assert rewrite_value(TEXT, ("models", "hf://a/d"), LONG, "a.yaml") == (
        f"{TEXT}  hf://a/d:\n    revision: {LONG['revision']}\n    config: {{architecture: {'A' * 60}}}\n"
    )


def test_the_maps_above_it_are_made_before_a_comment_that_stands_last() -> None:
    text = "version: 1\n# the end\n"
    written = rewrite_value(text, ("models", "hf://a/d"), LONG, "a.yaml")
    assert yaml.safe_load(written) == {"version": 1, "models": {"hf://a/d": LONG}}
    assert "# the end" in written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: {a: 1}\n", "no words below it"),
        ("models: [\n", "mistakes"),
        ("- a\n", "mistakes|no map"),
        ("models: {b: on}\n", "mistakes"),
    ],
    ids=["below a scalar", "broken", "a list", "ambiguous"],
)
def test_what_cannot_be_edited_is_refused(text: str, message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        rewrite_value(text, ("models", "a", "b"), {"c": 1}, "a.yaml")


WORDS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "1", "a: b"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


@given(WORDS, WORDS)
def test_any_map_becomes_any_other(old: JsonObject, new: JsonObject) -> None:
    text = emit({"version": 1, "m": {"e": old}, "z": 2})
    written = read_value(rewrite_value(text, ("m", "e"), new, "a.yaml"), "a.yaml")
    assert json.dumps(written, sort_keys=True) == json.dumps({"m": {"e": new}, "version": 1, "z": 2}, sort_keys=True)
