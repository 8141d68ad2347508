"""The objects of an environment in; what there is to say of memory and disk on their nodes out.

Light to import: tables and arithmetic are loaded where an object serves a language model or the lock holds one's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.checks.gpu.environment import EstimateInputs
from kservegen.checks.gpu.requests import DEVICE_KINDS, device_of, serving
from kservegen.checks.rules._cached import cached_by_object
from kservegen.core.diagnostics import Finding
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.workloads import containers

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore

_LANGUAGE: Final = frozenset({"huggingface", "vLLM"})
# Formats whose servers read the whole model into memory before they are ready.
_READ_WHOLE: Final = frozenset({"sklearn", "xgboost", "lightgbm", "pmml", "paddle", "pytorch", "onnx", "tensorflow"})
_MOUNTED: Final = ("pvc://", "oci://", "file://")


class Size(Struct, frozen=True):
    """Bytes of a model's files, at the least, and who says so."""

    bytes: int
    source: str


def host_findings(
    objects: Iterable[Defaulted], inputs: EstimateInputs, open_facts: Callable[[], FactStore]
) -> tuple[tuple[Resource, Finding], ...]:
    """Return findings about memory and disk, each with its defaulted object; facts are the tables' and the lock's."""
    items = [item for item in objects if _concerns(item.resource, inputs)]
    if not items:
        return ()
    facts = open_facts()
    return tuple((item.resource, finding) for item in items for finding in _findings(item.resource, inputs, facts))


def _concerns(resource: Resource, inputs: EstimateInputs) -> bool:
    """Tell whether an object serves a language model, or one whose size is locked, and has something to compare."""
    compared = _compared(resource)
    return compared.language or any(_entry(address, inputs.locked) for address in compared.addresses)


class _Compared(Struct, frozen=True):
    """Whether an object serves a language model and has something to compare; else the addresses of what it serves."""

    language: bool
    addresses: tuple[str, ...] = ()


@cached_by_object
def _compared(resource: Resource) -> _Compared:
    if resource.kind not in DEVICE_KINDS:
        return _Compared(language=False)
    addresses = []
    for at in containers(resource):
        if not at.serving or _is_idle(at.container):
            continue
        image = text(at.container.get("image"))
        is_own = at.path[-1] != "model" and ("vllm" in image or "huggingfaceserver" in image)
        if resource.kind == "LLMInferenceService" or is_own or _format(at.container) in _LANGUAGE:
            return _Compared(language=True)
        addresses.append(text(at.container.get("storageUri")))
    return _Compared(False, tuple(addresses))


def _is_idle(container: JsonObject) -> bool:
    """Tell whether a server has one GPU and states no disk: it has nothing to compare, and most servers are so."""
    device = device_of(container)
    resources = mapping(container.get("resources"))
    stated = any("ephemeral-storage" in mapping(resources.get(side)) for side in ("limits", "requests"))
    return device is not None and device[1] == 1 and not stated


def _findings(resource: Resource, inputs: EstimateInputs, facts: FactStore) -> Iterator[Finding]:
    from kservegen.checks.gpu.workload import gpu_workloads  # noqa: PLC0415
    from kservegen.checks.host.check import Served, check_artefact, check_download, check_server  # noqa: PLC0415
    from kservegen.checks.host.pod import ServingPod  # noqa: PLC0415

    servers = {server.path: server for server in gpu_workloads(resource, inputs.context)}
    for at in serving(resource, inputs.context):
        pod, server = ServingPod(at), servers.get(at.path)
        if at.stated is None or _is_idle(at.container):
            continue
        address = _address(resource, at.stated.container)
        size = _size(address, inputs, facts)
        if size is not None and not address.startswith(_MOUNTED) and not _cached(address, inputs):
            yield from check_download(pod, size.bytes, source=size.source)
        if server is not None:
            model = facts.model(server.model, server.address) if server.model or server.address else None
            version = facts.image_version(server.image)
            yield from check_server(Served(server, pod, model, facts.engine(version)))
        elif size is not None and _format(at.stated.container) in _READ_WHOLE and not pod.devices:
            yield from check_artefact(pod, size.bytes, source=size.source)


def _address(resource: Resource, container: JsonObject) -> str:
    if resource.kind == "LLMInferenceService":
        return text(mapping(mapping(resource.doc.get("spec")).get("model")).get("uri"))
    return text(container.get("storageUri"))


def _format(container: JsonObject) -> str:
    return text(mapping(container.get("modelFormat")).get("name"))


def _entry(address: str, locked: JsonObject) -> JsonObject:
    """Return what the lock holds of an address, as it is written or with the revision that render writes behind it."""
    return mapping(locked.get(address)) or (
        mapping(locked.get(address.rpartition(":")[0])) if address.startswith("hf://") else {}
    )


def _size(address: str, inputs: EstimateInputs, facts: FactStore) -> Size | None:
    """Return the least that a model's files take: what the lock holds, or its weights in the table."""
    if not address:
        return None
    locked = integer(_entry(address, inputs.locked).get("downloadBytes"))
    if locked:
        return Size(locked, f"{inputs.lock_file}, downloadBytes")
    name = address.removeprefix("hf://").partition(":")[0] if address.startswith("hf://") else ""
    model = facts.model(name, address) if name else None
    if model is None or not model.weight_bytes:
        return None
    return Size(model.weight_bytes, f"weights in {facts.known_from(name, address)}")


def _cached(address: str, inputs: EstimateInputs) -> bool:
    """Tell whether a cache on the nodes holds the model: then it is mounted, not downloaded."""
    for resource in inputs.context.resources.values():
        if resource.kind in {"LocalModelCache", "LocalModelNamespaceCache"}:
            held = text(mapping(resource.doc.get("spec")).get("sourceModelUri"))
            if held and (address == held or address.startswith((f"{held}/", f"{held}:"))):
                return True
    return False
