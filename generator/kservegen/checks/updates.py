"""An object as the cluster has it and as a change has it in; what the API server says of the change alone out."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.document import text
from kservegen.core.resource import Resource
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.defaulting.inference_service import MODE, NEW_MODE

_MODES: Final = ("Standard", "Knative", "ModelMesh")
_KNATIVE: Final = "knative-serving"
_VALIDATED: Final = "serving.kserve.io/"


def recorded(stored: Resource, context: Context) -> Resource:
    """Return a stored object as the cluster has it: with the mode in its status, which KServe's webhook goes by.

    An annotation that names no mode leaves the cluster's own. The controller writes no status in mode ModelMesh, nor
    for Knative where that is not installed; nor, in a release that takes an empty status for Standard, where the
    annotation says anything else: its own first update is refused then
    (pkg/controller/v1beta1/inferenceservice/controller.go, pkg/apis/serving/v1beta1/inference_service_validation.go).
    """
    if stored.kind != "InferenceService" or "status" in stored.doc:
        return stored
    stated, usual = (NEW_MODE.get(mode, mode) for mode in (text(stored.annotations.get(MODE)), context.deployment_mode))
    if stated not in {"", "Standard"} and context.release.capabilities.empty_status_is_standard:
        return stored
    mode = stated if stated in _MODES else usual
    has_knative = usual == "Knative" or _KNATIVE in context.prerequisites
    if mode == "ModelMesh" or (mode == "Knative" and not has_knative):
        return stored
    return replace(stored, doc={**stored.doc, "status": {"deploymentMode": mode}})


def refused_by_schema(new: Defaulted, old: Resource, schemas: SchemaStore, version: str) -> tuple[Finding, ...]:
    """Return what a kind's schema says of a change only: its rules that read `oldSelf`."""
    kind = (new.written.api_version, new.written.kind)
    if not kind[0].startswith(_VALIDATED) or not schemas.has(*kind, kserve_version=version):
        return ()
    return schemas.validator(*kind, kserve_version=version).changed(new.resource.doc, old.doc)
