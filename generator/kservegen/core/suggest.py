"""The name that was probably meant: a wrong one and the right ones in, a sentence out; or whether it is a slip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kservegen.core.patterns import lazy_pattern

# What is longer is no misspelt name; comparing takes time by the square of the length.
_LONGEST: Final = 200
_WORDS: Final = lazy_pattern(r"[a-z]+|[0-9]+")
# Shorter parts of names are labels: a, b; dev, prod; eu, us.
_WORD: Final = 4


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", *, most: int = 1, cutoff: float = 0.6) -> str:
    """Suggest the nearest known names, `most` of them; `otherwise` where none is nearer than the cutoff."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    near = get_close_matches(name, list(dict.fromkeys(known)), n=most, cutoff=cutoff) if len(name) <= _LONGEST else ()
    return f"Did you mean {', '.join(near)}?" if near else otherwise


def suggest_stem(name: str, known: Iterable[str]) -> str:
    """Suggest the longest known name that this one begins with, as those of pods and Services do; blank for none."""
    stems = [each for each in known if name.startswith(f"{each}-")]
    return f"Did you mean {max(stems, key=len)}?" if stems else ""


_LISTED: Final = 20


def suggest_entry(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Suggest entries of the catalog for a name that is none; of a pod's or a Service's say what finds its entry.

    Where nothing is like it, `otherwise` is said, with the known names: "Known".
    """
    names = list(dict.fromkeys(known))
    stem = suggest_stem(name, names)
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    listed = f"{otherwise}: {', '.join(names[:_LISTED]) or 'nothing'}{more}." if otherwise else ""
    finder = f"{stem} What a pod or a Service comes from: kservegen find {name}" if stem else ""
    return did_you_mean(name, names, finder or listed)


def is_slip(name: str, known: Iterable[str]) -> bool:
    """Tell whether a name is all but certainly a known one, mistyped.

    Names of siblings are alike by intent: they differ in a number or a short label (`sa-1`, `sa-2`; `key-eu`,
    `key-us`), or in the first letter of a word (`east`, `west`), which is seldom mistyped. A slip is one edit inside a
    word, a letter more, less, other, or two swapped; or a separator that is not there.
    """
    words = _WORDS.findall(name.lower()) if len(name) <= _LONGEST else []
    return any(_differs_by_a_slip(words, _WORDS.findall(other.lower())) for other in known if other != name)


def _differs_by_a_slip(one: list[str], other: list[str]) -> bool:
    if len(one) != len(other):
        return "".join(one) == "".join(other)
    differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(differing) != 1:
        return not differing and bool(one)
    (a, b), *_ = differing
    return min(len(a), len(b)) >= _WORD and not a.isdigit() and a[0] == b[0] and _is_one_edit(a, b)


def _is_one_edit(a: str, b: str) -> bool:
    """Whether a letter is more, less or another, or two neighbours are swapped."""
    shorter, longer = sorted((a, b), key=len)
    start = next((i for i, (x, y) in enumerate(zip(shorter, longer, strict=False)) if x != y), len(shorter))
    rest, more = shorter[start:], longer[start:]
    if len(a) != len(b):
        return rest == more[1:]
    return rest[1:] == more[1:] or (rest[:2] == more[1::-1] and rest[2:] == more[2:])
