"""Compile what the command lines of model servers take: `facts/servers/`, one table for each server, and the images.

`python -m tools.server_flags [--check]` reads `kserve/server-flags.json` below KSERVEGEN_SHARED. A table holds runs of
versions, `[first, last]` with null for the newest that was read, over the list `versions`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Final

from tools.fact_files import ROOT, write_facts

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

FACTS = ROOT / "facts" / "servers"
SOURCE = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared")) / "kserve" / "server-flags.json"
# The releases of KServe whose servers were read, and the branches of Triton.
_KSERVE: Final = ("0.19.0", "0.20.0")
_TRITON: Final = ("23.05", "24.12", "25.12", "26.08")
_VERSIONS: Final = {"triton": _TRITON, "torchserve": ("0.9.0",), "tensorflow-serving": ("2.6.2",)}
_UNVERSIONED: Final = ("mlserver", "openvino")
_FIELDS: Final = ("kind", "type", "choices", "aliases", "none_ok", "range", "json", "deprecated", "required", "only")


def compile_tables(source: JsonObject) -> dict[str, JsonObject]:
    """Return the tables by file name, without its ending."""
    servers = mapping(source.get("servers"))
    tables = {"images": _images(source), "vllm": _vllm(mapping(servers["vllm"]))}
    for name, entry in servers.items():
        if name != "vllm":
            tables[name] = _other(name, mapping(entry))
    return tables


def _images(source: JsonObject) -> JsonObject:
    """Order as in the source: the first pattern that fits an image counts.

    `sure` is the part of an image's name without which its tables are a guess; blank where they are one in any case.
    """
    kept = ("match", "server", "version", "by_tag", "vllm", "vllm_by_tag")
    rows: list[JsonValue] = []
    for item in sequence(source.get("images")):
        row = mapping(item)
        entry = {key: row[key] for key in kept if key in row and (row[key] is not None or key == "server")}
        sure = row.get("sure", True)
        if sure is not True:
            entry["sure"] = "-cuda" if "cuda only" in text(sure) else ""
        rows.append(entry)
    return {"images": rows}


def _vllm(entry: JsonObject) -> JsonObject:
    versions = mapping(entry.get("versions"))
    flags: JsonObject = {}
    for name, flag in mapping(entry.get("flags")).items():
        flags[name] = {key: value for key, value in mapping(flag).items() if key in {"in", "spec", "choices"}}
    # No flag says so, but it is what the JSON is read into.
    for _, spec in map(sequence, sequence(mapping(flags["--speculative-config"]).get("spec"))):
        mapping(spec)["json"] = "SpeculativeConfig"
    gone: JsonObject = {}
    for item in map(mapping, sequence(entry.get("gone"))):
        gone[text(item.get("flag"))] = {"since": item.get("gone_in"), "use": item.get("use") or ""}
    relations: JsonObject = {text(item.get("id")): item.get("in") for item in map(mapping, _listed(entry, "relations"))}
    approximate: list[JsonValue] = [*sorted(mapping(versions.get("approx")))]
    return {
        "versions": versions.get("order"),
        "approximate": approximate,
        "flags": flags,
        "gone": gone,
        "jsonKeys": entry.get("json_keys"),
        "registries": entry.get("registries"),
        "relations": relations,
    }


def _listed(entry: JsonObject, key: str) -> list[JsonValue]:
    return list(sequence(entry.get(key)))


def _other(name: str, entry: JsonObject) -> JsonObject:
    versions = _VERSIONS.get(name, () if name in _UNVERSIONED else _KSERVE)
    first = versions[0] if versions else ""
    flags: JsonObject = {}
    for flag, spec in mapping(entry.get("flags")).items():
        kept: JsonObject = {key: value for key, value in mapping(spec).items() if key in _FIELDS and value is not None}
        # "after 23.05, in 24.12": read first in the branch that stands last.
        since = text(mapping(spec).get("since")).rpartition(" ")[2] or first
        choices = kept.pop("choices", None)
        flags[flag] = {"in": [[since, None]], "spec": [[since, kept]]}
        if choices is not None:
            mapping(flags[flag])["choices"] = [[since, choices]]
    table: JsonObject = {"versions": list(versions), "approximate": [], "flags": flags}
    if "parents" in entry:
        table["parents"] = entry["parents"]
    return table


def render(table: JsonObject) -> str:
    """Write a table with one entry a line."""
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in sorted(value.items()))
            lines.append(f" {json.dumps(key)}: {{\n{rows}\n }}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(f"  {json.dumps(each)}" for each in value)
            lines.append(f" {json.dumps(key)}: [\n{rows}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the tables, or with --check say which differ."""
    tables = compile_tables(json.loads(SOURCE.read_bytes()))
    wanted = {FACTS / f"{name}.json": render(table) for name, table in tables.items()}
    return write_facts(wanted, "is not what was read of the servers: python -m tools.server_flags")


if __name__ == "__main__":
    sys.exit(main())
