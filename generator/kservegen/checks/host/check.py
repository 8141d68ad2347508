"""One server on its node: what its pod may use against what its model certainly takes; findings out.

Sizes are bytes. A limit below the weights of a server on CPUs, or below its download, is proven to fail; what depends
on traffic, on the backend or on how a file is read is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.checks.gpu.cache import plan_kv_cache
from kservegen.checks.gpu.check import gib
from kservegen.checks.gpu.model import GIB, MIB, EngineFacts, ModelFacts
from kservegen.checks.gpu.weights import count
from kservegen.checks.gpu.workload import GpuWorkload
from kservegen.checks.host.pod import ServingPod
from kservegen.core.diagnostics import Counterpart, Finding, Severity
from kservegen.core.jsontypes import Path
from kservegen.core.values import whole_number
from kservegen.kserve.defaulting.model import default_limit

_CACHE_SPACE: Final = "VLLM_CPU_KVCACHE_SPACE"
# What container runtimes give where nothing is mounted (OCI default; Docker's --shm-size).
_SHARED_DEFAULT: Final = 64 * MIB


class Served(NamedTuple):
    """One server: its words, its pod, what is known of its model, and the version it runs."""

    workload: GpuWorkload
    pod: ServingPod
    model: ModelFacts | None
    engine: EngineFacts


def check_server(served: Served) -> Iterator[Finding]:
    """Yield what is to be said of a vLLM or Hugging Face server."""
    yield from _shared_memory(served)
    if served.model is not None and not served.model.gap and _runs_on_cpus(served):
        yield from _on_cpus(served, served.model)


def check_download(pod: ServingPod, size: int, *, source: str) -> Iterator[Finding]:
    """Compare what the storage initializer writes to an emptyDir with the disk that the pod may use."""
    limited, asked = pod.limited, pod.amount("requests", "ephemeral-storage")
    if limited is not None and limited < size:
        yield Finding(
            rule="gpu/ephemeral-storage",
            path=pod.where("limits", "ephemeral-storage"),
            message="the kubelet evicts the pod during the download: Pod ephemeral local storage usage exceeds the "
            "total limit of containers",
            seen=f"{gib(int(limited))}, and {gib(size)} to download ({source})",
            allowed=f"more than {gib(size)}",
            hint=f"Set the limit to {_roomy(size)} or more, or load the model from a pvc:// or oci:// address.",
        )
    elif asked is not None and asked < size:
        yield Finding(
            rule="gpu/ephemeral-storage",
            path=pod.where("requests", "ephemeral-storage"),
            message="the scheduler is told of less disk than the download takes",
            seen=f"{gib(int(asked))}, and {gib(size)} to download ({source})",
            allowed=f"{gib(size)} or more",
            hint=f"Set the request to {_roomy(size)}.",
            severity=Severity.WARNING,
        )


def check_artefact(pod: ServingPod, size: int, *, source: str) -> Iterator[Finding]:
    """Compare the files of a predictive model, which its server reads into memory, with the memory limit."""
    limit = pod.amount("limits", "memory")
    if limit is None or limit >= size:
        return
    yield Finding(
        rule="gpu/host-memory",
        path=pod.where("limits", "memory"),
        message="the files of the model are larger than the memory of its server",
        seen=f"{_origin(pod)}{gib(int(limit))}, and {gib(size)} of files ({source})",
        allowed=f"more than {gib(size)}",
        hint=f"Set resources.limits.memory to {_roomy(size)} or more.",
        severity=Severity.WARNING,
        other=_default(pod),
    )


def _runs_on_cpus(served: Served) -> bool:
    """Tell whether the image serves on CPUs; of its own runtimes KServe takes such a variant where no GPU is asked."""
    name, _, tag = served.workload.image.rpartition("/")[2].partition(":")
    if served.pod.devices:
        return False
    if name.startswith("huggingfaceserver"):
        return not tag.endswith("-gpu")
    return "cpu" in name or "cpu" in tag or (name == "vllm-openai" and not served.pod.claims)


def _on_cpus(served: Served, model: ModelFacts) -> Iterator[Finding]:
    workload, pod = served.workload, served.pod
    server = workload.server
    limit = pod.amount("limits", "memory")
    if limit is None or server.quantization or model.quantization or workload.nodes > 1 or server.overrides:
        return
    # The Hugging Face server takes 32 bits on CPUs unless it is told otherwise, with either backend.
    if server.dtype == "auto" and "huggingfaceserver" in workload.image:
        server = replace(server, dtype="float32")
    element = model.loaded_bytes(server.dtype)
    weights = count(model).total * element
    # Weights that are converted, or copied by vLLM, are memory of the process; others can be pages of a file.
    certain = workload.certain or element != model.element_bytes
    if weights > limit:
        yield Finding(
            rule="gpu/host-memory",
            path=pod.where("limits", "memory"),
            message=f"{model.name} does not load on CPUs: the container is killed (OOMKilled), its weights are larger "
            "than its memory limit",
            seen=f"{_origin(pod)}{gib(int(limit))}, and {gib(weights)} of weights ({element} bytes a parameter)",
            allowed=f"more than {gib(weights)}",
            hint=f"Set resources.limits.memory to {_roomy(weights)} or more"
            + (", or --dtype=bfloat16." if element > model.element_bytes else "."),
            severity=None if certain else Severity.WARNING,
            other=_default(pod),
        )
    space = workload.environment.get(_CACHE_SPACE, "")
    gigabytes = whole_number(space)
    if not gigabytes:
        return
    cache = gigabytes * GIB
    where = pod.variable(_CACHE_SPACE)
    if weights <= limit < weights + cache:
        yield _too_much_cache(where, weights, cache, limit)
    yield from _one_request(served, replace(workload, server=server), model, cache, where)


def _too_much_cache(where: Path, weights: int, cache: int, limit: Fraction) -> Finding:
    most = (int(limit) - weights) // GIB
    return Finding(
        rule="gpu/host-kv-cache",
        path=where,
        message="weights and KV cache together are larger than the memory limit: the container is killed (OOMKilled) "
        "once the cache fills",
        seen=f"weights {gib(weights)}, KV cache {gib(cache)}, limit {gib(int(limit))}",
        allowed=f"{most} or less" if most > 0 else f"a memory limit above {gib(weights + cache)}",
        hint=f"Raise resources.limits.memory to {_roomy(weights + cache)}, or lower {_CACHE_SPACE}.",
        severity=Severity.WARNING,
    )


def _one_request(
    served: Served, workload: GpuWorkload, model: ModelFacts, cache: int, where: Path
) -> Iterator[Finding]:
    """Compare the cache with one request of full length, which the v1 engine refuses to start without."""
    server, engine = workload.server, served.engine
    length = server.max_length or model.max_length or 0
    if not length or not engine.profiled or server.fitted_length or server.tensor * server.pipeline > 1:
        return
    cut = plan_kv_cache(model, server, engine, model.depth)
    tokens = server.batched_tokens or engine.batched_tokens[2]
    needed = cut.blocks_for(length, tokens) * cut.block_bytes
    if needed <= cache:
        return
    yield Finding(
        rule="gpu/host-kv-cache",
        path=where,
        message=f"{gib(needed)} KV cache is needed for {length:,} tokens, which is larger than the available KV cache "
        f"memory ({gib(cache)})",
        seen=str(cache // GIB),
        allowed=f"{-(-needed // GIB)} or more",
        hint=f"Raise {_CACHE_SPACE} and the memory limit, or set --max-model-len="
        f"{cut.longest(cache // cut.block_bytes, tokens, length)}.",
        severity=None if workload.certain else Severity.WARNING,
    )


def _shared_memory(served: Served) -> Iterator[Finding]:
    workload, pod = served.workload, served.pod
    ranks = workload.server.tensor * workload.server.pipeline
    if workload.gpus < 2 or ranks < 2 or pod.at.pod.get("hostIPC") is True:
        return
    mounted = pod.shared_size()
    path, size = mounted if mounted is not None else (pod.at.path, Fraction(_SHARED_DEFAULT))
    if size is None or size > _SHARED_DEFAULT:
        return
    yield Finding(
        rule="gpu/shared-memory",
        path=path,
        message="vLLM's ranks and NCCL share memory through /dev/shm, and it is no larger than a container's default",
        seen=f"{workload.gpus} GPUs, {int(size) // MIB} MiB at /dev/shm" + ("" if mounted else ", nothing mounted"),
        allowed="an emptyDir of medium Memory at /dev/shm, of 1Gi or more",
        hint="Add the volume {name: dshm, emptyDir: {medium: Memory, sizeLimit: 2Gi}} and mount it at /dev/shm; what "
        "is written there counts against the memory limit.",
    )


def _origin(pod: ServingPod) -> str:
    owner = pod.owner("limits", "memory")
    return f"the limit of {owner}, " if owner else ""


def _default(pod: ServingPod) -> Counterpart | None:
    """Say whose limit it is that stands in the object and that nobody wrote."""
    whose, setting = default_limit("memory")
    path = pod.where("limits", "memory")
    return None if pod.owner("limits", "memory") else Counterpart(path, "", default=whose, setting=setting)


def _roomy(size: int) -> str:
    """Write a size with a tenth on top, as a quantity."""
    return f"{-(-size * 11 // (10 * GIB))}Gi"
