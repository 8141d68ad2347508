"""The name that was probably meant: a wrong one and the right ones in, a sentence out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# What is longer is no misspelt name; comparing takes time by the square of the length.
_LONGEST: Final = 200


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", *, most: int = 1, cutoff: float = 0.6) -> str:
    """Suggest the nearest known names, `most` of them; `otherwise` where none is nearer than the cutoff."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    near = get_close_matches(name, list(known), n=most, cutoff=cutoff) if len(name) <= _LONGEST else ()
    return f"Did you mean {', '.join(near)}?" if near else otherwise
