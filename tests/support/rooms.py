"""The rooms of the package, from the bottom up: a module imports from its own room and from those before it."""

from __future__ import annotations

from typing import Final

ROOMS: Final = (
    "core",
    "formats",
    "git",
    "kubernetes",
    "catalog",
    "kserve",
    "render",
    "checks",
    "evaluate",
    "changes",
    "commands",
    "report",
    "cli",
)
