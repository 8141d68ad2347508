"""kubeconform's own words become findings with our ids and paths."""

from __future__ import annotations

import pytest

from kservegen.checks.engines.kubeconform.messages import read_message
from kservegen.core.jsontypes import JsonObject, Path

HEAD = "problem validating schema. Check JSON formatting: jsonschema validation failed with 'file:///s.json#' "
DOCUMENT: JsonObject = {"spec": {"a": [{"b": 1}], "m": {"0": {"x": None}, "n.com/g": "1x"}}}

MESSAGES: tuple[tuple[str, list[tuple[str, Path]]], ...] = (
    ("- at '/spec/a/0/b': got number, want string", [("schema/wrong-type", ("spec", "a", 0, "b"))]),
    (
        "- at '/spec': validation failed   - at '/spec/m': additional properties 'x', 'y' not allowed",
        [("schema/unknown-field", ("spec", "m", "x")), ("schema/unknown-field", ("spec", "m", "y"))],
    ),
    (
        "- at '/spec': missing properties 'p', 'q'",
        [("schema/missing-field", ("spec",)), ("schema/missing-field", ("spec",))],
    ),
    ("- at '/spec/a/0/b': value must be one of 'x', 'y'", [("schema/not-allowed", ("spec", "a", 0, "b"))]),
    ("- at '/spec/a/0/b': minimum: got 0, want 1", [("schema/out-of-range", ("spec", "a", 0, "b"))]),
    ("- at '/spec/a': minItems: got 0, want 1", [("schema/wrong-length", ("spec", "a"))]),
    ("- at '/spec/m/n.com~1g': '1x' does not match pattern '^[0-9]+$'", [("schema/pattern", ("spec", "m", "n.com/g"))]),
    ("- at '/spec/m/0/x': got null, want object", [("schema/wrong-type", ("spec", "m", "0", "x"))]),
    ("- at '/spec/a': something that nobody has seen", [("schema/one-of", ("spec", "a"))]),
    ("something else", [("schema/one-of", ())]),
)


@pytest.mark.parametrize(
    ("message", "expected"), MESSAGES, ids=lambda value: value[:40] if isinstance(value, str) else ""
)
def test_a_message(message: str, expected: list[tuple[str, Path]]) -> None:
    assert [(finding.rule, finding.path) for finding in read_message(HEAD + message, DOCUMENT)] == expected


def test_what_was_seen_and_what_is_allowed() -> None:
    (found,) = read_message(HEAD + "- at '/spec/m/n.com~1g': value must be one of 'a', 'b'", DOCUMENT)
    assert (found.seen, found.allowed) == ('"1x"', "a, b")
