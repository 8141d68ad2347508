"""What the controller of InferenceServices only hands on: names, and where a downloaded model lies.

A service is made by itself where more than that may happen to them: caches and storage containers of one's own look at
the URI, Knative and named predictors take names apart or make them longer, a logger is looked up in the service itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.alike import FreeFields, FreeText, make_alike
from kservegen.kserve.controllers.control_plane import STORAGE_KIND, ControlPlane
from kservegen.kserve.controllers.domains import host_name
from kservegen.kserve.controllers.inference_service import deployment_mode_of, make_inference_service
from kservegen.kserve.controllers.made import Made, ReconcileError

_DNS_LABEL: Final = re.compile(r"(?P<free>[a-z][a-z0-9-]*[a-z0-9])")
# Of these nothing but the scheme is looked at.
_DOWNLOADED: Final = re.compile(r"(?:s3|gs|hf)://(?P<free>[A-Za-z0-9][A-Za-z0-9._/:-]*)")
_ENDINGS: Final = ("-predictor", "-transformer", "-explainer")
_LONGEST_NAME: Final = 63 - len("isvc.-predictor-worker")


def make_service(stored: JsonObject, plane: ControlPlane) -> Made:
    """Take every step for an InferenceService, from what was made of another one where that comes out the same."""
    if not _is_handed_on(stored, plane):
        return make_inference_service(stored, plane)
    return make_alike(stored, plane, make_inference_service, _FREE)


def _is_handed_on(stored: JsonObject, plane: ControlPlane) -> bool:
    metadata, spec = mapping(stored.get("metadata")), mapping(stored.get("spec"))
    parts = [mapping(spec.get(role)) for role in ("predictor", "transformer", "explainer")]
    apart = (
        "canary" in spec
        or "name" in parts[0]
        or any("logger" in part for part in parts)
        or plane.settings.is_on("localModel", "enabled")
        or bool(plane.beside.all(STORAGE_KIND))
        or deployment_mode_of(mapping(metadata.get("annotations")), plane) != "Standard"
    )
    return not apart and _has_hosts(metadata, plane)


def _has_hosts(metadata: JsonObject, plane: ControlPlane) -> bool:
    """Whether the longest host is one: how long it may be depends on the template."""
    try:
        host_name(f"{text(metadata.get('name'))}-transformer", metadata, plane.settings)
    except ReconcileError:
        return False
    return True


def _fits(texts: Sequence[str | None]) -> bool:
    name, namespace, _ = texts
    if name is None or namespace is None or not (_DNS_LABEL.fullmatch(name) and _DNS_LABEL.fullmatch(namespace)):
        return False
    return len(name) <= _LONGEST_NAME and not name.endswith(_ENDINGS)


_FREE: Final = FreeFields(
    texts=(
        FreeText(("metadata", "name"), _DNS_LABEL),
        FreeText(("metadata", "namespace"), _DNS_LABEL),
        FreeText(("spec", "predictor", "model", "storageUri"), _DOWNLOADED, is_word=False),
    ),
    numbers=(),
    fits=_fits,
)
