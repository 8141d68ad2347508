"""The engine that is built in: objects in, findings on the shape of each out, in this process."""

from __future__ import annotations

from collections.abc import Sequence

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding
from kservegen.schemas.missing import missing_schema
from kservegen.schemas.store import SchemaStore
from kservegen.schemas.validate import Validator


class BuiltinEngine:
    """Judges by the compiled schemas, in this process; what is compiled is kept from one call to the next."""

    batch = 1

    def __init__(self, schemas: SchemaStore) -> None:
        self._schemas = schemas
        self._known: dict[tuple[str, str, str], Validator | Finding] = {}

    def check(self, resources: Sequence[Resource], kserve_version: str) -> list[tuple[Finding, ...]]:
        """Say of each object what keeps it from being admitted."""
        verdicts: list[tuple[Finding, ...]] = []
        for resource in resources:
            kind = (resource.api_version, resource.id.kind, kserve_version)
            known = self._known.get(kind)
            if known is None:
                known = self._known[kind] = self._find(*kind)
            verdicts.append((known,) if isinstance(known, Finding) else known.check(resource.doc))
        return verdicts

    def _find(self, api_version: str, kind: str, kserve_version: str) -> Validator | Finding:
        if self._schemas.has(api_version, kind, kserve_version=kserve_version):
            return self._schemas.validator(api_version, kind, kserve_version=kserve_version)
        return missing_schema(self._schemas, api_version, kind, kserve_version=kserve_version)
