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

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.controllers.scripts import shorten_scripts

ROOT = Path(__file__).parents[1]
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
    provenance = f"config/runtimes and config/storagecontainers of the tag {version}, of scripts what they start"
    return {"version": version, "provenance": provenance, **found}


def main() -> int:
    """Write the facts, or with --check say which differ."""
    shared = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "kserve"
    stale = []
    for folder in sorted(shared.glob("v*/runtime-configs")):
        version = folder.parent.name
        file = FACTS / f"{version}.json"
        if not (ROOT / "facts" / "releases" / f"{version}.json").exists():
            continue
        wanted = json.dumps(compile_release(folder, version), indent=1, sort_keys=True) + "\n"
        if "--check" in sys.argv:
            stale += [] if file.exists() and file.read_text(encoding="utf-8") == wanted else [file]
        else:
            FACTS.mkdir(exist_ok=True)
            file.write_text(wanted, encoding="utf-8")
    for file in stale:
        print(f"{file.relative_to(ROOT)} is not what the release says: python -m tools.runtime_facts")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
