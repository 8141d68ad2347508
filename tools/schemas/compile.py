"""Schema sources in, one JSON Schema per kind and version out.

Run it from the repository's root: `python -m tools.schemas.compile [--check] [--refresh]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.schemas import foreign, patches
from tools.schemas.notation import Schema, parse_shape
from tools.schemas.sources import Kind, Shapes, foreign_shapes, kserve_kinds, kserve_release, read

from kservegen.formats.jsonschema.definitions import SCHEMA_DRAFT, schema_text, with_bounds

ROOT = Path(__file__).resolve().parents[2] / "schemas"


def compile_kind(kind: Kind, shapes: Shapes, *, native: bool = False) -> Schema:
    """Build the file of one kind: its root, and under `definitions` every shape it refers to, once."""
    root: Schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"const": kind.api_version},
            "kind": {"const": kind.name},
            "metadata": {"$ref": "meta.ObjectMeta"},
            **kind.fields,
        },
        "required": ["apiVersion", "kind", "metadata", *kind.required],
        "additionalProperties": False,
    }
    definitions: dict[str, Schema] = {}
    waiting = sorted(set(_names(root)))
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = shapes[name]
            waiting.extend(_names(shapes[name]))
    if native:
        definitions = {name: _nullable(shape) for name, shape in definitions.items()}
        root["properties"] = {
            key: value if "const" in value else _nullable(value) for key, value in root["properties"].items()
        }
    else:
        for name in definitions:
            if name in _METADATA:
                definitions[name] = _nullable(definitions[name])
    file: Schema = {"$schema": SCHEMA_DRAFT, **root}
    if not native:
        file["x-kservegen-custom-resource"] = True
    if kind.defaulter:
        file["x-kservegen-defaulter"] = kind.defaulter
    file["definitions"] = {name: definitions[name] for name in sorted(definitions)}
    return {key: _point(with_bounds(value)) for key, value in file.items()}


# Metadata is read by the API server into its own Go type, whichever kind it belongs to: null is the zero value there.
_METADATA = ("meta.ObjectMeta", "meta.ManagedFieldsEntry", "meta.OwnerReference")


def _nullable(schema: Schema) -> Schema:
    """Let every value be null, as Go's decoder of Kubernetes' own types does."""
    out = dict(schema)
    if "type" in out:
        kinds = out["type"] if isinstance(out["type"], list) else [out["type"]]
        if out.get("pattern") and "integer" in kinds:
            kinds = ["number", *(kind for kind in kinds if kind != "integer")]
        out["type"] = [*kinds, "null"]
    if "enum" in out:
        out["enum"] = [*out["enum"], None]
    if "properties" in out:
        out["properties"] = {name: _nullable(field) for name, field in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _nullable(out[key])
    return out


def _names(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _names(value)


def _point(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Turn names of shapes into JSON pointers."""
    if isinstance(node, dict):
        return {
            key: f"#/definitions/{value}" if key == "$ref" and isinstance(value, str) else _point(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_point(item) for item in node]
    return node


def compile_all(root: Path) -> dict[Path, str]:
    """Compile every file; the result maps paths to their text."""
    files: dict[Path, str] = {}
    source = root / "src"
    for path in sorted((source / "kserve").glob("v*.yaml")):
        version = path.stem
        release = kserve_release(version, source)
        raw = {**foreign_shapes(release.foreign, source), **release.shapes}
        for kind in kserve_kinds(release.kinds):
            shapes = Shapes(raw)
            table = {**release.patches.get(kind.name, {}), **release.patches.get(f"{kind.name}/{kind.version}", {})}
            patched = patches.apply(kind, table, shapes)
            files[root / "kserve" / version / file_name(kind)] = schema_text(compile_kind(patched, shapes))
    for target, entry in read(source / "others.yaml").items():
        shapes = Shapes(foreign_shapes(entry["foreign"], source, corrected=not entry.get("own")))
        for kind in other_kinds(entry["kinds"], shapes):
            files[root / target / file_name(kind)] = schema_text(compile_kind(kind, shapes, native=entry["native"]))
    return files


def other_kinds(entries: Mapping[str, str | dict[str, Any]], shapes: Shapes) -> Iterator[Kind]:
    """List kinds whose root is a foreign shape, or fields of foreign shapes."""
    for name, root in entries.items():
        *group, version, kind = name.split("/")
        shape = shapes[root] if isinstance(root, str) else parse_shape(root, shapes.__getitem__)
        fields = {
            key: value for key, value in shape["properties"].items() if key not in ("apiVersion", "kind", "metadata")
        }
        if "status" in fields:
            fields["status"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        required = tuple(key for key in shape.get("required", ()) if key in fields)
        yield Kind(group[0] if group else "", version, kind, fields, required)


def file_name(kind: Kind) -> str:
    """Name a file as kubeconform does: the group's folder, then kind and version in lower case."""
    name = f"{kind.name.lower()}_{kind.version}.json"
    return f"{kind.group}/{name}" if kind.group else name


def stale(files: Mapping[Path, str], folders: list[Path]) -> list[str]:
    """Say which committed files differ from `files`, or stand where none should."""
    there = {path for folder in folders for path in folder.rglob("*.json")}
    found = [f"not expected: {path}" for path in sorted(there - set(files))]
    for path, content in files.items():
        if not path.exists():
            found.append(f"missing: {path}")
        elif path.read_text("utf-8") != content:
            found.append(f"stale: {path}")
    return found


def main() -> int:
    """Compile, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a committed file is stale")
    parser.add_argument("--refresh", action="store_true", help="also extract the foreign sources anew (needs network)")
    options = parser.parse_args()
    files: dict[Path, str] = {}
    if options.refresh:
        folder = ROOT / "src" / "foreign"
        files |= foreign.refresh(read(folder / "sources.yaml"), folder)
    if options.refresh and not options.check:
        write(files)
        files = {}
    files |= compile_all(ROOT)
    if options.check:
        problems = stale(files, [ROOT / name for name in ("kserve", "kubernetes", "argocd", "flux", "crds")])
        print("\n".join(problems) or "schemas are current")
        return 1 if problems else 0
    write(files)
    return 0


def write(files: Mapping[Path, str]) -> None:
    """Write what changed."""
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
