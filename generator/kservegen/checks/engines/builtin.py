"""The engine that is built in: objects in, findings on the shape of each out, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kservegen.core.diagnostics import Finding
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SchemaStore, missing_schema
from kservegen.formats.jsonschema.validate import Validator


class BuiltinEngine:
    """Checks by the compiled schemas, in this process; what is compiled serves all calls."""

    batch = 256  # enough to know of what there is much, few enough to hold

    def __init__(self, schemas: SchemaStore) -> None:
        self._schemas = schemas
        self._known: dict[tuple[str, str, str], Validator | Finding] = {}

    def check(self, resources: Sequence[Resource], kserve_version: str) -> list[tuple[Finding, ...]]:
        """Say of each object what keeps it from being admitted."""
        kinds = [(resource.api_version, resource.kind, kserve_version) for resource in resources]
        for kind, count in Counter(kinds).items():
            known = self._known.get(kind)
            if known is None:
                known = self._known[kind] = self._find(*kind)
            if not isinstance(known, Finding):
                known.expect(count)
        return [self._findings(self._known[kind], resource) for kind, resource in zip(kinds, resources, strict=True)]

    def _find(self, api_version: str, kind: str, kserve_version: str) -> Validator | Finding:
        if self._schemas.has(api_version, kind, kserve_version=kserve_version):
            return self._schemas.validator(api_version, kind, kserve_version=kserve_version)
        return missing_schema(self._schemas, api_version, kind, kserve_version=kserve_version)

    def _findings(self, known: Validator | Finding, resource: Resource) -> tuple[Finding, ...]:
        return (known,) if isinstance(known, Finding) else self._check(known, resource)

    def _check(self, validator: Validator, resource: Resource) -> tuple[Finding, ...]:
        return validator.check(resource.doc)
