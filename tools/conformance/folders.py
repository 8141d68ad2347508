"""Folders of manifests in, what `kservegen simulate` says of each of their documents out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.conformance.cases import RELEASES, ROOT, checker

from kservegen.commands.simulate import SimulatedObject, SimulateOptions, simulate_paths
from kservegen.formats.jsonschema.store import SchemaStore

_SCHEMAS = SchemaStore((ROOT / "schemas",))


def simulate_folders(folders: Sequence[Mapping[str, Any]], version: str) -> Iterator[Mapping[str, SimulatedObject]]:
    """Simulate folders, each a cluster of its own; yield each one's documents by the names that they were given by."""
    options = SimulateOptions(
        release=RELEASES.get(version), deployment_mode="Standard", schemas=_SCHEMAS, open_file=tempfile.TemporaryFile
    )
    with tempfile.TemporaryDirectory() as root:
        for number, documents in enumerate(folders):
            folder = Path(root, f"{number:05}")
            folder.mkdir()
            for name, document in documents.items():
                (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        found: dict[str, dict[str, SimulatedObject]] = {}
        for document in simulate_paths([Path(root)], options, checker()):
            file = Path(document.report.file)
            found.setdefault(file.parent.name, {})[file.stem] = document
        for number in range(len(folders)):
            yield {name: found[f"{number:05}"][name] for name in folders[number]}
