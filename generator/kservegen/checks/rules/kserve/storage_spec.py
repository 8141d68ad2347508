"""The pods cannot use what the service says about storage.

KServe's pod webhook works out where the model comes from when the pods are created: the type of storage from the
Secret's key or from parameters.type, the container that gets the model by its name, kserve-container. Where that fails,
the Deployment is there and its pods are refused. What a Secret holds is looked at only where the Secret is among the
objects at hand.

Fix: Give storage a key of the Secret storage-config, or parameters with type s3, hdfs or webhdfs.
Bad:
    model: {modelFormat: {name: sklearn}, storage: {path: models/iris}}
Good:
    model: {modelFormat: {name: sklearn}, storage: {key: minio, path: models/iris}}
Upstream: ISVC-P01; ISVC-P02; ISVC-P03; ISVC-P04; ISVC-P05; ISVC-P06; pkg/credentials/service_account_credentials.go;
pkg/webhook/admission/pod/storage_initializer_injector.go
"""

import base64
import binascii
import json
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find
from kservegen.checks.rules.kserve._settings import annotation, deployment_mode, namespace
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.kserve.storage_uris import claiming
from kservegen.kserve.workloads import SERVING_CONTAINER, WORKER_CONTAINER

_TYPES: Final = ("s3", "hdfs", "webhdfs")
_SECRET: Final = "serving.kserve.io/secretName"  # noqa: S105 - the key of an annotation
_RECEIVERS: Final = frozenset({SERVING_CONTAINER, WORKER_CONTAINER})


@rule(Stage.RUN, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for path, role, component in components_of(resource):
        model = mapping(component.get("model"))
        if "storage" in model and not model.get("storageUri") and deployment_mode(resource, context) != "ModelMesh":
            yield from _storage((*path, "model", "storage"), model["storage"], _secret(resource, context))
        if component.get("storageUris"):
            yield from _several(path, role, component, context)


def _secret(resource: Resource, context: Context) -> Resource | None:
    """Find the Secret that holds the keys, where it is among the objects at hand."""
    name = annotation(resource, _SECRET) or context.platform.storage_secret
    return find(context, kind="Secret", namespace=namespace(resource), name=name)


def _storage(path: Path, storage: JsonValue, secret: Resource | None) -> Problems:
    if not isinstance(storage, dict):
        return
    key, parameters = text(storage.get("key")), mapping(storage.get("parameters"))
    if key and secret is None:
        return  # the Secret says the rest
    settings = _settings(secret, key) if key and secret else {}
    if settings is None:
        message = f"specified storage key {key} not found in storage secret {secret.id.name if secret else key}"
        hint = "Add the key to the Secret, or name one that it has."
        yield Problem((*path, "key"), message, seen=key, hint=hint)
        return
    kind = text(parameters.get("type")) or text(settings.get("type"))
    if not kind:
        message = "unable to determine storage type: neither the key nor parameters.type tells it"
        yield Problem(path, message, at_key=True)
    elif kind not in _TYPES:
        message = f"storage type must be one of {', '.join(_TYPES)}: {kind} is not supported"
        yield Problem((*path, "parameters", "type"), message, seen=kind, allowed=", ".join(_TYPES))
    elif key and kind == "s3" and storage.get("path") and not (parameters.get("bucket") or settings.get("bucket")):
        message = "no bucket is given: neither the Secret's key nor parameters.bucket names one"
        hint = "Add parameters.bucket."
        yield Problem(path, message, hint=hint, at_key=True)


def _several(path: Path, role: str, component: JsonObject, context: Context) -> Problems:
    names = [text(mapping(container).get("name")) for container in sequence(component.get("containers"))]
    if role == "predictor" and len(names) > 1 and not component.get("model") and _RECEIVERS.isdisjoint(names):
        message = f"invalid configuration: cannot find container: {SERVING_CONTAINER}"
        hint = f"Name the container that serves {SERVING_CONTAINER}."
        yield Problem((*path, "storageUris"), message, seen=", ".join(names), hint=hint, at_key=True)
    for index, item in enumerate(sequence(component.get("storageUris"))):
        uri = text(mapping(item).get("uri"))
        container = claiming(uri, of_kind(context, "ClusterStorageContainer"))
        if container is not None and mapping(container.doc.get("spec")).get("supportsMultiModelDownload") is not True:
            yield Problem(
                (*path, "storageUris", index, "uri"),
                f"ClusterStorageContainer {container.id.name}, which handles {uri}, fetches one model only",
                seen=uri,
                hint="Set its supportsMultiModelDownload: true if it takes several, or use storageUri.",
            )


def _settings(secret: Resource, key: str) -> JsonObject | None:
    """Read the JSON under a key of a Secret; None where the Secret lacks the key, empty where it cannot be read."""
    plain = mapping(secret.doc.get("stringData"))
    encoded = mapping(secret.doc.get("data"))
    if key in plain:
        return _read_json(plain[key])
    if key not in encoded:
        return None
    try:
        return _read_json(base64.b64decode(str(encoded[key]), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return {}


def _read_json(value: object) -> JsonObject:
    try:
        read = json.loads(value) if isinstance(value, str) else {}
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
