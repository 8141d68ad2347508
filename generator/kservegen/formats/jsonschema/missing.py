"""A kind that no schema describes in; the finding that says so, and what to write instead, out."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import Finding, Severity
from kservegen.formats.jsonschema.names import close
from kservegen.formats.jsonschema.store import KSERVE_GROUP, SchemaStore

RULE: Final = "schema/not-found"
# The group of KServe's kinds before they left Kubeflow.
_OLD_GROUP: Final = "serving.kubeflow.org"
# Versions of InferenceService whose spec was another.
_OLD_FORMS: Final = frozenset({"serving.kserve.io/v1alpha2", "serving.kubeflow.org/v1alpha2"})


def missing_schema(store: SchemaStore, api_version: str, kind: str, *, kserve_version: str) -> Finding:
    """Say that a kind has no schema: an error where KServe's API is meant, else no more than a word of what is open."""
    if api_version.rpartition("/")[0] not in (KSERVE_GROUP, _OLD_GROUP):
        return Finding(
            rule=RULE,
            path=("kind",),
            message=f"{kind} of {api_version} is not checked: there is no schema of it",
            severity=Severity.INFO,
            seen=f"{api_version} {kind}",
            hint="Add the schema to schemas/crds/, or leave it to another tool.",
        )
    served = store.served(kserve_version)
    same = [name for name in served if name.rpartition("/")[2] == kind]
    return Finding(
        rule=RULE,
        path=("apiVersion",) if same else ("kind",),
        message=f'no matches for kind "{kind}" in version "{api_version}": KServe {kserve_version} does not serve it',
        severity=Severity.ERROR,
        seen=f"{api_version} {kind}",
        allowed=", ".join(same or served),
        hint=_instead(api_version, same[-1]) if same else _near(kind, served),
    )


def _instead(api_version: str, served: str) -> str:
    hint = f"Write apiVersion: {served.rpartition('/')[0]}."
    if api_version in _OLD_FORMS:
        hint += " What stood under spec.default.predictor stands under spec.predictor."
    return hint


def _near(kind: str, served: tuple[str, ...]) -> str:
    near = close(kind, {name.rpartition("/")[2] for name in served})
    return f"Did you mean {near}?" if near else "Write one of the kinds that are served."
