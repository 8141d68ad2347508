"""A KServe version in; whether anything can be said of objects under it, and with what caveat, out."""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.diagnostics import Finding, Severity
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.releases import Release, Releases

_UNKNOWN: Final = "catalog/unknown-version"
_VERSION: Final = ("kserve", "version")


def version_problem(version: str, releases: Releases, schemas: SchemaStore) -> Finding | None:
    """Say why nothing can be checked under a version: it needs a record and compiled schemas; None where it can.

    GeneratorError for a record without schemas that is broken besides.
    """
    known = [each for each in schemas.versions() if each in releases.versions]
    if version in known:
        return None
    message, hint = (
        f"KServe {version} is not a version that can be checked",
        releases.meant(version) or "Set kserve.version to one of them, with its v.",
    )
    if not version:
        message = "no KServe version is set"
    elif version in schemas.versions():
        record = {"version": version, "status": "derived", "nearest": releases.newest_reviewed}
        words = json.dumps(record | {"provenance": {"schemas": "where the CRDs come from"}})
        message = f"KServe {version} has schemas, and no record says what the release does"
        hint = f"Add schemas/releases/{version}.json, with the reviewed release that is nearest: {words}."
    elif version in releases.versions:
        releases.get(version)  # a record that is half written is told first
        message = f"KServe {version} has a record, and no schemas"
        hint = f"Add what its CRDs compile to: schemas/kserve/{version}/."
    return Finding(
        rule=_UNKNOWN,
        path=_VERSION if version else _VERSION[:1],
        message=message,
        seen=version,
        allowed=", ".join(known),
        hint=hint,
        at_key=not version,
    )


def unreviewed(release: Release) -> Finding | None:
    """Say of a release that is not reviewed whose rules were applied; None for a reviewed one."""
    if release.is_reviewed:
        return None
    return Finding(
        rule="catalog/unreviewed-version",
        path=_VERSION,
        message=release.caveat,
        seen=release.version,
        hint=f"What the release does otherwise is not seen: try it on a cluster first, or stay with {release.nearest}.",
        severity=Severity.WARNING,
    )
