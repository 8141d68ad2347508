"""How many inputs a law is tried on: a tenth in `make test`, all in `make laws`."""

from __future__ import annotations

import os

# Fewer find no mistake that is more than a slip.
_LEAST = 25


def examples(count: int) -> int:
    """Return how many of `count` inputs to try in this run."""
    return count if os.environ.get("KSERVEGEN_FUZZ") == "1" else max(count // 10, min(count, _LEAST))
