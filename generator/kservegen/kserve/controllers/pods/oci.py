"""Models in images: a pod in, the pod with a modelcar beside its server, or with the image as a volume, out.

Source: InjectModelcar in pkg/webhook/admission/pod/storage_initializer_injector.go, ConfigureModelcarToContainer in
pkg/utils/storage.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.controllers.components import SOURCE_URI
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import CONFIG_MAP, named
from kservegen.kserve.controllers.parts import add_env, append
from kservegen.kserve.controllers.pods.draft import MODEL_MOUNT, MutatedPod
from kservegen.kserve.controllers.pods.initializer import configured_amounts
from kservegen.kserve.workloads import SERVING_CONTAINER, TRANSFORMER_CONTAINER, WORKER_CONTAINER

_VOLUME: Final = "kserve-provision-location"
_OCI: Final = "oci://"
_NATIVE: Final = "oci+native://"
_PLAIN_PATH: Final = lazy_pattern(r"[\w@%+=:,./-]+", re.ASCII)


def oci_mode(plane: ControlPlane) -> str:
    """Return how models in images are served: `modelcar`, `native`, or blank where they are not."""
    settings = plane.settings
    mode = settings.text("storageInitializer", "ociModelMode") if plane.release.capabilities.native_oci else ""
    if mode == "native":
        return mode
    modelcar = settings.is_on("storageInitializer", "enableModelcar")
    more = plane.release.capabilities.native_oci and settings.is_on("storageInitializer", "enableOciModelSupport")
    return "modelcar" if mode or modelcar or more else ""


def inject_oci(draft: MutatedPod, plane: ControlPlane) -> None:
    """Add what serves the one model of the pod where it lies in an image."""
    uri = draft.annotations.get(SOURCE_URI)
    mode = oci_mode(plane)
    if not isinstance(uri, str) or not mode:
        return
    if plane.release.capabilities.native_oci and (
        uri.startswith(_NATIVE) or (mode == "native" and uri.startswith(_OCI))
    ):
        add_image_volume(draft, uri, MODEL_MOUNT)
    elif uri.startswith(_OCI):
        add_modelcar(draft, plane, uri, MODEL_MOUNT, 0)


def targets_of(draft: MutatedPod) -> list[JsonObject]:
    """Return the containers that read the model."""
    found = (draft.container(SERVING_CONTAINER, WORKER_CONTAINER), draft.container(TRANSFORMER_CONTAINER))
    return [container for container in found if container is not None]


def image_of(uri: str) -> str:
    """Return the image that a URI names."""
    return uri.partition("://")[2]


def volume_name(path: str) -> str:
    """Name a volume after where it is mounted."""
    return path.strip("/").replace("/", "-")


def add_image_volume(draft: MutatedPod, uri: str, path: str) -> None:
    """Mount the image itself."""
    name = volume_name(path)
    draft.add_volume({"name": name, "image": {"reference": image_of(uri), "pullPolicy": "IfNotPresent"}})
    for container in targets_of(draft):
        draft.mount(container, {"name": name, "mountPath": path, "subPath": "models", "readOnly": True})


def add_modelcar(draft: MutatedPod, plane: ControlPlane, uri: str, path: str, number: int) -> None:
    """Put a container of the image beside the server, which links its files to where they are read."""
    ending = f"-{number}" if number else ""
    volume, parent, image = f"{_VOLUME}{ending}", posixpath.dirname(path), image_of(uri)
    section = plane.settings.section("storageInitializer")
    uid = section.get("uidModelcar")
    for container in targets_of(draft):
        add_env(container, {"name": "MODEL_INIT_MODE", "value": "async"})
        draft.mount(container, {"name": volume, "mountPath": parent})
        if uid is not None:
            kept = plane.release.capabilities.modelcar_keeps_context
            context = mapping(container.get("securityContext")) if kept else {}
            container["securityContext"] = {**context, "runAsUser": uid}
    draft.add_volume({"name": volume, "emptyDir": {}})
    draft.spec["shareProcessNamespace"] = True
    resources = configured_amounts(
        {f"{name}Modelcar": section.get(f"{name}Modelcar") for name in ("cpu", "memory")}, *_SAME
    )
    resources = _defaulted(resources)
    car: JsonObject = {
        "name": f"modelcar{ending}",
        "image": image,
        "args": ["sh", "-c", f"{_link(path)} && sleep infinity"],
        "resources": resources,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": volume, "mountPath": parent}],
    }
    if uid is not None:
        car["securityContext"] = {"runAsUser": uid}
    words = (CONFIG_MAP, "storageInitializer")
    if named(sequence(draft.spec.get("containers")), text(car["name"])) is None:
        draft.add("containers", car, words)
    if not draft.has_init(f"modelcar-init{ending}"):
        check: JsonObject = {
            "name": f"modelcar-init{ending}",
            "image": image,
            "args": _check(image),
            "resources": resources,
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
        append(draft.spec, "initContainers", check)


_SAME: Final = ("Modelcar", "Modelcar")
_LEAST: Final = {"cpu": "10m", "memory": "15Mi"}


def _defaulted(resources: JsonObject) -> JsonObject:
    return {side: {**_LEAST, **mapping(stated)} for side, stated in resources.items()}


def _link(path: str) -> str:
    """Return the command that puts the model where it is read; the usual place has its folder already."""
    folder = "" if path == MODEL_MOUNT else f"mkdir -p {_quoted(posixpath.dirname(path))} && "
    return f"{folder}ln -sf /proc/$$$$/root/models {_quoted(path)}"


def _quoted(path: str) -> str:
    if _PLAIN_PATH.fullmatch(path):
        return path
    import shlex  # noqa: PLC0415 - for paths that nobody should write

    return shlex.quote(path)


def _check(image: str) -> JsonArray:
    """Return the command that fails where the image holds no model."""
    found = '[ -d /models ] && [ "$$(ls -A /models)" ]'
    bad = "(echo 'NOK ... Prefetched but modelcar is invalid (/models does not exist or is empty)' && exit 1)"
    good = "echo 'OK ... Prefetched and valid (/models exists)'"
    return ["sh", "-c", f"echo 'Pre-fetching modelcar {image}: ' && {found} && {good} || {bad}"]
