"""Strict reading of what people write: a table of bad files with their lines, and laws for any file at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.support.yaml_samples import hard_strings

from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.files import read_bytes
from kservegen.formats.yaml.load import load_held, load_strict

AMBIGUOUS = "1:30 012 08 0o7 1e3 y n on off yes no 1_000 = Y NO On .inf -.inf .nan 12345678901234567890123".split()

FILES: dict[str, tuple[bytes, list[str]]] = {
    "nothing": (b"", ["f:1:1 yaml/empty-file"]),
    "comments only": (b"# a\n# b\n", ["f:1:1 yaml/empty-file"]),
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", ["f:3:1 yaml/duplicate-key"]),
    "tab": (b"a:\n\tb: 1\n", ["f:2:1 yaml/tab"]),
    "two documents": (b"a: 1\n---\nb: 2\n", ["f:2:1 yaml/several-documents"]),
    "nul": (b"a: b\x00c\n", ["f:1:5 yaml/character"]),
    "invalid utf-8": (b"a: 1\nb: \xff\n", ["f:2:4 yaml/encoding"]),
    "utf-16": ("a: 1\n".encode("utf-16"), ["f:1:1 yaml/encoding"]),
    "non-string key": (b"a: 1\n2: b\n", ["f:2:1 yaml/key-not-text"]),
    "anchor": (b"a: &x 1\n", ["f:1:4 yaml/anchor"]),
    "alias": (b"a: *x\n", ["f:1:4 yaml/anchor"]),
    "merge key": (b"a: {<<: {b: 1}}\n", ["f:1:5 yaml/merge-key"]),
    "tag": (b"a: !!str 1\n", ["f:1:4 yaml/tag"]),
    "empty value": (b"a:\nb: 1\n", ["f:1:1 yaml/empty-value"]),
    "open quote": (b'a: "b\n', ["f:1:4 yaml/syntax"]),
    "merge conflict": (b"a: 1\nb:\n<<<<<<< HEAD\n  c: 1\n=======\n  c: 2\n>>>>>>> x\n", ["f:3:1 yaml/syntax"]),
    "open bracket": (b"a: [1, 2\n", ["f:2:1 yaml/syntax"]),
    "deep": (b"a: " + b"[" * 200 + b"]" * 200, ["f:1:67 yaml/too-deep"]),
}


def found(data: bytes) -> list[str]:
    """Return findings as `file:line:column rule`."""
    return [f"{d.location} {d.rule}" for d in load_strict(data, "f").diagnostics]


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file(name: str) -> None:
    data, expected = FILES[name]
    assert found(data) == expected


def test_what_is_said_of_bad_files(snapshot: SnapshotAssertion) -> None:
    said = {name: [[d.message, d.seen, d.allowed, d.hint] for d in load_strict(FILES[name][0], "f").diagnostics]
            for name in FILES}  # fmt: skip
    assert said == snapshot


def test_without_libyaml_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert {name: found(data) for name, (data, _) in FILES.items()} == {
        name: lines for name, (_, lines) in FILES.items()
    }


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_readers_differ_on(text: str) -> None:
    (problem,) = load_strict(f"a: {text}\n".encode(), "f").diagnostics
    assert (problem.rule, problem.location) == ("yaml/ambiguous-scalar", Location("f", 1, 4))
    assert f'"{text}"' in problem.hint
    assert load_strict(f'a: "{text}"\n'.encode(), "f").value == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("2027-03-31", "2027-03-31"), ("1", 1), ("-7", -7), ("0.5", 0.5), ("true", True), ("null", None), ("~", None),
     ("2Gi", "2Gi"), ("v1.2.3", "v1.2.3"), ("a:b", "a:b"), ("100m", "100m")],
)  # fmt: skip
def test_readers_agree_on(text: str, value: object) -> None:
    loaded = load_strict(f"a: {text}\n".encode(), "f")
    assert (loaded.diagnostics, loaded.value) == ((), {"a": value})


def test_positions() -> None:
    source = load_strict("a:\r\n  größe: [1, {ü: x}]\r\n".encode(), "f").source
    assert source.key(("a", "größe")) == Location("f", 2, 3)
    assert source.value(("a", "größe", 0)) == Location("f", 2, 11)
    assert source.value(("a", "größe", 1, "ü")) == Location("f", 2, 18)
    assert source.key(("a", "absent", "deep")) == Location("f", 1, 1)
    assert not source.has(("a", "absent"))


def test_anchors_and_aliases_of_a_file_are_one_finding() -> None:
    text = "a: &a [x]\nb: 1\nb: 2\n" + "".join(f"c{i}: &c{i} [*a, *a]\n" for i in range(100))
    anchor, repeated = load_strict(text.encode(), "f").diagnostics
    assert (str(anchor.location), anchor.rule, str(repeated.location)) == ("f:1:4", "yaml/anchor", "f:3:1")
    assert anchor.message == "anchors and aliases are not part of a catalog: this file has 301"
    assert [str(place.location) for place in anchor.places[:3]] == ["f:1:4", "f:4:5", "f:4:10"]
    assert len(anchor.places) == 100


def test_several_mistakes_are_told_together() -> None:
    assert found(b"a: 1\na: 2\nb: on\nc: &x 3\nd:\n") == [
        "f:2:1 yaml/duplicate-key",
        "f:3:4 yaml/ambiguous-scalar",
        "f:4:4 yaml/anchor",
        "f:5:1 yaml/empty-value",
    ]


HOSTILE = {
    "1,000 deep flow": (b"[" * 1000 + b"]" * 1000, {"yaml/too-deep"}),
    "1,000 deep block": (b"".join(b" " * i + b"a:\n" for i in range(1000)), {"yaml/too-deep"}),
    "alias bomb": (b"a: &a [x]\n" + b"".join(b"b%d: [*a, *a]\n" % i for i in range(10000)), {"yaml/anchor"}),
    "100,000 keys": (b"".join(b"k%d: v\n" % i for i in range(100_000)), set()),
    "one long line": (b"a: " + b"x" * 5_000_000, {"yaml/too-big"}),
    "50 MB": (b"a: b\n" * 10_000_000, {"yaml/too-big"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end(name: str) -> None:
    """No clock is asked, as machines are slow at times: what takes more than linear time of these takes hours."""
    text, rules = HOSTILE[name]
    assert {problem.rule for problem in load_strict(text, "f").diagnostics} == rules


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    load_strict(data, "f")


@given(st.text(alphabet="ab:-{}[]&*!|>'\"%@`#?, \n\t0123", max_size=60))
def test_no_text_raises(text: str) -> None:
    load_strict(text.encode(), "f")


DOCUMENTS: st.SearchStrategy[JsonObject] = st.dictionaries(
    st.one_of(st.text(min_size=1, max_size=8), st.sampled_from(hard_strings())),
    st.recursive(
        st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=12), st.sampled_from(hard_strings())),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
        max_leaves=10,
    ),
    max_size=4,
)


@given(DOCUMENTS)
def test_what_is_written_is_read_back_without_a_word(document: JsonObject) -> None:
    loaded = load_strict(emit(document).encode(), "f")
    assert (loaded.value, loaded.diagnostics) == (document, ())


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "dangling", "loop", "pipe"):
        problem = read_bytes(tmp_path / name, name, None)
        assert isinstance(problem, Diagnostic), name
        assert problem.location == Location(name)
        assert problem.hint


def test_what_is_held_is_not_read_again() -> None:
    first = load_held(b"a: 1\n", "f")
    assert first.value == {"a": 1}
    assert load_held(b"a: 1\n", "f") is first
    assert load_held(b"a: 1\n", "g").source.key(("a",)).file == "g"
    assert load_held(b"a: 2\n", "f").value == {"a": 2}
