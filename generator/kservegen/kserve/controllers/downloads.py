"""Several models of one component: its storageUris in, the pod with what downloads and mounts them out.

Source: CommonStorageInitialization and its callers in pkg/utils/storage.go and
pkg/controller/v1beta1/inferenceservice/reconcilers/raw at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Final, NamedTuple

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.kserve.controllers.components import INTERNAL
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import STORED, ReconcileError, Traced
from kservegen.kserve.controllers.parts import append
from kservegen.kserve.controllers.pods.credentials import Credentials
from kservegen.kserve.controllers.pods.draft import MODEL_MOUNT, MutatedPod, PodRefusedError
from kservegen.kserve.controllers.pods.initializer import READ_ONLY, finish_initializer, initializer, storage_container
from kservegen.kserve.controllers.pods.oci import add_image_volume, add_modelcar, oci_mode, targets_of, volume_name
from kservegen.kserve.controllers.workloads import ComponentDraft

_MOST_IMAGES: Final = 10
_OCI: Final = "oci://"
_NATIVE: Final = "oci+native://"


class Download(NamedTuple):
    """A URI and where it is to be found."""

    uri: str
    path: str


def inject_downloads(component: ComponentDraft, plane: ControlPlane) -> None:
    """Add what provides every storageUri of a component; ReconcileError where that cannot be."""
    wanted = [
        Download(text(mapping(item).get("uri")), text(mapping(item).get("mountPath")) or MODEL_MOUNT)
        for item in sequence(component.spec.get("storageUris"))
    ]
    if not wanted:
        return
    pod: JsonObject = {"metadata": component.metadata, "spec": component.pod.value}
    draft = MutatedPod(pod)
    try:
        _Injection(draft, plane, component).run(wanted)
    except PodRefusedError as problem:
        raise ReconcileError("build", "ReconcileFailed", str(problem)) from problem
    origins = [*component.pod.origins]
    for built, words in draft.origins:
        if built[:1] == ("spec",):
            origins.append(type(component.pod.origins[0])(built[1:], words))
    component.pod = Traced(draft.spec, origins)


class _Injection:
    def __init__(self, draft: MutatedPod, plane: ControlPlane, component: ComponentDraft) -> None:
        self.draft = draft
        self.plane = plane
        self.component = component
        self.words = (STORED, *component.path, "storageUris")

    def run(self, wanted: Sequence[Download]) -> None:
        """Provide them all; PodRefusedError where one of them cannot be."""
        if not targets_of(self.draft):
            raise PodRefusedError("no container to mount models into")
        name = self.draft.annotation(f"{INTERNAL}storage-container-name")
        stated = self.component.spec.get("storageContainerName")
        if self.plane.release.capabilities.storage_container_names and self.component.role == "predictor":
            name = name or text(stated)
        container = storage_container(wanted[0].uri, name, self.plane)
        if container is not None and mapping(container.get("spec")).get("supportsMultiModelDownload") is not True:
            own = text(mapping(mapping(container.get("spec")).get("container")).get("name"))
            raise PodRefusedError(f'storage container "{own}" does not support multi-model download')
        if self.plane.release.capabilities.native_oci:
            wanted = self._images_apart(wanted)
        elif not self.plane.release.capabilities.modelcars_by_uri:
            if oci_mode(self.plane) and wanted[0].uri.startswith(_OCI):
                return
        elif oci_mode(self.plane) and any(item.uri.startswith(_OCI) for item in wanted):
            for item in wanted:
                if item.uri.startswith(_OCI):
                    add_modelcar(self.draft, self.plane, item.uri, item.path, 0)
            return
        self._others(wanted, container)

    def _images_apart(self, wanted: Sequence[Download]) -> Sequence[Download]:
        """Provide the models in images; return the others."""
        mode = oci_mode(self.plane)
        native = [item for item in wanted if item.uri.startswith(_NATIVE)]
        plain = [item for item in wanted if item.uri.startswith(_OCI)]
        if mode == "native":
            native, plain = [item for item in wanted if item.uri.startswith((_NATIVE, _OCI))], []
        if len(native) + len(plain) > _MOST_IMAGES:
            raise PodRefusedError(f"at most {_MOST_IMAGES} OCI models are allowed")
        _check_paths(native, plain)
        for item in native:
            add_image_volume(self.draft, item.uri, item.path)
        for number, item in enumerate(plain if mode else ()):
            add_modelcar(self.draft, self.plane, item.uri, item.path, number)
        return [item for item in wanted if not item.uri.startswith((_NATIVE, _OCI))]

    def _others(self, wanted: Sequence[Download], container: JsonObject | None) -> None:
        read_only = self.draft.annotation(READ_ONLY) != "false"
        loaded = [item for item in wanted if not item.uri.startswith("pvc://")]
        for item in wanted:
            if item.uri.startswith("pvc://"):
                claim = item.uri.removeprefix("pvc://").partition("/")[0]
                self._volume(item.path, {"persistentVolumeClaim": {"claimName": claim}}, read_only=read_only)
        if not loaded:
            return
        path = loaded[0].path
        if len(loaded) > 1:
            path = posixpath.commonpath([posixpath.join("/", item.path) for item in loaded])
        self._volume(path, {"emptyDir": {}}, read_only=read_only)
        args: JsonArray = [part for item in loaded for part in item]
        init = initializer(self.plane.settings, args)
        append(init, "volumeMounts", {"name": volume_name(path), "mountPath": path})
        credentials = Credentials(self.draft, self.plane)
        storage = mapping(mapping(self.component.spec.get("model")).get("storage"))
        if storage.get("key") and storage.get("parameters"):
            credentials.of_storage(init, text(storage["key"]), mapping(storage["parameters"]), loaded[0].uri)
        else:
            credentials.of_account(init, text(self.draft.spec.get("serviceAccountName")))
        finish_initializer(self.draft, self.plane, init, container)

    def _volume(self, path: str, source: JsonObject, *, read_only: bool) -> None:
        name = volume_name(path)
        self.draft.add_volume({"name": name, **source}, self.words)
        for target in targets_of(self.draft):
            self.draft.mount(target, {"name": name, "mountPath": path, "readOnly": read_only})


def _check_paths(native: Sequence[Download], plain: Sequence[Download]) -> None:
    """Refuse images that would hide one another."""
    parents: dict[str, str] = {}
    for item in plain:
        parent = posixpath.dirname(item.path)
        if parent in parents:
            both = f'"{parents[parent]}" and "{item.path}"'
            raise PodRefusedError(f'OCI mount paths {both} share parent directory "{parent}"')
        parents[parent] = item.path
    paths = [item.path for item in native]
    if len(set(paths)) < len(paths):
        raise PodRefusedError(f"OCI mount path {paths[0]} is used twice")
