"""`lazy_pattern` of `core/patterns.py`: it answers as the pattern does, before it is compiled and after."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kservegen.core.patterns import lazy_pattern

TEXT = r"(?P<word>[a-z]+)=(\d+)"


@pytest.mark.parametrize(
    "asked",
    [
        lambda p: p.fullmatch("A=1")[1],
        lambda p: p.match("A=1 B=2").span(),
        lambda p: p.search("A=1 B=2", 2)["word"],
        lambda p: p.findall("a=1 b=2"),
        lambda p: [found[0] for found in p.finditer("a=1 b=2")],
        lambda p: p.split("a=1 b=2"),
        lambda p: p.sub("x", "a=1 b=2"),
        lambda p: p.subn(r"\1", "a=1 b=2"),
        lambda p: p.fullmatch("?"),
        lambda p: (p.pattern, p.flags, p.groups, dict(p.groupindex)),
    ],
)
def test_it_answers_as_the_pattern_does(asked: Callable[[re.Pattern[str]], object]) -> None:
    pattern = lazy_pattern(TEXT, re.IGNORECASE)
    expected = asked(re.compile(TEXT, re.IGNORECASE))
    assert [asked(pattern), asked(pattern)] == [expected, expected]


def test_bytes_are_matched_too() -> None:
    assert lazy_pattern(rb"a+").findall(b"aab") == [b"aa"]


def test_what_is_no_pattern_is_told_when_it_is_asked() -> None:
    pattern = lazy_pattern("(")
    with pytest.raises(re.error):
        pattern.match("")
    with pytest.raises(re.error):
        pattern.match("")
    with pytest.raises(AttributeError):
        lazy_pattern("a").unknown  # type: ignore[attr-defined]  # noqa: B018
