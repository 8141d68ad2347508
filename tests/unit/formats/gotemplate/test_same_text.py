"""A text that many objects share is checked once, and against each type on its own."""

from __future__ import annotations

import json

import pytest

from kservegen.checks.rules.kserve._templates import mistake_in
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.formats.gotemplate.shape import STRING, Struct

NAMED = Struct("named", {"Name": STRING})
NAMELESS = Struct("nameless", {"Title": STRING})
PART: JsonValue = {"args": ["plain", "{{ .Name }}"]}


def test_the_same_text_is_judged_by_the_type_at_hand() -> None:
    for _ in range(2):
        assert mistake_in(PART, ("spec",), NAMED) is None
        found = mistake_in(PART, ("spec",), NAMELESS)
        assert found is not None
        assert found.at.path == ("spec", "args", 1)


@pytest.mark.parametrize("path", [("a",), ("elsewhere", "b")])
def test_the_same_text_is_found_at_its_own_place(path: Path) -> None:
    found = mistake_in(PART, path, NAMELESS)
    assert found is not None
    assert found.at.path == (*path, "args", 1)


def test_equal_texts_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("kservegen.formats.gotemplate.check.check_template", lambda text, _: asked.append(text))
    fresh = Struct("fresh", {"Name": STRING})
    for _ in range(3):
        mistake_in(json.loads(json.dumps(PART)), ("spec",), fresh)
    assert asked == ["{{ .Name }}"]
    mistake_in({"args": ["plain"]}, ("spec",), fresh)
    assert len(asked) == 1
