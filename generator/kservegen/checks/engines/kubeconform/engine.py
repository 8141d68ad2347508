"""The engine `kubeconform`: objects in, its verdicts as our findings out.

It is handed objects as the API server validates them (`formats/jsonschema/decode.py`): by itself it would refuse nulls
that the server drops and fields that KServe's defaulter fills in. What no JSON Schema says, keys of list items that
must differ and CEL rules, is added by our own code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kservegen.checks.engines.kubeconform.messages import read_message
from kservegen.checks.engines.kubeconform.process import Refusal, find_binary, run
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.decode import as_decoded
from kservegen.formats.jsonschema.store import KSERVE_GROUP, OTHER_FOLDERS, SchemaStore, missing_schema

_FILE: Final = "{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


class KubeconformEngine:
    """Validates all objects of a call in one process of kubeconform."""

    batch = 10_000

    def __init__(self, schemas: SchemaStore) -> None:
        self._schemas = schemas
        self._binary = find_binary()

    def check(self, resources: Sequence[Resource], kserve_version: str) -> list[tuple[Finding, ...]]:
        """Say of each object what keeps it from being admitted; a kind without a schema is an error."""
        found: list[tuple[Finding, ...]] = [()] * len(resources)
        known: list[int] = []
        for index, resource in enumerate(resources):
            kind = (resource.api_version, resource.kind)
            if self._schemas.has(*kind, kserve_version=kserve_version):
                known.append(index)
            else:
                missing = missing_schema(self._schemas, *kind, kserve_version=kserve_version)
                found[index] = (replace(missing, severity=Severity.ERROR),)
        refused = self._run([resources[index] for index in known], kserve_version)
        for position, index in enumerate(known):
            resource = resources[index]
            validator = self._schemas.validator(resource.api_version, resource.kind, kserve_version=kserve_version)
            refusal = refused.get(position)
            said = () if refusal is None else _read(refusal, resource)
            found[index] = validator.complete(resource.doc, said)
        return found

    def _run(self, resources: Sequence[Resource], kserve_version: str) -> dict[int, Refusal]:
        if not resources:
            return {}
        documents = [
            as_decoded(r.doc, self._schemas.shape(r.api_version, r.kind, kserve_version=kserve_version))
            for r in resources
        ]
        return run(self._binary, documents, tuple(locations(self._schemas.roots, kserve_version)))


def locations(roots: Sequence[Path], kserve_version: str) -> Iterator[str]:
    """List where schemas lie, in kubeconform's template language, the user's own first."""
    for root in roots:
        yield f"{root}/kserve/{kserve_version}/{KSERVE_GROUP}/{_FILE}"
        for folder in OTHER_FOLDERS:
            yield f"{root}/{folder}/{{{{.Group}}}}/{_FILE}"
            yield f"{root}/{folder}/{_FILE}"


def _read(refusal: Refusal, resource: Resource) -> tuple[Finding, ...]:
    if refusal.speaks_of_schema:
        return read_message(refusal.message, resource.doc)
    if "could not find schema" in refusal.message:
        return (Finding(rule="schema/not-found", path=("kind",), message=f"kubeconform: {refusal.message}"),)
    # It reads name and namespace before any schema, and gives up where they are no text.
    return (Finding(rule="schema/wrong-type", path=("metadata",), message=f"kubeconform: {refusal.message}"),)
