"""An object as it runs and as the catalog renders it in; the fields out that a cluster would store differently."""

from __future__ import annotations

from typing import Final

from kservegen.catalog.sections import GROUP
from kservegen.changes.plan.fields import compare_fields
from kservegen.changes.plan.model import FieldChange
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SchemaStore, Shapes
from kservegen.kserve.defaulting import Installation, default
from kservegen.kserve.workloads import KSERVE_FINALIZERS
from kservegen.render.objects.finish import canonical_form

# What the API server keeps about an object beside what its author said (apimachinery, ObjectMeta).
_SERVER_METADATA: Final = frozenset(
    """
    creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation managedFields resourceVersion selfLink uid
    """.split()
)
# Finalizers that controllers write, and write again where they are missing.
_CONTROLLER_FINALIZERS: Final = KSERVE_FINALIZERS | {
    "foregroundDeletion",
    "kubernetes.io/pv-protection",
    "kubernetes.io/pvc-protection",
    "orphan",
}
# Annotations that tools leave on what they apply, and read for themselves.
_TOOL_ANNOTATIONS: Final = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "deployment.kubernetes.io/revision",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubectl.kubernetes.io/restartedAt",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.beta.kubernetes.io/storage-provisioner",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
    }
)
_TOOL_LABELS: Final = frozenset(
    {"kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace", "argocd.argoproj.io/instance"}
)


def authored(doc: JsonObject) -> JsonObject:
    """Return what the author of an object said of it: without its status and what servers and tools wrote.

    Of an object of KServe's that a server holds all finalizers are some controller's: platforms around KServe write
    their own, and who applies a manifest without them takes none away.
    """
    metadata = {name: value for name, value in mapping(doc.get("metadata")).items() if name not in _SERVER_METADATA}
    for name, tools in (("annotations", _TOOL_ANNOTATIONS), ("labels", _TOOL_LABELS)):
        # The API server reads null in a map of texts as an empty text (encoding/json).
        said = {key: "" if value is None else value for key, value in mapping(metadata.get(name)).items()}
        kept: JsonObject = {key: value for key, value in said.items() if key not in tools}
        if kept:
            metadata[name] = kept
        elif isinstance(metadata.get(name), dict):
            del metadata[name]
    finalizers = metadata.get("finalizers")
    if isinstance(finalizers, list):
        held = text(doc.get("apiVersion")).startswith(f"{GROUP}/") and "uid" in mapping(doc.get("metadata"))
        metadata["finalizers"] = [name for name in finalizers if not held and name not in _CONTROLLER_FINALIZERS]
        if not metadata["finalizers"]:
            del metadata["finalizers"]
    return {name: metadata if name == "metadata" else value for name, value in doc.items() if name != "status"}


def stored_differences(
    running: Resource, rendered: Resource, installation: Installation, schemas: SchemaStore
) -> tuple[FieldChange, ...]:
    """Compare two objects of one kind as the API server and KServe's webhook would store them."""
    stored = [_stored(item, installation, schemas) for item in (running, rendered)]
    return compare_fields(*stored)


def _stored(resource: Resource, installation: Installation, schemas: SchemaStore) -> JsonObject:
    kind = (resource.api_version, resource.kind)
    version = installation.kserve_version
    shape = schemas.shape(*kind, kserve_version=version)
    doc = default(resource, installation, shape).resource.doc
    return canonical_form(doc, Shapes(schemas, version).quantities(*kind))
