"""What is wrong with JSON is told alike, whichever Python reads it."""

from __future__ import annotations

import json

import pytest

from kservegen.core.foreign_json import json_mistake


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ('{"a": 1,}', "Illegal trailing comma before end of object", 7),
        ('{"a": [1 , \n ]}', "Illegal trailing comma before end of array", 9),
        ("{,}", "Expecting property name enclosed in double quotes", 1),
        ("{'a': 1}", "Expecting property name enclosed in double quotes", 1),
        ("[,]", "Expecting value", 1),
        ("[1, 2", "Expecting ',' delimiter", 5),
        ("", "Expecting value", 0),
    ],
)
def test_a_mistake_has_its_words_and_its_place(text: str, message: str, position: int) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert json_mistake(caught.value) == (message, position)
