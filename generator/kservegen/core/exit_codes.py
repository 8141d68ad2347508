"""The exit codes of every command: a contract with whoever calls it."""

from __future__ import annotations

from typing import Final

CLEAN: Final = 0
FINDINGS: Final = 1  # at or above --fail-on, drift, or differences where they are asked for
OPERATIONAL: Final = 2  # usage, or what an operator has to put right
INTERNAL_ERROR: Final = 3  # an error of kservegen itself
