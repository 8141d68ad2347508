"""What the controller of InferenceServices only hands on: names, where a model lies, what its server is told.

Arguments and variables of a server, labels of one's own and amounts are copied to the pod. Amounts are compared with
each other alone, a request with its limit, and keep their order. A service is made by itself where more than that may
happen to them: caches and storage containers of one's own look at the URI, Knative and named predictors take names
apart or make them longer, a logger is looked up in the service itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.controllers.alike import FreeFields, FreePart, FreeText, make_alike, stand_in
from kservegen.kserve.controllers.control_plane import STORAGE_KIND, ControlPlane
from kservegen.kserve.controllers.domains import host_name, is_template_of_names
from kservegen.kserve.controllers.inference_service import deployment_mode_of, make_inference_service
from kservegen.kserve.controllers.made import Made, ReconcileError
from kservegen.kserve.controllers.settings import ControllerSettings

_DNS_LABEL: Final = lazy_pattern(r"(?P<free>[a-z][a-z0-9-]*[a-z0-9])")
# Of these nothing but the scheme is looked at.
_DOWNLOADED: Final = lazy_pattern(r"(?:s3|gs|hf)://(?P<free>[A-Za-z0-9][A-Za-z0-9._/:-]*)")
_ENDINGS: Final = ("-predictor", "-transformer", "-explainer")
_MODEL: Final[Path] = ("spec", "predictor", "model")
_ARGS: Final[Path] = (*_MODEL, "args")
_ENV: Final[Path] = (*_MODEL, "env")
_REQUESTS: Final[Path] = (*_MODEL, "resources", "requests")
_LIMITS: Final[Path] = (*_MODEL, "resources", "limits")
_VALUE: Final = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._/:,-]*")
_LABEL: Final = lazy_pattern(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
_NUMBER: Final = lazy_pattern(r"[1-9][0-9]{0,5}")
_OPTION: Final = lazy_pattern(r"--[A-Za-z][A-Za-z0-9_-]*=(?P<free>[A-Za-z0-9][A-Za-z0-9._/:,-]*)")
_AMOUNTS: Final = {
    "cpu": lazy_pattern(r"(?P<free>[1-9][0-9]{0,5})(?P<unit>m)"),
    "memory": lazy_pattern(r"(?P<free>[1-9][0-9]{0,5})(?P<unit>[KMG]i)"),
}
# Variables that controllers look at.
_READ: Final = frozenset({"STORAGE_URI", "MULTI_MODEL_SERVER"})
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
    return not apart and _has_hosts(metadata, plane.settings)


def _has_hosts(metadata: JsonObject, settings: ControllerSettings) -> bool:
    """Whether the longest host is one: how long it may be depends on the template."""
    name, namespace = text(metadata.get("name")), text(metadata.get("namespace"))
    if _DNS_LABEL.fullmatch(name) and _DNS_LABEL.fullmatch(namespace) and is_template_of_names(settings):
        return _have_hosts(len(name), len(namespace), settings)  # whichever they are
    return _is_host(name, metadata, settings)


@lru_cache(maxsize=1024)
def _have_hosts(name: int, namespace: int, settings: ControllerSettings) -> bool:
    return _is_host("a" * name, {"namespace": "a" * namespace}, settings)


def _is_host(name: str, metadata: JsonObject, settings: ControllerSettings) -> bool:
    try:
        host_name(f"{name}-transformer", metadata, settings)
    except ReconcileError:
        return False
    return True


def _fits(texts: Sequence[str | None]) -> bool:
    name, namespace, _ = texts
    if name is None or namespace is None or not (_DNS_LABEL.fullmatch(name) and _DNS_LABEL.fullmatch(namespace)):
        return False
    return len(name) <= _LONGEST_NAME and not name.endswith(_ENDINGS)


def _parts(stored: JsonObject) -> Iterator[FreePart]:
    """List what a server is told, and labels of one's own; of services that span nodes amounts are counted."""
    predictor = mapping(mapping(stored.get("spec")).get("predictor"))
    if "workerSpec" in predictor:
        return
    for key, value in mapping(mapping(stored.get("metadata")).get("labels")).items():
        word = text(value)
        if "/" not in key and _LABEL.fullmatch(word):
            yield FreePart(("metadata", "labels"), key, 0, len(word), _LABEL)
    model = mapping(predictor.get("model"))
    before = ""
    for place, item in enumerate(map(text, sequence(model.get("args")))):
        if option := _OPTION.fullmatch(item):
            yield FreePart(_ARGS, place, *option.span("free"), _VALUE)
        elif before.startswith("--") and "=" not in before and _VALUE.fullmatch(item):
            yield FreePart(_ARGS, place, 0, len(item), _VALUE)
        before = item
    for place, variable in enumerate(map(mapping, sequence(model.get("env")))):
        value = text(variable.get("value"))
        if variable.get("name") not in _READ and "valueFrom" not in variable and _VALUE.fullmatch(value):
            yield FreePart((*_ENV, place), "value", 0, len(value), _VALUE)
    if "resources" not in predictor:
        yield from _amounts(mapping(model.get("resources")))


def _amounts(resources: JsonObject) -> Iterator[FreePart]:
    requests, limits = mapping(resources.get("requests")), mapping(resources.get("limits"))
    places = count()
    for name, form in _AMOUNTS.items():
        low, high = form.fullmatch(text(requests.get(name))), form.fullmatch(text(limits.get(name)))
        if low is None or high is None or low["unit"] != high["unit"]:
            continue
        least, most = int(low["free"]), int(high["free"])
        if least > most:
            continue
        first = stand_in(next(places))
        last = first if least == most else stand_in(next(places))
        yield FreePart(_REQUESTS, name, *low.span("free"), _NUMBER, first)
        yield FreePart(_LIMITS, name, *high.span("free"), _NUMBER, last, "" if last is first else first)


_FREE: Final = FreeFields(
    texts=(
        FreeText(("metadata", "name"), _DNS_LABEL),
        FreeText(("metadata", "namespace"), _DNS_LABEL),
        FreeText(("spec", "predictor", "model", "storageUri"), _DOWNLOADED, is_word=False),
    ),
    numbers=(),
    fits=_fits,
    parts=_parts,
)
