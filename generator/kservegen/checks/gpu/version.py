"""Versions of vLLM as tuples: `0.11.2`, `v0.8.5.post1`, `0.15.2rc1` or `0.10.1.2.dev0` in, numbers out."""

from __future__ import annotations

import re
from typing import Final

_NUMBERS: Final = re.compile(r"v?(\d+(?:\.\d+)*)")


def parse_version(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version; empty for what is none."""
    match = _NUMBERS.match(version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
