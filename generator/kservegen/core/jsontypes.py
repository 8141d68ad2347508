"""Names for the shapes that JSON and YAML documents take once they are loaded."""

from __future__ import annotations

from typing import TypeAlias

JsonScalar: TypeAlias = str | int | float | bool | None
JsonValue: TypeAlias = "JsonScalar | JsonObject | JsonArray"
JsonObject: TypeAlias = dict[str, "JsonValue"]
JsonArray: TypeAlias = list["JsonValue"]

# The way to a value inside a document: keys of maps and indices of lists, from the root.
Path: TypeAlias = tuple[str | int, ...]


def format_path(path: Path) -> str:
    """Write a path as people do: `spec.predictor.containers[0].env["a.b"]`."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif part.replace("-", "a").replace("_", "a").isalnum():
            out += f".{part}" if out else part
        else:
            out += f'["{part}"]'
    return out
