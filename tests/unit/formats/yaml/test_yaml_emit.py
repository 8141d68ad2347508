"""What is written is read back as the same data by every reader there is, and looks as a person would write it."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.support.yaml_samples import GoReader, hard_strings

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.yaml.emit import UnwritableValueError, emit
from kservegen.formats.yaml.load import load_strict

HARD_STRINGS = hard_strings()


def with_ruamel(kind: str) -> Callable[[str], JsonValue]:
    def read(text: str) -> JsonValue:
        value: JsonValue = YAML(typ=kind, pure=True).load(io.StringIO(text))
        return value

    return read


def with_ours(text: str) -> JsonValue:
    loaded = load_strict(text.encode(), "file.yaml")
    assert not loaded.diagnostics
    return loaded.value


READERS: dict[str, Callable[[str], JsonValue]] = {
    "ours": with_ours,
    "PyYAML": lambda text: yaml.load(text, yaml.SafeLoader),
    "PyYAML with libyaml": lambda text: yaml.load(text, yaml.CSafeLoader),
    "ruamel.yaml safe": with_ruamel("safe"),
    "ruamel.yaml round trip": with_ruamel("rt"),
}


def everywhere(text: str) -> JsonObject:
    """Put a string wherever one can stand: value, key, list item, key behind a dash, below and beside others."""
    return {
        "value": text,
        text: "key",
        "list": [text, [text, "x"], {text: text, "next": 1}, {"first": {text: [text]}}],
        "deep": {"er": {"value": text, text: {text: "x"}}},
        "last": text,
    }


def same(one: JsonValue, other: JsonValue) -> bool:
    """Compare as data: 1 and True differ, 2 and 2.0 do not (JSON has one kind of number)."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, int) and not isinstance(other, bool):
        return one == float(other)  # a JSON writer may print a large float without its exponent
    if isinstance(one, int) and isinstance(other, float) and not isinstance(one, bool):
        return float(one) == other
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def test_the_table_is_long_enough_and_without_repeats() -> None:
    assert len(set(HARD_STRINGS)) == len(HARD_STRINGS) >= 200


@pytest.mark.parametrize("reader", READERS)
def test_hard_strings_come_back_from(reader: str) -> None:
    misread = [text for text in HARD_STRINGS if not same(READERS[reader](emit(everywhere(text))), everywhere(text))]
    assert misread == []


@pytest.mark.parametrize("mode", ["sigs", "strict", "v3", "stream"])
def test_hard_strings_come_back_from_go(go: GoReader, mode: str) -> None:
    answers = go(mode, (emit(everywhere(text)).encode() for text in HARD_STRINGS))
    assert len(answers) == len(HARD_STRINGS)
    misread = [
        (text, answer)
        for text, answer in zip(HARD_STRINGS, answers, strict=True)
        if not same(answer.get("ok"), [everywhere(text)] if mode == "stream" else everywhere(text))
    ]
    assert misread == []


NUMBERS: tuple[tuple[int | float, str], ...] = (
    (0, "0"),
    (-1, "-1"),
    (2**63 - 1, "9223372036854775807"),
    (-(2**63), "-9223372036854775808"),
    (0.5, "0.5"),
    (2.0, "2.0"),
    (-0.0, "-0.0"),
    (1e16, "1.0e+16"),
    (1e-7, "1.0e-07"),
    (1.5e300, "1.5e+300"),
    (5e-324, "5.0e-324"),
    (0.1 + 0.2, "0.30000000000000004"),
)


@pytest.mark.parametrize(("number", "written"), NUMBERS)
def test_numbers(number: float, written: str) -> None:
    document: JsonObject = {"k": number, "l": [number]}
    assert emit(document) == f"k: {written}\nl:\n- {written}\n"
    for name, reader in READERS.items():
        assert same(reader(emit(document)), document), name


def test_numbers_come_back_from_go(go: GoReader) -> None:
    documents: list[JsonObject] = [{"k": number, "l": [number, {"m": number}]} for number, _ in NUMBERS]
    for mode in ("strict", "v3"):
        answers = go(mode, (emit(document).encode() for document in documents))
        assert all(same(answer.get("ok"), document) for answer, document in zip(answers, documents, strict=True))


SPELLED = (
    # Plain: what a person would leave plain.
    ("hf://Qwen/Qwen2.5-0.5B-Instruct", "hf://Qwen/Qwen2.5-0.5B-Instruct"),
    ("--backend=huggingface", "--backend=huggingface"),
    ("serving.kserve.io/v1beta1", "serving.kserve.io/v1beta1"),
    ("2Gi", "2Gi"),
    ("500m", "500m"),
    ("1.2.3", "1.2.3"),
    ("v0.19.0", "v0.19.0"),
    ("on-demand", "on-demand"),
    ("it's", "it's"),
    ("a b", "a b"),
    ("a#b", "a#b"),
    ("été", "été"),
    # Quoted: what some reader takes for something else.
    ("", '""'),
    ("1", '"1"'),
    ("y", '"y"'),
    ("1e3", '"1e3"'),
    ("1234e56", '"1234e56"'),
    ("0o7", '"0o7"'),
    ("08", '"08"'),
    ("1:30", '"1:30"'),
    ("=", '"="'),
    ("2027-03-31", '"2027-03-31"'),
    ("null", '"null"'),
    ("a: b", '"a: b"'),
    ("a #b", '"a #b"'),
    ("{{.Name}}", '"{{.Name}}"'),
    ("*.example.com", '"*.example.com"'),
    (" a", '" a"'),
    ('say "hi"\\', 'say "hi"\\'),
    ('"hi"\\', '"\\"hi\\"\\\\"'),
    # Escaped: what a review would not show.
    ("a\tb", '"a\\tb"'),
    ("a\u200bb", '"a\\u200bb"'),
    ("a\u202eb", '"a\\u202eb"'),
    ("a\u00a0b", '"a\\u00a0b"'),
    ("\x00\x7f\x85\u2028\ufeff", '"\\u0000\\u007f\\u0085\\u2028\\ufeff"'),
    ("\U000e0001", '"\\U000e0001"'),
    # Several lines: a block of text where no reader can change it.
    ("a\nb", "|-\n  a\n  b"),
    ("a\n\n  b\n", "|\n  a\n\n    b"),
    (" a\nb", '" a\\nb"'),
    ("a \nb", '"a \\nb"'),
    ("a\n\n", '"a\\n\\n"'),
    ("a\r\nb", '"a\\r\\nb"'),
)


@pytest.mark.parametrize(("text", "written"), SPELLED)
def test_strings_are_spelled(text: str, written: str) -> None:
    assert emit({"k": text}) == f"k: {written}\n"


def test_layout_is_kubectls() -> None:
    document: JsonObject = {
        "b": {"z": 1, "a": None},
        "list": [{"name": "x", "env": [{"k": True}]}, ["p", ["q"]], {}, [], "s"],
        "empty": {},
        "none": [],
        "text": {"script": "one\ntwo\n"},
        "items": ["one\ntwo"],
    }
    assert emit(document) == (
        "b:\n  z: 1\n  a: null\n"
        "list:\n- name: x\n  env:\n  - k: true\n- - p\n  - - q\n- {}\n- []\n- s\n"
        "empty: {}\nnone: []\n"
        "text:\n  script: |\n    one\n    two\n"
        "items:\n- |-\n  one\n  two\n"
    )
    assert emit({}) == "{}\n"


def test_a_key_that_is_too_long_for_a_simple_one() -> None:
    assert emit({"k" * 1000: 1}).startswith("kkk")
    assert emit({"k" * 1001: {"a": 1}}) == f"? {'k' * 1001}\n:\n  a: 1\n"
    assert emit({"l": [{"k" * 1001: [1], "b": 2}]}) == f"l:\n- ? {'k' * 1001}\n  :\n  - 1\n  b: 2\n"


def deep(levels: int) -> JsonObject:
    value: JsonObject = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, math.inf, -math.inf, math.nan, "\ud800", "a\n\udfff", deep(300)],
    ids=["2^63", "-2^63-1", "inf", "-inf", "nan", "high surrogate", "low surrogate", "300 deep"],
)
def test_what_no_document_can_carry_is_refused(value: JsonValue) -> None:
    with pytest.raises(UnwritableValueError):
        emit({"a": value})


TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text("yYnN0123456789eE+-._:=<~ox \n\t#'\"|>&*!%@[]{},?")
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=4)


@given(DOCUMENTS)
@example({"a": [[[{}]], {"b": []}]})
def test_any_document_comes_back_from_our_own_reader_in_the_same_order(document: JsonObject) -> None:
    again = with_ours(emit(document))
    assert again == document
    assert repr(again) == repr(document)  # the same types, and the same order of keys
    assert emit(document) == emit(document)


@given(DOCUMENTS)
def test_any_document_comes_back_from_pyyaml(document: JsonObject) -> None:
    written = emit(document)
    assert same(yaml.load(written, yaml.CSafeLoader), document)
    assert same(yaml.load(written, yaml.SafeLoader), document)


@given(DOCUMENTS)
def test_any_document_comes_back_from_ruamel(document: JsonObject) -> None:
    assert same(READERS["ruamel.yaml safe"](emit(document)), document)


@given(st.lists(DOCUMENTS, min_size=20, max_size=20))
def test_any_documents_come_back_from_go(go: GoReader, documents: list[JsonObject]) -> None:
    for mode in ("strict", "v3"):
        answers = go(mode, (emit(document).encode() for document in documents))
        assert all(same(answer.get("ok"), document) for answer, document in zip(answers, documents, strict=True))
