"""A service or runtime that spans nodes in; findings out where what belongs to its workers is missing or too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._autoscaling import CLASSES
from kservegen.checks.rules.kserve._multi_node import KINDS, RUNTIMES, MultiNode, multi_node
from kservegen.checks.rules.kserve._settings import AUTOSCALER, annotation
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/worker-spec",
    title="A model that spans nodes lacks something, or has too much",
    why="KServe's webhook wants one worker container, a storageUri that every node can mount (pvc or oci; storageUris "
    "and storage do not count), and autoscaling switched off by the annotation autoscalerClass: none.",
    fix="Give model.storageUri a pvc:// or oci:// URI, write autoscalerClass: none, and keep one worker container.",
    bad="predictor: {model: {modelFormat: {name: huggingface}, storageUri: hf://a/b}, workerSpec: {}}",
    good="metadata: {annotations: {serving.kserve.io/autoscalerClass: none}}\n"
    "spec: {predictor: {model: {modelFormat: {name: huggingface}, storageUri: pvc://claim/model}, workerSpec: {}}}",
    upstream=(
        "ISVC-08",
        "ISVC-14",
        "ISVC-15",
        "ISVC-16",
        "SR-04",
        "SR-13",
        "pkg/apis/serving/v1beta1/inference_service_validation.go",
        "pkg/webhook/admission/servingruntime/servingruntime_webhook.go",
    ),
)

_PROTOCOLS: Final = ("pvc", "oci")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    found = multi_node(resource)
    if found is None:
        return
    yield from _containers(resource, found)
    model = found.holder.get("model")
    if resource.kind == "InferenceService" and isinstance(model, dict):
        yield from _storage(found)
        yield from _autoscaler(resource)


def _containers(resource: Resource, found: MultiNode) -> Iterator[Finding]:
    listed = found.worker.get("containers")
    path = (*found.worker_path, "containers")
    if len(sequence(listed)) > 1:
        message = "setting multiple containers in workerSpec is not allowed"
        yield Finding(rule=META.id, path=path, message=message, hint="Keep one worker container.", at_key=True)
    elif resource.kind in RUNTIMES and not sequence(listed):
        message = "workerSpec has no container, and the webhook panics: index out of range [0] with length 0"
        yield Finding(rule=META.id, path=path, message=message, hint="List the worker-container.", at_key=True)


def _storage(found: MultiNode) -> Iterator[Finding]:
    uri = mapping(found.holder.get("model")).get("storageUri")
    path = (*found.path, "model", "storageUri")
    if uri is None:
        message = "StorageURI must be set for multinode enabled"
        yield Finding(rule=META.id, path=path, message=message, hint=META.fix, allowed="pvc://, oci://", at_key=True)
    elif isinstance(uri, str) and (protocol := uri.partition("://")[0]) not in _PROTOCOLS:
        yield Finding(
            rule=META.id,
            path=path,
            message=f"Multinode only supports 'pvc' and 'oci' Storage Protocol({protocol})",
            hint=META.fix,
            seen=uri,
            allowed="pvc://, oci://",
        )


def _autoscaler(resource: Resource) -> Iterator[Finding]:
    value = annotation(resource, AUTOSCALER)
    # A word that KServe does not know is told by kserve/autoscaler-class.
    if value != "none" and (not value or value in CLASSES):
        yield Finding(
            rule=META.id,
            path=("metadata", "annotations", AUTOSCALER),
            message=f"Multinode only supports 'none' autoscaler({value})",
            hint="Write serving.kserve.io/autoscalerClass: none.",
            seen=value,
            allowed="none",
        )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
