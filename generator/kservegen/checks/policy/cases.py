"""Test cases of policies: a file of manifests in, requests with the verdicts that they are to get out.

Each document is one request; the comments at its head say what is expected:

    # expect: pass
    # expect: fail PATH | MESSAGE       once for each finding; PATH may be - for the whole object
    # params: {schemes: [hf, s3]}       parameters of the binding
    # old: {spec: {replicas: 1}}        an update: a merge patch that leads back to the object before it
    # operation: DELETE                 the document is what is deleted
    # namespace: {labels: {team: a}}    metadata of the namespace around the object
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.checks.policy.admission import CREATE, DELETE, UPDATE, Admission
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.manual import by_manual
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.yaml.manifest import load_manifests

_LINE: Final = lazy_pattern(r"# (expect|params|old|operation|namespace): *(.*?) *$")
_FAIL: Final = lazy_pattern(r"fail (\S+) \| (.+)")
_SEPARATOR: Final = lazy_pattern(r"^---[^\n]*\n", re.MULTILINE)


class PolicyCase(Struct, frozen=True, kw_only=True):
    """One request and what is expected of it: pairs of path and message, none where it is to pass."""

    name: str
    location: Location
    admission: Admission
    expected: tuple[tuple[str, str], ...]
    params: JsonObject
    namespace: JsonObject | None = None


def read_cases(content: bytes, file: str, stem: str) -> tuple[tuple[PolicyCase, ...], tuple[Diagnostic, ...]]:
    """Read the cases of one file, and what is wrong with it."""
    cases: list[PolicyCase] = []
    diagnostics: list[Diagnostic] = []
    pieces = list(_pieces(content.decode("utf-8", "replace")))
    for number, (line, piece) in enumerate(pieces, 1):
        # Blank lines in place of what stands before keep the lines of findings true.
        manifests = load_manifests(("\n" * (line - 1) + piece).encode(), file)
        diagnostics.extend(manifests.diagnostics)
        name = f"{stem}#{number}" if len(pieces) > 1 else stem
        for document in manifests.documents:
            try:
                cases.append(_case(name, Location(file, line), piece, document.value))
            except ValueError as error:
                diagnostics.append(_refuse(Location(file, line), str(error)))
    return tuple(cases), tuple(diagnostics)


def _pieces(content: str) -> Iterator[tuple[int, str]]:
    """Split at lines of `---`; yields the number of a piece's first line, and the piece."""
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _SEPARATOR.finditer(content)), (len(content), 0)]:
        piece = content[start:end]
        if piece.strip():
            yield content.count("\n", 0, start) + 1, piece
        start = after


def _case(name: str, location: Location, piece: str, value: JsonValue) -> PolicyCase:
    expected: list[tuple[str, str]] = []
    words: dict[str, str] = {}
    passes = False
    for key, rest in _head(piece):
        if key != "expect":
            words[key] = rest
        elif rest == "pass":
            passes = True
        elif match := _FAIL.fullmatch(rest):
            expected.append((match[1].replace("-", "", 1) if match[1] == "-" else match[1], match[2]))
        else:
            raise ValueError(f"'expect: {rest}' is neither 'pass' nor 'fail PATH | MESSAGE'")
    if passes == bool(expected):
        raise ValueError(
            "a case expects either to pass or to fail: '# expect: pass' or '# expect: fail PATH | MESSAGE'"
        )
    namespace = _words(words, "namespace")
    return PolicyCase(
        name=name,
        location=location,
        admission=_admission(mapping(value), words),
        expected=tuple(expected),
        params=_words(words, "params") or {},
        namespace=None if namespace is None else {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace},
    )


def _head(piece: str) -> Iterator[tuple[str, str]]:
    for line in piece.split("\n"):
        if line and not line.startswith("#"):
            return
        if match := _LINE.match(line):
            yield match[1], match[2]


def _words(words: dict[str, str], key: str) -> JsonObject | None:
    if key not in words:
        return None
    documents = load_manifests(words[key].encode(), key).documents
    if not documents or not isinstance(documents[0].value, dict):
        raise ValueError(f"'{key}: {words[key]}' is no map")
    return documents[0].value


def _admission(doc: JsonObject, words: dict[str, str]) -> Admission:
    metadata = mapping(doc.get("metadata"))
    kind, name = text(doc.get("kind")), text(metadata.get("name"))
    if not kind or not name or not doc.get("apiVersion"):
        raise ValueError("a case is an object with apiVersion, kind and metadata.name")
    resource = Resource(
        id=ResourceId(kind, text(metadata.get("namespace")), name),
        api_version=text(doc.get("apiVersion")),
        doc=doc,
        file="",
    )
    patch = _words(words, "old")
    operation = words.get("operation", CREATE if patch is None else UPDATE)
    if operation not in {CREATE, UPDATE, DELETE} or (operation == UPDATE) != (patch is not None):
        raise ValueError("an operation is CREATE, DELETE, or UPDATE with old")
    return Admission(resource=resource, operation=operation, old=None if patch is None else _patched(doc, patch))


def _patched(doc: JsonObject, patch: JsonObject) -> JsonObject:
    """Apply a JSON merge patch (RFC 7386)."""
    result = dict(doc)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _patched(mapping(result.get(key)), value)
        else:
            result[key] = value
    return result


def _refuse(location: Location, message: str) -> Diagnostic:
    return by_manual("policy/case", message, location)
