"""Stored objects through KServe's controllers, in a cluster that holds what a test puts there."""

from __future__ import annotations

from functools import cache

from kservegen.core.document import mapping, value_at
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.repository import packaged_data
from kservegen.kserve.controllers.control_plane import ControlPlane, shipped_objects
from kservegen.kserve.controllers.made import Made, Surroundings, source_of
from kservegen.kserve.controllers.reconcile import make_objects
from kservegen.kserve.controllers.settings import read_settings, shipped_settings
from kservegen.kserve.releases import Releases

NEWEST = "v0.20.0"
OLDEST = "v0.19.0"


@cache
def _releases() -> Releases:
    return Releases([packaged_data() / "schemas"])


def control_plane(
    *around: JsonObject, version: str = NEWEST, mode: str = "Standard", config: JsonObject | None = None
) -> ControlPlane:
    """Return KServe in a cluster with these objects, its ConfigMap changed by `config`."""
    settings = shipped_settings(mode)
    if config is not None:
        settings = read_settings({"data": dict(config)}, settings)
    return ControlPlane(
        release=_releases().get(version),
        settings=settings,
        installed=shipped_objects(version),
        beside=Surroundings(around),
    )


def reconcile(
    stored: JsonObject,
    *around: JsonObject,
    version: str = NEWEST,
    mode: str = "Standard",
    config: JsonObject | None = None,
) -> Made:
    """Take every step for a stored object."""
    made = make_objects(stored, control_plane(stored, *around, version=version, mode=mode, config=config))
    assert made is not None
    return made


def service(predictor: JsonObject | None = None, *, name: str = "iris", **metadata: JsonValue) -> JsonObject:
    """Return a stored InferenceService, by default one of sklearn from a bucket; the rest is its spec and metadata."""
    model: JsonObject = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b/m"}}
    spec: JsonObject = {"predictor": model if predictor is None else predictor}
    spec.update(mapping(metadata.pop("spec", {})))
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": "models", **metadata},
        "spec": spec,
    }


def names(made: Made) -> list[str]:
    """Return kind and name of each object, in the order in which they were written."""
    return [item.label for item in made.objects]


def field(made: Made, label: str, *path: str | int) -> JsonValue:
    """Return a field of a made object."""
    return value_at(next(item.doc for item in made.objects if item.label == label), path)


def pod_field(made: Made, *path: str | int, of: str = "Deployment/iris-predictor") -> JsonValue:
    """Return a field of the spec of a pod."""
    pod = next(pod for pod in made.pods if pod.of == of)
    assert pod.pod is not None, pod.refused
    return value_at(pod.pod, ("spec", *path))


def words_of(made: Made, label: str, path: Path) -> Path:
    """Return where a field of a made object came from."""
    item = next(item for item in made.objects if item.label == label)
    return source_of(path, item.origins)
