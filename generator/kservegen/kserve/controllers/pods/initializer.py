"""The storage initializer: a pod and the URIs of its model in, the pod with what downloads or mounts them out.

Source: pkg/webhook/admission/pod/storage_initializer_injector.go and pkg/utils/storage.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path
from kservegen.kserve.controllers.components import INTERNAL, SOURCE_URI
from kservegen.kserve.controllers.control_plane import STORAGE_KIND, ControlPlane
from kservegen.kserve.controllers.local_models import LOCAL_MODEL_LABEL, cached_uri
from kservegen.kserve.controllers.made import CONFIG_MAP, Traced
from kservegen.kserve.controllers.merging import merge, without_empty
from kservegen.kserve.controllers.parts import add_env, append
from kservegen.kserve.controllers.pods.credentials import Credentials
from kservegen.kserve.controllers.pods.draft import MODEL_MOUNT, MutatedPod, PodLacksError, PodRefusedError
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.storage_uris import handles
from kservegen.kserve.workloads import SERVING_CONTAINER, TRANSFORMER_CONTAINER, WORKER_CONTAINER
from kservegen.kubernetes.templates import validate_pod

INIT_NAME: Final = "storage-initializer"
READ_ONLY: Final = "storage.kserve.io/readonly"
_PROVISION: Final = "kserve-provision-location"
_CLAIM: Final = "kserve-pvc-source"
_CA_VOLUME: Final = "cabundle-cert"
# Fields of an init container that differ from pod to pod.
_OF_THE_POD: Final = frozenset({"args", "env", "volumeMounts"})
_TRANSFER: Final[tuple[JsonObject, ...]] = (
    {"name": "HF_HUB_ENABLE_HF_TRANSFER", "value": "1"},
    {"name": "HF_XET_HIGH_PERFORMANCE", "value": "1"},
    {"name": "HF_XET_NUM_CONCURRENT_RANGE_GETS", "value": "8"},
)


def inject_initializer(draft: MutatedPod, plane: ControlPlane) -> None:
    """Add what downloads the one model of the pod, or mounts it."""
    uri = draft.annotations.get(SOURCE_URI)
    if not isinstance(uri, str):
        return
    if LOCAL_MODEL_LABEL in draft.labels:
        uri = _cached_uri(draft, uri, plane)
    container = storage_container(uri, draft.annotation(f"{INTERNAL}storage-container-name"), plane)
    if f"{INTERNAL}agent" in draft.annotations or draft.has_init(INIT_NAME) or _is_oci(uri, plane):
        return
    targets = _targets(draft)
    read_only = draft.annotation(READ_ONLY) != "false"
    if uri.startswith("pvc://"):
        _mount_claim(draft, uri, targets, read_only=read_only)
    else:
        draft.add_volume({"name": _PROVISION, "emptyDir": {}})
        for target in targets:
            mount: JsonObject = {"name": _PROVISION, "mountPath": MODEL_MOUNT, "readOnly": read_only}
            draft.mount(target, mount)
        _add_download(draft, plane, uri, container)
    if "env" in targets[0]:
        targets[0]["env"] = [_read_here(mapping(item)) for item in sequence(targets[0]["env"])]


def _read_here(variable: JsonObject) -> JsonObject:
    """Have the server read what was downloaded for it."""
    is_source = variable.get("name") == "STORAGE_URI" and variable.get("value")
    return {**variable, "value": MODEL_MOUNT} if is_source else variable


def _is_oci(uri: str, plane: ControlPlane) -> bool:
    settings = plane.settings
    if plane.release.capabilities.native_oci:
        if uri.startswith("oci+native://"):
            return True
        on = settings.text("storageInitializer", "ociModelMode") or settings.is_on(
            "storageInitializer", "enableOciModelSupport"
        )
        return uri.startswith("oci://") and bool(on or settings.is_on("storageInitializer", "enableModelcar"))
    return uri.startswith("oci://") and settings.is_on("storageInitializer", "enableModelcar")


def _cached_uri(draft: MutatedPod, uri: str, plane: ControlPlane) -> str:
    """Return the claim that a local model cache holds the model in."""
    if not (cached := cached_uri(uri, draft.labels, draft.annotations, plane.release.capabilities)):
        raise PodRefusedError(f"Annotation {LOCAL_MODEL_LABEL}-pvc-name not found")
    return cached


def storage_container(uri: str, name: str, plane: ControlPlane) -> JsonObject | None:
    """Return the ClusterStorageContainer that downloads a URI; PodRefusedError where the named one does not."""
    known = plane.all(STORAGE_KIND)
    if not name:
        return next((container for container in known if handles(container, uri)), None)
    found = next((item for item in known if mapping(item.get("metadata")).get("name") == name), None)
    if found is None:
        raise PodLacksError(f'clusterstoragecontainers.serving.kserve.io "{name}" not found')
    if not handles(found, uri):
        raise PodRefusedError(f'ClusterStorageContainer "{name}" does not support storageUri "{uri}"')
    return found


def _targets(draft: MutatedPod) -> list[JsonObject]:
    serving = draft.container(SERVING_CONTAINER, WORKER_CONTAINER)
    if serving is None:
        raise PodRefusedError(f"Invalid configuration: cannot find container: {SERVING_CONTAINER}")
    transformer = draft.container(TRANSFORMER_CONTAINER)
    return [serving] if transformer is None else [serving, transformer]


def _mount_claim(draft: MutatedPod, uri: str, targets: list[JsonObject], *, read_only: bool) -> None:
    claim, _, below = uri.removeprefix("pvc://").partition("/")
    for target in targets:
        mount: JsonObject = {"name": _CLAIM, "mountPath": MODEL_MOUNT, "readOnly": read_only}
        draft.mount(target, {**mount, "subPath": below} if below else mount)
    draft.add_volume({"name": _CLAIM, "persistentVolumeClaim": {"claimName": claim}})


def _add_download(draft: MutatedPod, plane: ControlPlane, uri: str, container: JsonObject | None) -> None:
    init = initializer(plane.settings, [uri, MODEL_MOUNT])
    append(init, "volumeMounts", {"name": _PROVISION, "mountPath": MODEL_MOUNT})
    credentials = Credentials(draft, plane)
    if draft.annotation(f"{INTERNAL}storage-spec") == "true":
        key = draft.annotation(f"{INTERNAL}storage-spec-key")
        init["args"] = [credentials.of_storage(init, key, parameters_of(draft), uri), MODEL_MOUNT]
    else:
        credentials.of_account(init, text(draft.spec.get("serviceAccountName")))
    finish_initializer(draft, plane, init, container)


def parameters_of(draft: MutatedPod) -> JsonObject:
    """Return the parameters that the pod carries in an annotation."""
    import json  # noqa: PLC0415 - hardly any pod has them

    try:
        return mapping(json.loads(draft.annotation(f"{INTERNAL}storage-spec-param") or "{}"))
    except (ValueError, RecursionError):
        return {}


def initializer(settings: ControllerSettings, args: JsonArray) -> JsonObject:
    """Make the init container as the ConfigMap has it."""
    section = settings.section("storageInitializer")
    return {
        "name": INIT_NAME,
        "image": section.get("image") or "kserve/storage-initializer:latest",
        "args": args,
        "resources": configured_amounts(section, "Limit", "Request"),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def configured_amounts(section: JsonObject, limit: str, request: str) -> JsonObject:
    """Read cpu and memory of a section of the ConfigMap."""
    sides = {"limits": limit, "requests": request}
    return {
        side: {name: section[name + ending] for name in ("cpu", "memory") if section.get(name + ending)}
        for side, ending in sides.items()
    }


class _Document(Struct, frozen=True):
    """A document as the key of a cache: equal to itself alone."""

    doc: JsonObject

    def __hash__(self) -> int:
        return id(self.doc)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Document) and other.doc is self.doc


def _laid_over(init: JsonObject, container: JsonObject, plane: ControlPlane, draft: MutatedPod) -> JsonObject:
    """Lay a storage container over the init container; what is the same in all pods is made and checked once."""
    own = mapping(mapping(container.get("spec")).get("container"))
    if _OF_THE_POD.isdisjoint(own):
        common = _common_part(plane.settings, _Document(container))
        draft.lawful_inits.extend(common.lawful)
        return {**init, **common.value}
    return _merged(init, own)


def _merged(init: JsonObject, own: JsonObject) -> JsonObject:
    merged = merge(Traced(init, []), Traced(without_empty(own), [])).value
    return {**merged, "name": own.get("name") or init["name"]}


class _CommonPart(Struct, frozen=True):
    """What init containers of one storage container have in common, which stands in `lawful` where it is lawful."""

    value: JsonObject
    lawful: tuple[JsonObject, ...]


@lru_cache(maxsize=64)
def _common_part(settings: ControllerSettings, container: _Document) -> _CommonPart:
    base = initializer(settings, [])
    del base["args"]
    value = _merged(base, mapping(mapping(container.doc.get("spec")).get("container")))
    server: JsonObject = {"name": "server", "image": "server"}
    broken = next(validate_pod({"spec": {"containers": [server], "initContainers": [value]}}), None)
    return _CommonPart(value, () if broken else (value,))


def finish_initializer(draft: MutatedPod, plane: ControlPlane, init: JsonObject, container: JsonObject | None) -> None:
    """Lay the storage container over the init container, add certificates and switches, and put it into the pod."""
    bundle = _ca_bundle(draft, plane, init)
    words: Path = (CONFIG_MAP, "storageInitializer")
    if container is not None:
        init = _laid_over(init, container, plane, draft)
        words = (f"{STORAGE_KIND} {text(mapping(container.get('metadata')).get('name'))}", "spec", "container")
    if bundle is not None:
        name, path = bundle
        add_env(
            init,
            {"name": "CA_BUNDLE_CONFIGMAP_NAME", "value": name},
            {"name": "CA_BUNDLE_VOLUME_MOUNT_POINT", "value": path},
        )
        append(init, "volumeMounts", {"name": _CA_VOLUME, "mountPath": path, "readOnly": True})
        draft.add_volume({"name": _CA_VOLUME, "configMap": {"name": name}})
    add_env(init, *_TRANSFER)
    if plane.release.capabilities.confidential and draft.annotation(f"{INTERNAL}confidential-enabled") == "true":
        add_env(init, {"name": "CONFIDENTIAL_ENABLED", "value": "true"})
        if resource := draft.annotation(f"{INTERNAL}confidential-resource-id"):
            add_env(init, {"name": "CONFIDENTIAL_RESOURCE_ID", "value": resource})
    draft.add("initContainers", init, words)


def _ca_bundle(draft: MutatedPod, plane: ControlPlane, init: JsonObject) -> tuple[str, str] | None:
    """Return the ConfigMap of extra certificates and where it is mounted; None where there is none."""
    variables = {
        text(mapping(item).get("name")): text(mapping(item).get("value")) for item in sequence(init.get("env"))
    }
    settings = plane.settings
    configured = settings.text("storageInitializer", "caBundleConfigMapName")
    own = variables.get("AWS_CA_BUNDLE_CONFIGMAP")
    if not configured and not own:
        return None
    name = configured if draft.namespace == settings.namespace else "global-ca-bundle"
    path = settings.text("storageInitializer", "caBundleVolumeMountPath") or "/etc/ssl/custom-certs"
    bundle = variables.get("AWS_CA_BUNDLE")
    return own or name, posixpath.dirname(bundle) if bundle and own else path
