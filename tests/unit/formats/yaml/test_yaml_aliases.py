"""Anchors, aliases and merges of manifests: what they stand for, and what cannot be expanded."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml.manifest import load_manifests

EXPANDED: dict[str, tuple[str, JsonValue]] = {
    "an alias within what is used twice": (
        "a: &a 1\nb: &b {x: *a}\nc: [*b, *b]\n",
        {"a": 1, "b": {"x": 1}, "c": [{"x": 1}, {"x": 1}]},
    ),
    "a merge within what is used twice": (
        "a: &a {x: 1}\nb: &b {<<: *a, z: 2}\nc: [*b, *b]\nd: {<<: *b}\n",
        {
            "a": {"x": 1},
            "b": {"x": 1, "z": 2},
            "c": [{"x": 1, "z": 2}, {"x": 1, "z": 2}],
            "d": {"x": 1, "z": 2},
        },
    ),
    "an alias as a key": ("a: &a x\n*a : 1\n", {"a": "x", "x": 1}),
    "what stands after a merge wins": ("a: {<<: {x: 1, z: 1}, x: 2}\n", {"a": {"x": 2, "z": 1}}),
    "the first of several maps wins": ("a: {<<: [{x: 1}, {x: 2, z: 2}]}\n", {"a": {"x": 1, "z": 2}}),
    "an anchor that is set again": ("a: &a 1\nb: *a\nc: &a 2\nd: *a\n", {"a": 1, "b": 1, "c": 2, "d": 2}),
    "a quoted << is a key": ('a: {"<<": {x: 1}}\n', {"a": {"<<": {"x": 1}}}),
    "a tagged << merges": ('a: {!!merge "<<": {x: 1}}\n', {"a": {"x": 1}}),
}
REFUSED = {
    "a list in itself": ("a: &a [*a]\n", "f:1:8 yaml/unknown-alias &a contains itself"),
    "a map in itself": ("a: &a {b: {c: *a}}\n", "f:1:15 yaml/unknown-alias &a contains itself"),
    "a map merged into itself": ("a: &a {<<: *a}\n", "f:1:12 yaml/unknown-alias &a contains itself"),
    "a merge of text": ("a: {<<: x}\n", "f:1:9 yaml/syntax << merges maps, or a list of maps, and nothing else"),
    "a merge of a list with text": (
        "a:\n  <<: [{x: 1}, y]\n",
        "f:2:7 yaml/syntax << merges maps, or a list of maps, and nothing else",
    ),
    "a list as a key": ("? [1]\n: 2\n", "f:1:3 yaml/key-not-text a map or a list stands where a key belongs"),
    "infinity": ("a: .inf\n", "f:1:4 yaml/not-json infinity and not-a-number have no form in JSON"),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_aliases_and_merges_are_expanded(case: str) -> None:
    text, expected = EXPANDED[case]
    found = load_manifests(text.encode(), "f")
    assert found.diagnostics == ()
    assert [document.value for document in found.documents] == [expected]


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_expanded_is_refused_in_its_place(case: str) -> None:
    text, expected = REFUSED[case]
    found = load_manifests(text.encode(), "f")
    assert [f"{d.location} {d.rule} {d.message}" for d in found.diagnostics] == [expected]


@pytest.mark.parametrize(("copies", "refused"), [(400, False), (40_000, True)])
def test_aliases_may_multiply_a_document_up_to_goyaml_s_measure(copies: int, refused: bool) -> None:
    text = f"a: &a [{', '.join('x' * 99)}]\nb: [{', '.join(['*a'] * copies)}]\n"
    found = [d.rule for d in load_manifests(text.encode(), "f").diagnostics]
    assert found == (["yaml/alias-bomb"] if refused else [])
