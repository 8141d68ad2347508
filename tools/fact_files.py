"""Compiled facts on disk: files and what is to stand in them in; written, or with `--check` told where they differ."""

from __future__ import annotations

import json
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


def reference_folder(shared: Path, version: str) -> Path:
    """Return what a release is compiled from: its own folder, or the newest source there is where it is not out yet."""
    snapshots = sorted(shared.glob("master-*"))
    record = json.loads((ROOT / "facts" / "releases" / f"{version}.json").read_text("utf-8"))
    is_preview = record["status"] == "preview" and snapshots
    return snapshots[-1] if is_preview else shared / version


def written_of(version: str) -> str:
    """Say what the facts of a release were read from."""
    record = json.loads((ROOT / "facts" / "releases" / f"{version}.json").read_text("utf-8"))
    return "the source before the release" if record["status"] == "preview" else f"the tag {version}"
