"""The text of a YAML file and values to set in; the text with them set out, everything else as it was."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from io import StringIO

from kservegen.errors import GeneratorError
from kservegen.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.yamlio.load import load_strict


def set_values(text: str, values: Mapping[Path, JsonValue], file: str) -> str:
    """Set values at paths of maps, making the maps on the way; GeneratorError where that would change more.

    What comes out is read again and must be what went in with just these values set: an edit that a layout does not
    survive is refused instead of written.
    """
    before = _read(text, file)
    wanted: JsonObject = before
    for path, value in values.items():
        wanted = _with(wanted, path, value, file)
    edited = _edit(text, values)
    if _read(edited, file) != wanted:
        raise GeneratorError(
            "the file cannot be edited without changing other lines", subject=file, hint="Make the edit by hand."
        )
    return edited


def _read(text: str, file: str) -> JsonObject:
    loaded = load_strict(text.encode(), file)
    if loaded.diagnostics or not isinstance(loaded.value, dict):
        raise GeneratorError("the file has mistakes of its own", subject=file, hint="Run kservegen validate first.")
    return loaded.value


def _with(value: JsonValue, path: Path, new: JsonValue, file: str) -> JsonObject:
    if not isinstance(value, dict):
        raise GeneratorError(f"{format_path(path)} lies below a value that is no map", subject=file)
    head, rest = str(path[0]), path[1:]
    return {**value, head: _with(value.get(head, {}), rest, new, file) if rest else new}


def _edit(text: str, values: Mapping[Path, JsonValue]) -> str:
    """Edit with ruamel.yaml, and take over only the lines that the values change: it lays out flow style anew."""
    same, edited = _dump(text, {}), _dump(text, values)
    original, old, new = (part.splitlines(keepends=True) for part in (text, same, edited))
    if len(original) != len(old):
        return edited
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return "".join(
        line
        for tag, low, high, new_low, new_high in changes
        for line in (original[low:high] if tag == "equal" else new[new_low:new_high])
    )


def _dump(text: str, values: Mapping[Path, JsonValue]) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only commands that edit need it

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    for path, value in values.items():
        place = document
        for part in path[:-1]:
            if part not in place:
                place[part] = {}
            place = place[part]
        place[path[-1]] = value
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()
