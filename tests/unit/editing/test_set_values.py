"""Setting values in a file that people wrote: nothing else moves, and what would move something is refused."""

from __future__ import annotations

import pytest

from kservegen.editing.text import set_values
from kservegen.errors import GeneratorError

TEXT = """\
# A comment at the top.
version: 1

models:  # and one beside
  qwen: {minReplicas: 1, args: [ --a, "--b" ]}   # flow

  iris:
    env:
      - {name: A, value: "010"}
    # the last word
    labels: {a: 'b'}
"""


def test_only_the_value_changes() -> None:
    edited = set_values(TEXT, {("models", "qwen", "minReplicas"): 2}, "a.yaml")
    before, after = TEXT.splitlines(), edited.splitlines()
    assert [number for number, line in enumerate(before) if line != after[number]] == [4]
    assert "minReplicas: 2" in after[4]
    assert after[4].endswith("# flow")


def test_maps_on_the_way_are_made() -> None:
    edited = set_values(TEXT, {("waivers", "w", "rule"): "policy/x"}, "a.yaml")
    assert edited == TEXT + "waivers:\n  w:\n    rule: policy/x\n"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("models: {a: 1}\n", ("models", "a", "b"), "no map"),
        ("models: [\n", ("models",), "mistakes"),
        ("- a\n", ("models",), "mistakes"),
        ("models: {a: on}\n", ("models", "b"), "mistakes"),
    ],
    ids=["below a scalar", "broken", "a list", "ambiguous"],
)
def test_what_cannot_be_edited_is_refused(text: str, path: tuple[str, ...], message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        set_values(text, {path: 1}, "a.yaml")
