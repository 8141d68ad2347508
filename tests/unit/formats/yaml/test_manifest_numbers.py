"""Numbers of manifests are read as the API server stores them, and what is read can be written."""

from __future__ import annotations

import pytest

from kservegen.core.document import mapping, sequence
from kservegen.core.foreign_json import parse_json
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.manifest import load_manifests

# An int64 stays what it is, beyond it Kubernetes' clients have a double.
NUMBERS: tuple[tuple[str, int | float], ...] = (
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("9223372036854775808", 2.0**63),
    ("-9223372036854775809", -(2.0**63)),
    ("18446744073709551615", 2.0**64),
    ("18446744073709551616", 2.0**64),
    ("1000000000000000000000000000000", 1e30),
)


@pytest.mark.parametrize("text", ['{{"a": [{}]}}', '{{"a" : [{}]}}', "a:\n- {}\n", "a: [{}, &b c]\n"])
@pytest.mark.parametrize(("written", "number"), NUMBERS)
def test_a_number_is_what_the_api_server_stores(text: str, written: str, number: float) -> None:
    (document,) = load_manifests(text.format(written).encode(), "f.yaml").documents
    value = mapping(document.value)
    read = sequence(value["a"])[0]
    assert (read, type(read)) == (number, type(number))
    (again,) = load_manifests(emit(value).encode(), "f.yaml").documents
    assert again.value == value


@pytest.mark.parametrize("text", ["1" + "0" * 400, "1" + "0" * 5000, "-1e400"])
def test_what_no_double_holds_is_no_number(text: str) -> None:
    (problem,) = load_manifests(f'{{"a": {text}}}'.encode(), "f.yaml").diagnostics
    assert problem.rule == "yaml/not-json"


@pytest.mark.parametrize("text", ["1" + "0" * 400, "-1e400", "NaN", "-Infinity"])
def test_an_answer_of_others_holds_no_such_number(text: str) -> None:
    with pytest.raises(ValueError, match=text[:20]):
        parse_json(f"[{text}]")
