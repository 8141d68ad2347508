"""What is wrong at a place of a document, without the id of the rule that says so."""

from __future__ import annotations

from typing import NamedTuple

from kservegen.core.jsontypes import Path


class Problem(NamedTuple):
    """What a law finds in a document at `path`; checks add the rule's id and its fix.

    `at_key` asks for the position of the key instead of its value (an unknown field, a missing neighbour).
    """

    path: Path
    message: str
    seen: str = ""
    allowed: str = ""
    at_key: bool = False
