"""Tiers of a KV cache on disk: a pod in hand, the same with their volumes (workload_kvcache.go at v0.20.0)."""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.quantity import canonical, parse_quantity
from kservegen.kserve.controllers.llm.pods import LlmPod
from kservegen.kserve.workloads import LLM_CONTAINER

_STORAGE: Final = "ephemeral-storage"
_UNITS: Final = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def attach_kv_cache(pod: LlmPod, offloading: JsonObject, source: Path) -> None:
    """Mount every tier that is a file system; room on the node is requested, and not limited."""
    container = pod.container(LLM_CONTAINER)
    if container is None:
        return
    for index, tier in enumerate(sequence(offloading.get("secondary"))):
        files = mapping(tier).get("fileSystem")
        if not isinstance(files, dict):
            continue
        name = f"kv-cache-secondary-{index}"
        at = (*source[:-1], "secondary", index, "fileSystem", source[-1])
        volume, folder = _volume(files)
        pod.add("volumes", {"name": name, **volume}, at)
        mount: JsonObject = {"name": name, "mountPath": f"/mnt/kv-cache-{index}"}
        if folder:
            mount["subPath"] = folder
        pod.add_to(container, "volumeMounts", mount, at)
        if isinstance(own := files.get("emptyDir"), dict):
            requests = pod.map(pod.map(container, "resources"), "requests")
            requests[_STORAGE] = _sum(requests.get(_STORAGE), own.get("size"))


def _volume(files: JsonObject) -> tuple[JsonObject, str]:
    if isinstance(empty := files.get("emptyDir"), dict):
        return {"emptyDir": {"sizeLimit": empty.get("size", "0")}}, ""
    claim = mapping(files.get("pvc"))
    if isinstance(reference := claim.get("ref"), dict):
        return {"persistentVolumeClaim": {"claimName": reference.get("name")}}, text(reference.get("path"))
    return {"ephemeral": {"volumeClaimTemplate": {"spec": mapping(claim.get("spec"))}}}, ""


def _sum(first: JsonValue, second: JsonValue) -> JsonValue:
    """Add two amounts; the sum is written in the largest binary unit that it is whole in."""
    amounts = [parse_quantity(value) for value in (first or "0", second or "0") if isinstance(value, str | int | float)]
    total = sum(amount.value for amount in amounts if amount is not None)
    for unit, size in _UNITS:
        if total and total % size == 0:
            return f"{int(total // size)}{unit}"
    return canonical(int(total))
