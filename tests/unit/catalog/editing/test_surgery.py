"""Edits of YAML text: the value changes, and no character beside it."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kservegen.catalog.editing.patch import drop, put, put_all, with_value, without
from kservegen.catalog.editing.spans import Container, spans
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.load import load_strict

NASTY = """\
# yaml-language-server: $schema=x.json
version: 1   # the first

models:
  # before a
  a:   {minReplicas:  2 , "quoted": 'it''s', list: [1,2 , 3]}   # beside a
  b:
    text: |
      kept  as
        it is

    # between
    env:
    - name: ONE
      value: "1"   # why
    - {name: TWO, value: '2'}
    args: []
    folded: >-
      some
      words
  "c/d": {
    x: 1,   # of x
    w: 2,
  }
# at the end
"""

CASES = [
    (("models", "a", "minReplicas"), 3, "minReplicas:  2 ", "minReplicas:  3 "),
    (("models", "a", "quoted"), "no", "'it''s'", "'no'"),
    (("models", "a", "new"), "x, y", "[1,2 , 3]}", '[1,2 , 3], new: "x, y"}'),
    (("models", "a", "list"), [4], "[1,2 , 3]", "[4]"),
    (("models", "b", "text"), "short", "|\n      kept  as\n        it is\n", "short\n"),
    (("models", "b", "env", 0, "value"), "yes", '"1"   # why', '"yes"   # why'),
    (("models", "b", "env", 1, "value"), "3", "'2'", "'3'"),
    (
        ("models", "b", "env", 2),
        {"name": "E", "value": "1e3"},
        "value: '2'}\n",
        "value: '2'}\n    - {name: E, value: \"1e3\"}\n",
    ),
    (("models", "b", "args"), ["--x=1"], "args: []", "args: [--x=1]"),
    (("models", "b", "folded"), None, ">-\n      some\n      words\n", "null\n"),
    (
        ("models", "b", "resources", "limits", "memory"),
        "8Gi",
        "      words\n",
        "      words\n    resources:\n      limits: {memory: 8Gi}\n",
    ),
    (("models", "c/d", "z"), 3, "w: 2,", "w: 2, z: 3,"),
    (("graphs", "g", "stop"), True, "  }\n", "  }\ngraphs:\n  g: {stop: true}\n"),
]


@pytest.mark.parametrize(
    ("path", "value", "old", "new"), CASES, ids=[str(case[0][-1]) + str(i) for i, case in enumerate(CASES)]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_put_changes_these_characters_alone(
    path: Path, value: JsonValue, old: str, new: str, newline: str, bom: str
) -> None:
    assert NASTY.count(old) == 1
    text = bom + NASTY.replace("\n", newline)
    edited = put(text, path, value, "models.yaml")
    assert edited == bom + NASTY.replace(old, new).replace("\n", newline)
    assert put(edited, path, value, "models.yaml") == edited


DROPS = [
    (("models", "a", "minReplicas"), "minReplicas:  2 , ", ""),
    (("models", "a", "list"), ", list: [1,2 , 3]", ""),
    (("models", "b", "text"), "    text: |\n      kept  as\n        it is\n", ""),
    (("models", "b", "env", 0, "value"), '      value: "1"   # why\n', ""),
    (("models", "b", "env", 1), "    - {name: TWO, value: '2'}\n", ""),
    (("models", "b", "folded"), "    folded: >-\n      some\n      words\n", ""),
    (("models", "c/d", "x"), "x: 1,   # of x\n    ", ""),
]


@pytest.mark.parametrize(("path", "old", "new"), DROPS, ids=[str(case[0][1:]) for case in DROPS])
def test_drop_removes_these_characters_alone(path: Path, old: str, new: str) -> None:
    assert NASTY.count(old) == 1
    assert drop(NASTY, path, "models.yaml") == NASTY.replace(old, new)


def test_what_stands_first_in_an_item_leaves_the_dash_before_it() -> None:
    assert drop("a:\n  - - x\n    - z\n  - - u\n", ("a", 0, 0), "f") == "a:\n  - - z\n  - - u\n"
    assert drop("a:\n  - - b: 1\n      c: -2\n    - -3\n", ("a", 0, 0), "f") == "a:\n  - - -3\n"


def test_a_missing_final_newline_stays_missing() -> None:
    assert put("version: 1\na: {b: 1}", ("a", "b"), 2, "f") == "version: 1\na: {b: 2}"
    assert put("version: 1", ("a",), 2, "f") == "version: 1\na: 2"
    assert drop("version: 1\na: 2", ("a",), "f") == "version: 1"


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1}\nc: *x\n",
        "a: {b: 1}\nc:\n  <<: {b: 2}\n",
        "a:\n\tb: 1\n",
        "a: 1\na: 2\n",
        "a:\n",
        "- a\n",
        "a: 1\n---\nb: 2\n",
    ],
)
def test_what_the_reader_refuses_is_not_edited(text: str) -> None:
    with pytest.raises(GeneratorError):
        put(text, ("a", "b"), 3, "models.yaml")


def test_words_below_a_value_that_has_none() -> None:
    with pytest.raises(GeneratorError, match=r"model is hf://x/y, which has no words below it"):
        put("model: hf://x/y\n", ("model", "uri"), "z", "f")


KEYS = st.sampled_from(["a", "b", "name", "x y", "é", "true", "1"])
SCALARS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
    st.sampled_from(["yes", "1e3", "0x1", "- a", "a: b", "a #b", "{", "]", "&x", "'", '"', "null", "", "|"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
ROOTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=4)


def paths(tree: JsonValue, here: Path = ()) -> list[Path]:
    """Return every path of a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path for key, value in items for path in ((*here, key), *paths(value, (*here, key)))]


def written(tree: JsonObject, style: str) -> str:
    """Write a tree in a block, in flow style, or as a block with flow values."""
    if style == "block":
        return emit(tree)
    if style == "flow":
        return json.dumps(tree, ensure_ascii=False) + "\n"
    return "".join(
        f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}  # {i}\n"
        for i, (k, v) in enumerate(tree.items())
    )


@given(tree=ROOTS, style=st.sampled_from(["block", "flow", "mixed"]), value=TREES, data=st.data())
def test_put_then_read_gives_the_value_and_other_lines_stay(
    tree: JsonObject, style: str, value: JsonValue, data: st.DataObject
) -> None:
    text = written(tree, style)
    assume(load_strict(text.encode(), "f").value == tree and not load_strict(text.encode(), "f").diagnostics)
    path = data.draw(st.sampled_from([*paths(tree), ("new",), ("new", "deep", "er")]))
    edited = put(text, path, value, "f")
    assert load_strict(edited.encode(), "f").value == with_value(tree, path, value)
    assert put(edited, path, value, "f") == edited
    if style == "mixed" and path[0] in tree:
        position = list(tree).index(str(path[0]))
        before, after = text.splitlines(keepends=True), edited.splitlines(keepends=True)
        assert before[:position] + before[position + 1 :] == after[:position] + after[position + 1 :]


def one_by_one(text: str, edits: list[tuple[Path, JsonValue]]) -> str | None:
    try:
        for path, value in edits:
            text = put(text, path, value, "f")
    except GeneratorError:
        return None
    return text


@given(tree=ROOTS, style=st.sampled_from(["block", "flow", "mixed"]), data=st.data())
def test_many_edits_at_once_are_the_same_as_one_after_the_other(
    tree: JsonObject, style: str, data: st.DataObject
) -> None:
    text = written(tree, style)
    assume(load_strict(text.encode(), "f").value == tree and not load_strict(text.encode(), "f").diagnostics)
    known = [path for path in paths(tree) if path]
    fresh: list[Path] = [(*path, name) for path in (*known, ()) for name in ("new", "newer", "a")]
    places = st.sampled_from([*known, *fresh, ("new", "deep"), ("new", "deeper", "er")])
    edits = data.draw(st.lists(st.tuples(places, TREES), max_size=6))
    expected = one_by_one(text, edits)
    assume(expected is not None)
    assert put_all(text, edits, "f") == expected


def test_many_edits_of_a_file_with_comments() -> None:
    edits: list[tuple[Path, JsonValue]] = [(path, value) for path, value, _, _ in CASES]  # type: ignore[misc]
    assert put_all(NASTY, edits, "f") == one_by_one(NASTY, edits)


def test_many_entries_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str) -> Container:
        read.append(text)
        return spans(text)

    monkeypatch.setattr("kservegen.catalog.editing.patch.spans", counted)
    text = "version: 1\nmodels:\n  a: {x: 1}\n"
    edits: list[tuple[Path, JsonValue]] = [(("models", f"m{number}", "x"), number) for number in range(50)]
    edited = put_all(text, [*edits, (("models", "a", "x"), 2)], "f")
    assert edited == text.replace("x: 1", "x: 2") + "".join(f"  m{n}: {{x: {n}}}\n" for n in range(50))
    assert len(read) == 1


@given(tree=ROOTS, style=st.sampled_from(["block", "flow", "mixed"]), data=st.data())
def test_drop_then_read_gives_the_rest(tree: JsonObject, style: str, data: st.DataObject) -> None:
    text = written(tree, style)
    assume(load_strict(text.encode(), "f").value == tree and not load_strict(text.encode(), "f").diagnostics)
    path = data.draw(st.sampled_from(paths(tree)))
    assume(len(path) > 1 or len(tree) > 1)
    assert load_strict(drop(text, path, "f").encode(), "f").value == without(tree, path)
