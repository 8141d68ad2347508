"""Patterns mean the same to every Python that we run on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[1] / "generator"
_CHARACTERS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_POSSESSIVE_GROUP = re.compile(r"[^(]\)(?:[*+?]|\{[0-9,]+\})\+")


def possessive_groups(source: str) -> Iterator[str]:
    """Find the texts that repeat a group and give nothing back of it: `(?:a|b)*+`, and not `a*+`."""
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and _POSSESSIVE_GROUP.search(_CHARACTERS.sub("x", text)):
            yield text


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('P = r"(?:a|b c)*+"', True),
        ('P = rf"{X}(?:a)?+"', True),
        ('P = r"(?:a){2,}+"', True),
        ('P = r"(?:a++|b*+)*"', False),
        ('P = r"[()*+,;=]*"', False),
        ('CHARACTERS = "()*+,"', False),
    ],
)
def test_what_is_looked_for(source: str, found: bool) -> None:
    assert any(possessive_groups(source)) is found


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Before Python 3.11.5 they match wrongly (gh-106052): a value was read with the blanks behind it."""
    files = GENERATOR.rglob("*.py")
    assert [(str(file), text) for file in files for text in possessive_groups(file.read_text("utf-8"))] == []
