"""Quantities: a table that stands alone, and Kubernetes' own library as the judge of everything else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples

from kservegen.core.quantity import SuffixFamily, canonical, parse_quantity

GO_SOURCE = Path(__file__).parents[2] / "go_quantity"

# What is written -> what the API server stores.
CANONICAL: tuple[tuple[str | float, str], ...] = (
    ("1000m", "1"),
    ("0.5", "500m"),
    (1, "1"),
    (0.5, "500m"),
    (6.5, "6500m"),
    (1e3, "1k"),
    (100000, "100k"),
    (1e-7, "100e-9"),
    (1.2345678901234567e20, "123456789012345670k"),
    ("1e3", "1e3"),
    ("1E3", "1E3"),
    ("12e6", "12e6"),
    ("1e4", "10e3"),
    ("1024Mi", "1Gi"),
    ("1.5Gi", "1536Mi"),
    ("0.1Gi", "107374182400m"),
    ("0.5Ki", "512"),
    (".5Gi", "512Mi"),
    ("100Ki", "100Ki"),
    ("1023Ki", "1023Ki"),
    ("2048Ki", "2Mi"),
    ("8Gi", "8Gi"),
    ("8Ei", "9223372036854775807"),
    ("-9Ei", "-9223372036854775807"),
    ("0", "0"),
    ("00", "0"),
    ("0Gi", "0"),
    ("-0", "0"),
    ("-1Gi", "-1Gi"),
    ("1n", "1n"),
    ("0.1n", "1n"),
    ("-0.1n", "-1n"),
    ("1e-10", "1e-9"),
    ("1.5", "1500m"),
    ("+1", "+1"),
    ("01", "01"),
    ("1.500", "1.500"),
    ("+1Pi", "1Pi"),
    ("1000E", "1"),
    (".", "0"),
    (" 1Gi ", "1Gi"),
    ("1e9999999999", "10e1410065406"),
)

REFUSED: tuple[str | float, ...] = (
    "",
    " ",
    "6GiB",
    "1gi",
    "1Kb",
    "0x10",
    "nan",
    "1 Gi",
    "1,5",
    "1_000",
    "--1",
    "1e",
    "1e5.5",
    "1e99999999999999999999",
    ".Pi",
    "1..5",
    "\u0661",
    "1\n",
    "9" * 5000,
    float("nan"),
    float("inf"),
    True,
    False,
)


@pytest.mark.parametrize(("written", "stored"), CANONICAL)
def test_canonical_is_what_the_server_stores(written: str | float, stored: str) -> None:
    assert canonical(written) == stored


@pytest.mark.parametrize("written", REFUSED, ids=lambda v: repr(v)[:30])
def test_what_is_no_quantity_is_none(written: str | float) -> None:
    assert parse_quantity(written) is None
    with pytest.raises(ValueError, match="not a quantity"):
        canonical(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("100m", Fraction(1, 10)),
        ("1.5Gi", Fraction(3 * 2**29)),
        ("-2k", Fraction(-2000)),
        ("1e-3", Fraction(1, 1000)),
        ("0.1n", Fraction(1, 10**9)),
    ],
)
def test_value_is_exact(written: str, value: Fraction) -> None:
    quantity = parse_quantity(written)
    assert quantity is not None
    assert quantity.value == value


def test_the_family_of_suffixes_is_kept() -> None:
    families = {text: quantity.family for text in ("1", "1m", "1Ki", "1e3") if (quantity := parse_quantity(text))}
    assert families == {
        "1": SuffixFamily.DECIMAL,
        "1m": SuffixFamily.DECIMAL,
        "1Ki": SuffixFamily.BINARY,
        "1e3": SuffixFamily.EXPONENT,
    }


def test_an_absurd_exponent_compares_at_once_and_counts_as_the_most_that_go_counts() -> None:
    huge, one = parse_quantity("1e999999999"), parse_quantity("1")
    assert huge is not None
    assert one is not None
    assert (huge.compare(one), one.compare(huge), huge.compare(huge)) == (1, -1, 0)
    assert huge.is_whole
    assert huge.value == 2**63 - 1
    assert not huge.is_countable


@pytest.mark.parametrize(
    ("written", "value", "is_countable"),
    [
        ("9223372036854775807", 2**63 - 1, True),
        ("9223372036854775808", 2**63 - 1, False),
        ("-1e19", 1 - 2**63, False),
        ("9e18", 9 * 10**18, True),
        ("0e999999999", 0, True),
        ("8Ei", 2**63 - 1, True),
        ("9" * 40 + "n", 2**63 - 1, False),
        ("1e-9", Fraction(1, 10**9), True),
    ],
)
def test_amounts_are_counted_in_64_bits(written: str, value: Fraction, is_countable: bool) -> None:
    quantity = parse_quantity(written)
    assert quantity is not None
    assert (quantity.value, quantity.is_countable) == (value, is_countable)


AMOUNTS = st.from_regex(r"[+-]?(0|[1-9][0-9]{0,20})(\.[0-9]{1,12})?", fullmatch=True)
SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e"])
EXPONENTS = st.integers(min_value=-40, max_value=40)
WRITTEN = st.builds(lambda a, s, e: f"{a}e{e}" if s == "e" else a + s, AMOUNTS, SUFFIXES, EXPONENTS)
NEAR_MISSES = st.text(alphabet="0123456789+-.eEinumkKMGTP", max_size=14).filter(
    # Exponents that Go computes digit by digit are left out: they prove nothing and take for ever.
    lambda text: len(text.lower().rpartition("e")[2].lstrip("+-")) < 4
)


@given(WRITTEN, WRITTEN)
def test_comparing_is_comparing_values(left: str, right: str) -> None:
    a, b = parse_quantity(left), parse_quantity(right)
    assert a is not None
    assert b is not None
    if min(abs(a.value), abs(b.value)) < 2**63 - 1:  # the values of two that are larger are that alike
        assert a.compare(b) == (a.value > b.value) - (a.value < b.value)
    assert a.sign == (a.value > 0) - (a.value < 0)
    assert a.is_whole == (a.value.denominator == 1) or not a.is_countable


@given(WRITTEN)
def test_canonical_text_stands_still_and_keeps_the_amount(written: str) -> None:
    once = parse_quantity(written)
    assert once is not None
    again = parse_quantity(once.text)
    assert again is not None
    assert again.text == once.text
    if abs(once.value) < 10**21:  # beyond, Go drops the suffix
        assert again.value == once.value


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """Kubernetes' Quantity, listening: one JSON value a line in, its text out."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    binary = tmp_path_factory.mktemp("go") / "quantity"
    built = subprocess.run(
        [compiler, "build", "-o", binary, "."], cwd=GO_SOURCE, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _absent(f"the Go program does not build here: {built.stderr.strip()[-300:]}")
    pipe = subprocess.PIPE
    with subprocess.Popen([binary], stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:
        yield process
        process.kill()


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def ask(go: subprocess.Popen[str], value: str | float) -> str | None:
    assert go.stdin is not None
    assert go.stdout is not None
    mark = "float " if isinstance(value, float) else ""
    go.stdin.write(mark + json.dumps(value, ensure_ascii=False) + "\n")
    go.stdin.flush()
    answer = go.stdout.readline().rstrip("\n")
    return None if answer == "!" else str(json.loads(answer))


def ours(value: str | float) -> str | None:
    quantity = parse_quantity(value)
    return None if quantity is None else quantity.text


@pytest.mark.parametrize(("written", "stored"), CANONICAL)
def test_the_table_is_what_go_says(go: subprocess.Popen[str], written: str | float, stored: str) -> None:
    assert ask(go, written) == stored


@pytest.mark.parametrize("written", [v for v in REFUSED if isinstance(v, str) and len(v) < 4000])
def test_go_refuses_the_same(go: subprocess.Popen[str], written: str) -> None:
    assert ask(go, written) is None


@settings(max_examples=examples(3000))
@given(written=WRITTEN)
def test_go_agrees_on_well_formed_text(go: subprocess.Popen[str], written: str) -> None:
    assert ours(written) == ask(go, written)


@settings(max_examples=examples(3000))
@given(written=NEAR_MISSES)
def test_go_agrees_on_any_text(go: subprocess.Popen[str], written: str) -> None:
    assert ours(written) == ask(go, written)


@settings(max_examples=examples(500))
@given(number=st.integers(min_value=-(10**25), max_value=10**25))
def test_go_agrees_on_integers(go: subprocess.Popen[str], number: int) -> None:
    assert ours(number) == ask(go, number)


@settings(max_examples=examples(2000))
@given(number=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_go_agrees_on_floats(go: subprocess.Popen[str], number: float) -> None:
    assert ours(number) == ask(go, number)
