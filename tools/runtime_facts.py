"""Compile what a KServe release installs beside its controllers: runtimes and the storage container, as facts.

`python -m tools.runtime_facts [--check]` reads `kserve/<version>/runtime-configs` below KSERVEGEN_SHARED and writes
`facts/runtimes/<version>.json` for every release that lies there. A shell script is kept as the words of its lines that
start a server, as `kservegen simulate` prints it: no other project's scripts are copied.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tools.fact_files import ROOT, reference_folder, write_facts, written_of

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.controllers.scripts import shorten_scripts

FACTS = ROOT / "facts" / "runtimes"
SOURCES = ("runtimes/resources.yaml", "storagecontainer/storagecontainer.yaml")
_KINDS = {"ClusterServingRuntime": "runtimes", "ClusterStorageContainer": "storageContainers"}


def compile_release(folder: Path, version: str) -> JsonObject:
    """Read the objects of one release."""
    found: dict[str, JsonObject] = {section: {} for section in _KINDS.values()}
    for source in SOURCES:
        for document in load_manifests((folder / source).read_bytes(), source).documents:
            doc = mapping(document.value)
            metadata = mapping(doc.get("metadata"))
            entry: JsonObject = {"spec": shorten_scripts(doc.get("spec"))}
            if metadata.get("annotations"):
                entry["annotations"] = metadata["annotations"]
            found[_KINDS[text(doc.get("kind"))]][text(metadata.get("name"))] = entry
    provenance = f"config/runtimes and config/storagecontainers of {written_of(version)}, of scripts what they start"
    return {"version": version, "provenance": provenance, **found}


def main() -> int:
    """Write the facts, or with --check say which differ."""
    shared = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "kserve"
    wanted: dict[Path, str] = {}
    for record in sorted((ROOT / "facts" / "releases").glob("v*.json")):
        version, folder = record.stem, reference_folder(shared, record.stem) / "runtime-configs"
        if folder.is_dir():
            facts = compile_release(folder, version)
            wanted[FACTS / f"{version}.json"] = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    return write_facts(wanted, "is not what the release says: python -m tools.runtime_facts")


if __name__ == "__main__":
    sys.exit(main())
