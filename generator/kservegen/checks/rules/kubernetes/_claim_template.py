"""The claim that a pod makes for itself: a `volumeClaimTemplate` in, what the API server refuses in it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.kubernetes._fields import lawful, texts, word
from kservegen.checks.rules.kubernetes._selectors import label_map, label_selector
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import annotations_error, qualified_name_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse

_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_LONELY: Final = "ReadWriteOncePod"


def claim_template(template: JsonObject, path: Path) -> Iterator[Problem]:
    """Judge the template of a claim: its metadata and its spec."""
    metadata = mapping(template.get("metadata"))
    for field in metadata:
        if field not in {"annotations", "labels"} and metadata[field]:
            yield Problem((*path, "metadata", field), f"{field} cannot be set in a template", at_key=True)
    yield from label_map(metadata.get("labels"), (*path, "metadata", "labels"))
    yield from annotation_keys(metadata.get("annotations"), (*path, "metadata", "annotations"))
    yield from _spec(mapping(template.get("spec")), (*path, "spec"))


def annotation_keys(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Judge annotations: their keys, and the size of all together."""
    annotations = mapping(value)
    for key in annotations:
        if reason := qualified_name_error(key.lower()):
            yield Problem((*path, key), f"the annotation key {key!r} is refused: {reason}", key, at_key=True)
    if annotations and (reason := annotations_error(annotations)):
        yield Problem(path, reason, at_key=True)


def _spec(spec: JsonObject, path: Path) -> Iterator[Problem]:
    modes = sequence(spec.get("accessModes"))
    if not modes:
        yield Problem(path, "at least 1 access mode is required", allowed=", ".join(_MODES))
    for mode, at in texts(modes, (*path, "accessModes")):
        if mode not in _MODES:
            yield Problem(at, f"unsupported access mode {mode!r}", mode, ", ".join(_MODES))
    if _LONELY in modes and any(mode in modes for mode in _MODES if mode != _LONELY):
        yield Problem((*path, "accessModes"), f"may not use {_LONELY} with other access modes")
    yield from _storage(mapping(mapping(spec.get("resources")).get("requests")), (*path, "resources", "requests"))
    yield from label_selector(spec.get("selector"), (*path, "selector"))
    for field in ("storageClassName", "volumeAttributesClassName"):
        yield from lawful(spec, field, path, subdomain_error)
    yield from word(spec, "volumeMode", path, ("Block", "Filesystem"))
    yield from _data(spec, path)


def _storage(requests: JsonObject, path: Path) -> Iterator[Problem]:
    amount = requests.get("storage")
    if amount is None:
        yield Problem(path, "required value: storage is missing")
    elif isinstance(amount, (str, int, float)) and (quantity := parse(amount)) and quantity.sign <= 0:
        yield Problem((*path, "storage"), "storage must be greater than zero", str(amount))


def _data(spec: JsonObject, path: Path) -> Iterator[Problem]:
    for field in ("dataSource", "dataSourceRef"):
        source = spec.get(field)
        if isinstance(source, dict):
            for part in ("kind", "name"):
                if not source.get(part):
                    yield Problem((*path, field), f"required value: {part} is missing or empty")
            if not source.get("apiGroup") and text(source.get("kind")) not in {"", "PersistentVolumeClaim"}:
                yield Problem((*path, field), "must be PersistentVolumeClaim when referencing the core API group")
