"""What is found of objects beside models: a built environment in, objects that stand there a second time out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kservegen.catalog.sections import EXTRA_MANIFESTS, MANIFESTS
from kservegen.checks.runner import ObjectFinding
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND
from kservegen.render.objects.environment import BuiltEntry, BuiltEnvironment

_SECRET_FIELDS: Final = (("data",), ("stringData",))


def doubles_of_own(built: BuiltEnvironment) -> Iterator[tuple[BuiltEntry, Resource]]:
    """Yield the entries that are an object which kservegen makes of the environment's own words, and that object."""
    own = {resource.identity: resource for resource in built.own}
    for entry in built.entries:
        if entry.resource.identity in own:
            yield entry, own[entry.resource.identity]


def untold(found: Iterable[ObjectFinding]) -> Iterator[ObjectFinding]:
    """Leave out what was said when an object beside models was built: that its kind has no schema, a Secret data."""
    return ((resource, finding) for resource, finding in found if not _is_told(resource, finding))


def _is_told(resource: Resource, finding: Finding) -> bool:
    if resource.section not in {EXTRA_MANIFESTS, MANIFESTS}:
        return False
    if finding.rule == "catalog/plain-secret":
        return resource.kind == "Secret" and finding.path[:1] in _SECRET_FIELDS
    return finding.rule == SCHEMA_NOT_FOUND and finding.severity is not Severity.ERROR
