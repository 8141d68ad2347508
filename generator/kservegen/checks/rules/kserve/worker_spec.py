"""A model that spans nodes lacks something, or has too much.

KServe's webhook wants one worker container, a storageUri that every node can mount (pvc or oci; storageUris and storage
do not count), and autoscaling switched off by the annotation autoscalerClass: none.

Fix: Give model.storageUri a pvc:// or oci:// URI, write autoscalerClass: none, and keep one worker container.
Bad:
    predictor: {model: {modelFormat: {name: huggingface}, storageUri: hf://a/b}, workerSpec: {}}
Good:
    metadata: {annotations: {serving.kserve.io/autoscalerClass: none}}
    spec: {predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/model}, workerSpec: {}}}
Upstream: ISVC-08; ISVC-14; ISVC-15; ISVC-16; SR-04; SR-13; pkg/apis/serving/v1beta1/inference_service_validation.go;
pkg/webhook/admission/servingruntime/servingruntime_webhook.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._autoscaling import CLASSES
from kservegen.checks.rules.kserve._multi_node import MULTI_NODE_KINDS, RUNTIMES, MultiNode, multi_node
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation
from kservegen.core.document import mapping, sequence

_PROTOCOLS: Final = ("pvc", "oci")


@rule(Stage.ADMISSION, *MULTI_NODE_KINDS)
def check(resource: Resource, _context: Context) -> Problems:
    found = multi_node(resource)
    if found is None:
        return
    yield from _containers(resource, found)
    model = found.holder.get("model")
    if resource.kind == "InferenceService" and isinstance(model, dict):
        yield from _storage(found)
        yield from _autoscaler(resource)


def _containers(resource: Resource, found: MultiNode) -> Problems:
    listed = found.worker.get("containers")
    path = (*found.worker_path, "containers")
    if len(sequence(listed)) > 1:
        message = "setting multiple containers in workerSpec is not allowed"
        yield Problem(path, message, hint="Keep one worker container.", at_key=True)
    elif resource.kind in RUNTIMES and not sequence(listed):
        message = "workerSpec has no container, and the webhook panics: index out of range [0] with length 0"
        yield Problem(path, message, hint="List the worker-container.", at_key=True)


def _storage(found: MultiNode) -> Problems:
    uri = mapping(found.holder.get("model")).get("storageUri")
    path = (*found.path, "model", "storageUri")
    if uri is None:
        yield Problem(path, "StorageURI must be set for multinode enabled", allowed="pvc://, oci://", at_key=True)
    elif isinstance(uri, str) and (protocol := uri.partition("://")[0]) not in _PROTOCOLS:
        message = f"Multinode only supports 'pvc' and 'oci' Storage Protocol({protocol})"
        yield Problem(path, message, seen=uri, allowed="pvc://, oci://")


def _autoscaler(resource: Resource) -> Problems:
    value = annotation(resource, AUTOSCALER)
    # A word that KServe does not know is told by kserve/autoscaler-class.
    if value != "none" and (not value or value in CLASSES):
        message = f"Multinode only supports 'none' autoscaler({value})"
        hint = "Write serving.kserve.io/autoscalerClass: none."
        yield Problem(("metadata", "annotations", AUTOSCALER), message, seen=value, allowed="none", hint=hint)
