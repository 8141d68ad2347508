"""Records of releases and tables of chart values: a file in, its JSON out, or a GeneratorError with all that is wrong.

What a user writes is checked whole by the schema that editors have of it, so that nobody who reads a record asks for
the type of anything. What travels with the package is held to the same schemas by tests, not at every start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic, Finding
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, format_path
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.shape import Shape
from kservegen.formats.jsonschema.suggestions import quote
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.regexp import RegexpError, compile_regexp
from kservegen.formats.yaml.files import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

RECORD_SCHEMA: Final = "release"
CHART_VALUES_SCHEMA: Final = "chart-values"
_LARGEST_RECORD: Final = 5 * 1024 * 1024
_LISTED: Final = 10


class RecordFile(Struct, frozen=True):
    """A file about a release: `name` is what people know it by, `is_own` whether a user wrote it.

    `root` is the folder that holds the schema folder that it lies in.
    """

    file: Path
    name: str
    is_own: bool
    root: Path


def read_record(record: RecordFile, schema: str) -> JsonObject:
    """Read a record or a table; GeneratorError where it is not what its schema takes."""
    if not record.is_own:
        shipped: JsonObject = json.loads(record.file.read_bytes())
        return shipped
    # Few users have a file of their own, and these take time to import.
    from kservegen.formats.yaml.json_text import NEITHER, BrokenJsonError, read_json  # noqa: PLC0415
    from kservegen.formats.yaml.source import SourceMap  # noqa: PLC0415
    from kservegen.formats.yaml.text import LineTable  # noqa: PLC0415

    content, source = _content(record), SourceMap(record.name)
    try:
        document, end, repeated = read_json(content, 0, LineTable(content), source)
    except BrokenJsonError as error:
        raise _refusal(record.name, [error.diagnostic], no_json=NEITHER) from error
    if repeated:
        raise _refusal(record.name, repeated)
    if rest := content[end:].strip():
        raise _syntax(record.name, f"more text follows the JSON: {quote(rest)}", "Remove it.")
    shape = _shape(schema)
    found = [*Validator(shape.schema, shape, distinct=False, ruled=False).check(document), *_patterns(document)]
    if found:
        places = [source.key(each.path) if each.at_key else source.value(each.path) for each in found]
        told = [_described(each, shape).at(at, each.path) for each, at in zip(found, places, strict=True)]
        raise _refusal(record.name, told)
    return mapping(document)


def check_whole(name: str, document: JsonObject, schema: str) -> None:
    """Check a record or a table that is laid over its bases: nothing may be left open."""
    whole = Shape({"$ref": "#/definitions/whole", "definitions": _shape(schema).schema["definitions"]})
    found = Validator(whole.schema, whole, distinct=False, ruled=False).check(document)
    if found:
        raise record_error(name, found)


def record_error(name: str, findings: Iterable[Finding]) -> GeneratorError:
    """Say what is wrong with a record that its schema takes; no line is known any more."""
    return _error(name, [(f"{format_path(each.path)}: {_sentence(each)}", each.hint) for each in findings])


def _content(record: RecordFile) -> str:
    from kservegen.formats.yaml.text import find_undecodable, without_bom  # noqa: PLC0415

    data = read_bytes(record.file, record.name, record.root)
    if isinstance(data, Diagnostic):
        hint = "Make it a file that can be read, or remove it."
        raise _syntax(record.name, f"cannot be read: {data.message}", data.hint or hint)
    if len(data) > _LARGEST_RECORD:
        raise _syntax(record.name, "the file is too large; allowed: at most 5 MiB", "Leave out what nothing reads.")
    undecodable = find_undecodable(data, record.name)
    if undecodable is not None:
        raise _refusal(record.name, [undecodable])
    content = without_bom(data).decode()
    if not content.strip():
        raise _syntax(record.name, "the file is empty; allowed: a JSON object", "Write the record, or remove the file.")
    return content


@cache
def _shape(schema: str) -> Shape:
    path = packaged_data() / "schemas" / "kservegen" / f"{schema}.schema.json"
    return Shape(json.loads(path.read_bytes()))


def _patterns(document: JsonValue) -> Iterator[Finding]:
    """Find patterns of chart values that are none: no schema says so in words."""
    for key, entry in mapping(mapping(document).get("keys")).items():
        pattern = text(mapping(entry).get("pattern"))
        try:
            compile_regexp(pattern)
        except RegexpError as problem:
            message = f"{quote(pattern)} is not a regular expression: {problem}"
            yield Finding(rule="schema/pattern", path=("keys", key, "pattern"), message=message)


def _described(finding: Finding, shape: Shape) -> Finding:
    """Add what the schema says of a field to the hint about it: it stands in no other page."""
    from msgspec.structs import replace  # noqa: PLC0415 - only where something is wrong

    missing = finding.rule == "schema/missing-field"
    node = shape.subschema((*finding.path, finding.allowed) if missing else finding.path)
    about = text(mapping(node).get("description"))
    hint = " ".join(filter(None, (finding.hint, f"It is: {about}" if about else "")))
    return replace(finding, hint=hint)


def _sentence(finding: Finding | Diagnostic) -> str:
    words = (("seen", finding.seen), ("allowed", finding.allowed))
    return finding.message + "".join(f"; {name}: {said}" for name, said in words if said not in finding.message)


def _refusal(name: str, diagnostics: Sequence[Diagnostic], *, no_json: str = "") -> GeneratorError:
    told = []
    for each in diagnostics:
        message = _sentence(each)
        message = message.replace(no_json, "the file is not JSON") if no_json else message
        place = f"line {each.location.line}: " + (f"{each.path}: " if each.path else "")
        told.append((place + message, each.hint))
    return _error(name, told)


def _syntax(name: str, message: str, hint: str) -> GeneratorError:
    return _error(name, [(message, hint)])


def _error(name: str, told: Sequence[tuple[str, str]]) -> GeneratorError:
    if len(told) == 1:
        ((message, hint),) = told
        return GeneratorError(message, subject=name, hint=hint)
    lines = [f"\n  {message}. {hint}".rstrip() for message, hint in told[:_LISTED]]
    more = f"\n  and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
    return GeneratorError(f"{len(told)} mistakes{''.join(lines)}{more}", subject=name)
