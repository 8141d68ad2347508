"""A catalog's bytes in; plain data, the place of every value and all findings about the way it is written out.

A file in plain clothes is read by `quick_source`, all others by `strict`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from msgspec import Struct

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.jsontypes import JsonValue
from kservegen.formats.yaml.collector import without_collector
from kservegen.formats.yaml.problems import SecretData
from kservegen.formats.yaml.quick import REFUSED
from kservegen.formats.yaml.quick_source import read_quick_source
from kservegen.formats.yaml.source import SourceMap
from kservegen.formats.yaml.text import find_unreadable, without_bom

if TYPE_CHECKING:
    from kservegen.formats.yaml.events import ParserFactory


class Loaded(Struct, frozen=True, eq=False, weakref=True):
    """What a file holds: None as `value` where it cannot be known, with a diagnostic that says why."""

    value: JsonValue
    source: SourceMap
    diagnostics: tuple[Diagnostic, ...]


def load_strict(data: bytes, file: str, *, parser: ParserFactory | None = None) -> Loaded:
    """Read one file of a catalog by the strict rules, by a `parser` if one is named; never raises."""
    data = without_bom(data)
    source = SourceMap(file)
    unreadable = find_unreadable(data, file)
    if unreadable is not None:
        return Loaded(None, source, SecretData(data).hide([unreadable]))
    if parser is None:
        with without_collector():
            quick = read_quick_source(data.decode(), source)
        if quick is not REFUSED:
            return Loaded(quick, source, ())
        source = SourceMap(file)  # what was refused may be in the other in part
    from kservegen.formats.yaml.strict import read_strict  # noqa: PLC0415 - brings PyYAML, which few catalogs need

    value, found = read_strict(data, source, parser)
    return Loaded(value, source, SecretData(data).hide(found))


def load_held(data: bytes, file: str) -> Loaded:
    """Read as `load_strict` does, for whoever changes nothing of it.

    While anybody holds what was read, the same bytes of the same file are not read again: a plan looks at its base from
    several sides.
    """
    known = _held.get((file, data))
    if known is None:
        known = _held[file, data] = load_strict(data, file)
    return known


_held: Final[WeakValueDictionary[tuple[str, bytes], Loaded]] = WeakValueDictionary()
