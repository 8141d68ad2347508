"""A word that people type or read in; what it means, out: of a file, of a plan, of a verdict, of a controller."""

from __future__ import annotations

from msgspec import Struct

from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.core.terms import ResultWord, find_term, terms

# Descriptions that are of a place and no word of their own.
_OVERLAY = "-overlay"


class ExplainedWord(Struct, frozen=True, kw_only=True):
    """A word, what it says in each file that has it (by its path there), and what it means where it is printed."""

    name: str
    typed: tuple[tuple[str, str], ...]
    term: ResultWord | None


def explain_word(name: str) -> ExplainedWord | None:
    """Explain a word by its path (guards.maxRemovals) or its name alone; None for one that is neither."""
    exact = DESCRIPTIONS.get(name)
    ends = [(path, text) for path, text in _words().items() if path.rpartition(".")[2] == name]
    typed = ((name, exact),) if exact else tuple(ends)
    term = find_term(name) or find_term(name.rpartition(".")[2] if typed else name)
    return ExplainedWord(name=name, typed=typed, term=term) if typed or term is not None else None


def known_words() -> tuple[str, ...]:
    """List every word that can be explained."""
    return (*_words(), *terms())


def _words() -> dict[str, str]:
    return {path: text for path, text in DESCRIPTIONS.items() if not path.endswith(_OVERLAY)}
