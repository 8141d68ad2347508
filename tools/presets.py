"""Compile the presets of LLM services from KServe's own, as `kustomize build` or the chart writes them, into facts.

`python -m tools.presets [--check] [--from FOLDER]`: FOLDER is the reference folder (KSERVEGEN_SHARED), which has
kserve/<version>/runtime-configs/llmisvcconfigs/resources.yaml. For each release that has a file there,
facts/presets/<version>.json is written: the spec of each preset by name. A start script is not copied: what stands in
its place is `{"script": [words]}`, the words of the line that starts the server, each whole with the template in it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from tools.fact_files import reference_folder, written_of

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.store import SchemaStore

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "facts" / "presets"
SOURCE = "runtime-configs/llmisvcconfigs/resources.yaml"
STARTS = re.compile(r"\bvllm (?:serve|launch)\b")
KIND = "LLMInferenceServiceConfig"

# An action with the blanks that its trim marks take away; those of a script end its lines, or stand between words.
_ACTION = re.compile(r"\{\{(-\s+)?\s*(.*?)\s*(\s-)?\}\}", re.DOTALL)
_OPENS, _CLOSES = ("if ", "with ", "range "), "end"


def main() -> int:
    """Write what there are sources of; with --check, only say what is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--from", dest="folder", type=Path, default=os.environ.get("KSERVEGEN_SHARED"))
    options = parser.parse_args()
    folder = Path(options.folder or ROOT.parent / "shared") / "kserve"
    stale: list[str] = []
    for record in sorted((ROOT / "facts/releases").glob("*.json")):
        source, target = reference_folder(folder, record.stem) / SOURCE, TARGET / record.name
        if not source.is_file():
            print(f"{record.stem}: skipped, there is no {source}")
            continue
        content = json.dumps(compiled(source.read_text("utf-8"), record.stem), indent=1, ensure_ascii=False) + "\n"
        if not target.is_file() or target.read_text("utf-8") != content:
            stale.append(target.name)
            if not options.check:
                target.parent.mkdir(exist_ok=True)
                target.write_text(content, "utf-8")
    print(f"{'out of date' if options.check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if options.check and stale else 0


def compiled(source: str, version: str) -> JsonObject:
    """Return the facts of a release from the manifests of its presets, as the API server stores them."""
    store = SchemaStore([ROOT / "schemas"])
    presets: JsonObject = {}
    for document in sorted(filter(None, yaml.safe_load_all(source)), key=lambda each: str(each["metadata"]["name"])):
        if document["kind"] == KIND:
            shape = store.shape(document["apiVersion"], KIND, kserve_version=version)
            presets[document["metadata"]["name"]] = _reduced(mapping(apply_defaults(document, shape)["spec"]))
    return {"version": version, "source": f"config/llmisvcconfig of {written_of(version)}", "presets": presets}


def _reduced(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _reduced(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_reduced(item) for item in value]
    if isinstance(value, str):
        return _script(value) if STARTS.search(value) else _plain(value)
    return value


def _plain(text: str) -> str:
    """Write a text's actions in one way."""
    return _ACTION.sub(lambda action: f"{{{{ {' '.join(action[2].split())} }}}}", text)


def _script(text: str) -> JsonObject:
    line = next(line for line in text.replace("\\\n", " ").splitlines() if STARTS.search(line))
    line = line.strip().removeprefix("eval ").strip().strip("\"'")
    return {"script": list(_words(_plain(line)))}


def _words(line: str) -> Iterator[str]:
    """Split a line at blanks, but not within an action, nor between an `if` and its end."""
    word, depth = "", 0
    for piece in re.split(r"(\{\{.*?\}\}|\s+)", line):
        action = piece.removeprefix("{{ ") if piece.startswith("{{") else ""
        depth += action.startswith(_OPENS) - action.startswith(_CLOSES)
        if piece.isspace() and not depth:
            if word:
                yield word
            word = ""
        else:
            word += piece
    if word:
        yield word


if __name__ == "__main__":
    sys.exit(main())
