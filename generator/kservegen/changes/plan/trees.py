"""Files that differ in; objects, values of charts and pages in them out: the one place that knows what a path holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from kservegen.changes.plan.model import ObjectKey, key_of
from kservegen.checks.manifests.documents import read_documents
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.formats.yaml.manifest import load_manifests

_VALUES: Final = "platform/values/"
_MANIFESTS: Final = (".yaml", ".yml", ".json")


class Differences(Struct, frozen=True, kw_only=True, eq=False):
    """The files of one environment that are not the same before and after, by path relative to its folder.

    A path in one of the two alone comes or goes. `was_there` and `is_there` say whether the environment has any file.
    """

    old: Mapping[str, bytes]
    new: Mapping[str, bytes]
    was_there: bool = True
    is_there: bool = True


class ParsedFiles(Struct):
    """What some files hold. An object of several files is that of the last one: so an engine would leave it."""

    objects: dict[ObjectKey, Resource] = field(default_factory=dict)
    values: dict[str, JsonObject] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def read_files(files: Mapping[str, bytes], known: Mapping[str, Resource]) -> ParsedFiles:
    """Read files; those whose object is `known` are not looked at again."""
    held = ParsedFiles()
    for path, content in sorted(files.items()):
        resource = known.get(path)
        if resource is not None:
            held.objects[key_of(resource)] = resource
        elif path.startswith(_VALUES):
            _read_values(path, content, held)
        elif path.endswith(_MANIFESTS):
            _read_manifests(path, content, held)
        else:
            held.pages.append(path)
    return held


def chart_of(path: str) -> str:
    """Return the chart whose values a path holds; blank where it holds something else."""
    return path.removeprefix(_VALUES).rpartition(".")[0] if path.startswith(_VALUES) else ""


def _read_values(path: str, content: bytes, held: ParsedFiles) -> None:
    read = load_manifests(content, path)
    if read.diagnostics or len(read.documents) > 1:
        held.unreadable.append(path)
    else:
        held.values[chart_of(path)] = mapping(read.documents[0].value) if read.documents else {}


def _read_manifests(path: str, content: bytes, held: ParsedFiles) -> None:
    for document in read_documents(content, path, named=True):
        if document.resource is not None:
            held.objects[key_of(document.resource)] = document.resource
        elif path not in held.unreadable:
            held.unreadable.append(path)
