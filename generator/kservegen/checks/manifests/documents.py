"""A file's bytes in; the objects in it out, lists taken apart as kubectl does, and what is no object with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.diagnostics import Counterpart, Diagnostic, Finding, Location, Related, Severity, hide_data
from kservegen.core.document import mapping, value_at
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.manual import by_manual
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Resource, ResourceId
from kservegen.core.secret_data import data_words
from kservegen.formats.yaml.manifest import ManifestDocument, stream_manifests
from kservegen.formats.yaml.problems import SecretData, shorten_excerpt
from kservegen.formats.yaml.text import MOST_DOCUMENTS, LineTable, too_many_documents

# Lists within lists: kubectl follows them; nobody writes more than one.
_DEEPEST_LIST: Final = 8
# Braces that no quote or comment stands before on their line.
_TEMPLATE: Final = lazy_pattern(rb"""^[^"'#\n]*?(\{\{[^\n]*)""", re.MULTILINE)


class InputDocument(Struct, frozen=True, kw_only=True):
    """One object of a file, or a part of the file that could not be read as one.

    `number` counts the objects of the file from 1. `inside` is the object's own path where it stands in a list.
    `resource` is None for what is no object; `problems` say why, or what reading it showed.
    """

    file: str
    number: int
    resource: Resource | None
    source: ManifestDocument | Location
    inside: Path = ()
    problems: tuple[Diagnostic, ...] = ()

    def locate(self, path: Path, *, at_key: bool = False) -> Location:
        """Return the line behind a path of the object."""
        if isinstance(self.source, Location):
            return self.source
        full, places = self.inside + path, self.source.source
        return places.key(full) if at_key else places.value(full)

    def diagnose(
        self,
        finding: Finding,
        default: Severity,
        resource: Resource | None = None,
        find: Callable[[ResourceId], InputDocument | None] | None = None,
    ) -> Diagnostic:
        """Give a finding about the object its line and its subject; `resource` is the defaulted one, if it is that.

        `find` looks up the document of another object, None where there is none at hand.
        """
        path = finding.path if resource is None else resource.words(finding.path)
        found = finding.at(self.locate(path, at_key=finding.at_key), self.inside + path, default)
        if finding.other is not None:
            found = self._beside(found, finding.other, resource, find)
        if self.resource is None:
            return found
        return hide_data(replace(found, subjects=(str(self.resource.id),)), data_words(self.resource.doc))

    def _beside(
        self,
        found: Diagnostic,
        other: Counterpart,
        resource: Resource | None,
        find: Callable[[ResourceId], InputDocument | None] | None,
    ) -> Diagnostic:
        """Show the line of the value that a finding's contradicts beside it, or say whose default that is."""
        document: InputDocument | None = self
        path = other.path if resource is None else resource.words(other.path)
        if other.owner is not None:
            document, path = None if find is None else find(other.owner), other.path
        if document is None or document.resource is None or value_at(document.resource.doc, path) is None:
            return replace(found, message=found.message + other.default)
        there = document.locate(path)
        return (
            found if there.is_in_line_of(found.location) else replace(found, related=(Related(other.message, there),))
        )


def read_documents(data: bytes, file: str, *, named: bool) -> Iterator[InputDocument]:
    """Yield all objects of a file. `named`: the user asked for this very file, so what is no object is a mistake."""
    template = _TEMPLATE.search(data) if b"{{" in data else None
    items: Iterable[ManifestDocument | Diagnostic] = stream_manifests(data, file)
    if template is not None:
        items = list(items)
        if any(isinstance(item, Diagnostic) for item in items):
            yield _unread(file, SecretData(data).hide([_template(file, template)])[0])
            return
    number = 0
    for item in items:
        found = [_unread(file, item)] if isinstance(item, Diagnostic) else _objects(item, file, named=named)
        for document in found:
            if number >= MOST_DOCUMENTS:  # of a List: documents are counted where they are read
                yield _unread(file, too_many_documents(file, document.locate(()).line - 1))
                return
            number += 1
            yield replace(document, number=number) if number > 1 else document


def object_of(value: JsonObject, place: Location) -> InputDocument:
    """Return an object that no file holds; `place` is what findings call where it stands."""
    return InputDocument(file=place.file, number=1, resource=resource_of(value, place.file), source=place)


def _objects(document: ManifestDocument, file: str, *, named: bool) -> Iterator[InputDocument]:
    problems = document.problems
    for inside, value in _items(document.value, (), _DEEPEST_LIST):
        resource = resource_of(value, file)
        item = InputDocument(file=file, number=1, resource=resource, source=document, inside=inside, problems=problems)
        problems = ()  # of the whole document: told once
        if resource is None:
            weight = Severity.ERROR if named or inside or _is_half_an_object(value) else Severity.INFO
            item = replace(item, problems=(*item.problems, item.diagnose(_no_object(value), weight)))
        yield item


def _items(value: JsonValue, inside: Path, depth: int) -> Iterator[tuple[Path, JsonValue]]:
    """Take lists apart as kubectl does: whatever has `items` is one, and its items may leave out what they are.

    apimachinery pkg/apis/meta/v1/unstructured, decodeToList.
    """
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list) or not value.get("kind") or not depth:
        yield inside, value
        return
    for index, item in enumerate(items):
        yield from _items(_named(item, value), (*inside, "items", index), depth - 1)


def _named(item: JsonValue, around: JsonObject) -> JsonValue:
    if not isinstance(item, dict) or item.get("kind") or item.get("apiVersion"):
        return item
    return {"apiVersion": around.get("apiVersion"), "kind": str(around.get("kind")).removesuffix("List"), **item}


def resource_of(value: JsonValue, file: str) -> Resource | None:
    """Return the object; None where apiVersion and kind do not say what it is."""
    if not isinstance(value, dict):
        return None
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        return None
    metadata = mapping(value.get("metadata"))
    name, namespace = metadata.get("name"), metadata.get("namespace")
    identity = ResourceId(kind, namespace if isinstance(namespace, str) else "", name if isinstance(name, str) else "")
    return Resource(id=identity, api_version=api_version, doc=value, file=file)


def _is_half_an_object(value: JsonValue) -> bool:
    return isinstance(value, dict) and ("apiVersion" in value or "kind" in value)


def _no_object(value: JsonValue) -> Finding:
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        return Finding(
            rule="schema/not-an-object",
            path=(),
            message=f"the document is {what}, not a Kubernetes object",
            allowed="a map with apiVersion and kind",
            hint=_hint_of_list(value),
        )
    missing = [key for key in ("apiVersion", "kind") if not value.get(key)]
    odd = [key for key in ("apiVersion", "kind") if value.get(key) and not isinstance(value[key], str)]
    said = [f"{key} not set" for key in missing] + [f"{key} is not text" for key in odd]
    return Finding(
        rule="schema/not-an-object",
        path=(odd[0],) if odd and not missing else (),
        message=f"the document is not a Kubernetes object: {', '.join(said)}",
        allowed="a map with apiVersion and kind",
        hint="Add them, or leave the file out.",
    )


def _hint_of_list(value: JsonValue) -> str:
    items: JsonArray = value if isinstance(value, list) else []
    if items and all("op" in mapping(item) and "path" in mapping(item) for item in items):
        return "It looks like a JSON patch: check what kustomize build makes of it."
    return "Write one document for each object, with --- between them."


def _unread(file: str, problem: Diagnostic) -> InputDocument:
    return InputDocument(file=file, number=1, resource=None, source=problem.location, problems=(problem,))


def _template(file: str, found: re.Match[bytes]) -> Diagnostic:
    before = found.string[: found.start(1)].decode("utf-8", "replace")
    return by_manual(
        "yaml/template",
        "the file is a template, not a manifest",
        LineTable(before).locate(len(before), file),
        seen=shorten_excerpt(found[1].decode("utf-8", "replace").strip()),
        allowed="YAML or JSON",
        hint="Check what the tool makes of it: helm template DIR | kservegen validate -.",
    )
