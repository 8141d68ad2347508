"""The name that was probably meant: a wrong one and the right ones in, a sentence out."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Suggest the nearest known name; empty where none is alike by at least `cutoff`, of 0 to 1."""
    import difflib  # noqa: PLC0415 - only a finding needs it

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"Did you mean {near[0]}?" if near else ""
