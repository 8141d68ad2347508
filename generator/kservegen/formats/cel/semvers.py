"""Kubernetes' `semver`: text in, versions out, by the rules of semver.org as blang/semver reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from kservegen.core.patterns import lazy_pattern
from kservegen.formats.cel.function import SEMVER, Function, Tagged, tagged, untagged

_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_PART: Final = r"[0-9A-Za-z-]+"
_VERSION: Final = lazy_pattern(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PART}(?:\.{_PART})*))?(?:\+{_PART}(?:\.{_PART})*)?"
)
_LARGEST: Final = 2**64


class _Version(NamedTuple):
    """A version in the order of versions: a release comes after its pre-releases; build metadata does not count."""

    numbers: tuple[int, int, int]
    is_release: bool
    pre: tuple[tuple[bool, int, str], ...]


@lru_cache(maxsize=4096)
def _parse(text: str) -> _Version:
    match = _VERSION.fullmatch(text)
    if match is None:
        is_short = text.count(".") < 2
        raise ValueError("No Major.Minor.Patch elements found" if is_short else f"{text!r} is no semantic version")
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    parts = match[4].split(".") if match[4] else []
    if any(part.isdecimal() and part.startswith("0") and part != "0" for part in parts):
        raise ValueError(f"Numeric PreRelease version must not contain leading zeroes: {text!r}")
    # Numbers come before words; of equal parts the longer list is the later version.
    pre = tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts)
    if max(*numbers, *(number for _, number, _ in pre)) >= _LARGEST:
        raise ValueError(f"value out of range: {text!r}")
    return _Version(numbers, not pre, pre)


def _normal(text: str) -> str:
    """Drop a leading `v` and zeros, add missing numbers."""
    parts = [_without_zeros(part) for part in text.removeprefix("v").split(".", 2)]
    if len(parts) < 3 and any(sign in parts[-1] for sign in "+-"):
        raise ValueError("short version cannot contain PreRelease/Build meta data")
    return ".".join(parts + ["0"] * (3 - len(parts)))


def _without_zeros(part: str) -> str:
    if len(part) < 2:
        return part
    rest = part.lstrip("0")
    return rest if rest[:1] in set("0123456789") else "0" + rest


def _semver(text: str) -> Tagged:
    _parse(text)
    return tagged(SEMVER, text.partition("+")[0])


def _semver_from(text: str, normalize: object) -> Tagged:
    return _semver(_normal(text) if normalize else text)


def _is_semver(text: str, normalize: object = False) -> bool:
    try:
        _semver_from(text, normalize)
    except ValueError:
        return False
    return True


def _read(value: Tagged) -> _Version:
    return _parse(untagged(value, SEMVER))


def _compare(left: Tagged, right: Tagged) -> int:
    ours, theirs = _read(left), _read(right)
    return (ours > theirs) - (ours < theirs)


FUNCTIONS: Final = (
    Function(name="semver", parameters=("string",), result=SEMVER, call=_semver, member=False),
    Function(name="semver", parameters=("string", "bool"), result=SEMVER, call=_semver_from, member=False),
    Function(name="isSemver", parameters=("string",), result="bool", call=_is_semver, member=False),
    Function(name="isSemver", parameters=("string", "bool"), result="bool", call=_is_semver, member=False),
    Function(name="major", parameters=(SEMVER,), result="int", call=lambda value: _read(value).numbers[0]),
    Function(name="minor", parameters=(SEMVER,), result="int", call=lambda value: _read(value).numbers[1]),
    Function(name="patch", parameters=(SEMVER,), result="int", call=lambda value: _read(value).numbers[2]),
    Function(name="isGreaterThan", parameters=(SEMVER, SEMVER), result="bool", call=lambda a, b: _compare(a, b) > 0),
    Function(name="isLessThan", parameters=(SEMVER, SEMVER), result="bool", call=lambda a, b: _compare(a, b) < 0),
    Function(name="compareTo", parameters=(SEMVER, SEMVER), result="int", call=_compare),
)
