"""The name that was probably meant: a wrong one and the right ones in, a sentence out."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name; empty where none is near."""
    import difflib  # noqa: PLC0415 - only a finding needs it

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"Did you mean {near[0]}?" if near else ""
