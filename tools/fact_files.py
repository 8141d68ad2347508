"""Compiled facts on disk: files and what is to stand in them in; written, or with `--check` told where they differ."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_facts(wanted: Mapping[Path, str], stale: str) -> int:
    """Write the files, or with --check say of each that differs that it is `stale`; return the exit code."""
    if "--check" not in sys.argv:
        for file, content in wanted.items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return 0
    differing = [f for f, content in wanted.items() if not f.exists() or f.read_text(encoding="utf-8") != content]
    for file in differing:
        print(f"{file.relative_to(ROOT)} {stale}")
    return 1 if differing else 0
