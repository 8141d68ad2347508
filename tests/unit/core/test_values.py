"""Numbers in texts, read as Go reads them."""

from __future__ import annotations

import pytest

from kservegen.core.values import LARGEST_INT64, signed_number, whole_number

_BEYOND = LARGEST_INT64 + 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("0" * 5000 + "7", 7),
        (str(LARGEST_INT64), LARGEST_INT64),
        (str(_BEYOND), None),
        ("9" * 5000, None),
        ("", None),
        ("1_000", None),
        (" 1", None),
        ("1.0", None),
        ("٣", None),
        ("²", None),
        ("0x1", None),
    ],
)
def test_a_number_without_a_sign(text: str, number: int | None) -> None:
    assert whole_number(text) == number
    assert signed_number(text) == number
    assert signed_number(f"+{text}") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-0", 0),
        ("-7", -7),
        (f"-{_BEYOND}", -_BEYOND),
        (f"-000{_BEYOND}", -_BEYOND),
        (f"-{_BEYOND + 1}", None),
        ("-" + "9" * 5000, None),
        ("-", None),
        ("+-1", None),
        ("--1", None),
        ("-1_0", None),
    ],
)
def test_a_number_with_a_sign(text: str, number: int | None) -> None:
    assert signed_number(text) == number
    assert whole_number(text) is None
