"""Patterns that people and schemas bring: read as Go reads them, answered in time, refused with Go's words."""

from __future__ import annotations

import time

import pytest

from kservegen.core.jsontypes import JsonObject
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.regexp import RegexpError, regexp_matches


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^a$", "a\n", False),
        (r"^\d$", "\u0661", False),
        (r"^\pL\z", "\u00e4", True),
        ("b", "\ud800b", True),
        ("^(a+)+$", "a" * 10_000 + "!", False),
    ],
)
def test_patterns_are_those_of_go(pattern: str, text: str, expected: bool) -> None:
    begun = time.process_time()
    assert regexp_matches(pattern, text) is expected
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("pattern", ["\ud800", r"\C", r"\\\C", r"(\pL{500}){3}", r"[^\pL]{1000}" * 20])
def test_what_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(RegexpError, match="error parsing regexp: "):
        regexp_matches(pattern, "")


def test_an_escaped_backslash_is_no_byte() -> None:
    assert regexp_matches(r"\\C", "\\C")


@pytest.mark.parametrize("uncompiled", [0, 60])
@pytest.mark.parametrize(
    ("schema", "refused", "message"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 50 + "!", "is not text that matches"),
        ({"pattern": "^(?!b)"}, "a", "should match '^(?!b), but pattern is invalid: error parsing regexp: "),
        ({"patternProperties": {"^(?!b)": {"type": "string"}}, "additionalProperties": False}, {"a": ""}, "unknown"),
    ],
)
def test_a_schema_s_pattern(schema: JsonObject, refused: str, message: str, uncompiled: int) -> None:
    draft: JsonObject = {"$schema": "http://json-schema.org/draft-07/schema#"}
    (finding,) = Validator(draft | schema, uncompiled=uncompiled).check(refused)
    assert message in finding.message
