"""The manual of the rules about memory and disk of the node."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

RULES: Final = (
    RuleMeta(
        id="gpu/host-memory",
        title="A server on CPUs may use the memory that its model takes",
        why="Without a GPU the weights lie in the container's memory. The Hugging Face server takes 4 bytes a "
        "parameter there unless --dtype says otherwise, and the charts' runtime limits it to 2Gi. Above it the "
        "kernel kills the process at every start. It is a warning where the weights may stay pages of a file, "
        "and for predictive models, whose size the environment's lock tells (downloadBytes).",
        fix="Raise resources.limits.memory above the weights, with room for the cache and the process itself.",
        bad="modelFormat: huggingface\nstorageUri: hf://Qwen/Qwen2.5-1.5B-Instruct  # the runtime's 2Gi",
        good="modelFormat: huggingface\nstorageUri: hf://Qwen/Qwen2.5-1.5B-Instruct\n"
        "resources: {limits: {memory: 8Gi}}",
        upstream=("python/huggingfaceserver/huggingfaceserver/__main__.py",),
    ),
    RuleMeta(
        id="gpu/host-kv-cache",
        title="The KV cache on CPUs holds one request, and fits beside the weights",
        why="VLLM_CPU_KVCACHE_SPACE is the cache in GiB. vLLM refuses to start where one request of full length takes "
        "more; and cache and weights together must stay below the memory limit, or the process is killed once the "
        "cache fills (a warning: it depends on the traffic).",
        fix="Raise the space, lower --max-model-len, or raise the memory limit.",
        bad="args: [--backend=vllm, --max_model_len=32768]\nenv: [{name: VLLM_CPU_KVCACHE_SPACE, value: '1'}]",
        good="args: [--backend=vllm, --max_model_len=4096]\nenv: [{name: VLLM_CPU_KVCACHE_SPACE, value: '4'}]",
        upstream=("vllm/envs.py", "vllm/v1/core/kv_cache_utils.py"),
    ),
    RuleMeta(
        id="gpu/shared-memory",
        title="A server on several GPUs has shared memory",
        why="The ranks of a tensor parallel server talk through /dev/shm, and NCCL does where GPUs cannot reach each "
        "other directly. A container has 64 MiB unless a volume is mounted there. The charts' runtimes and LLM presets "
        "mount one; a container or a runtime of one's own must.",
        fix="Mount an emptyDir of medium Memory at /dev/shm. What is written there counts against the memory limit.",
        good="volumes: [{name: dshm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}]\n"
        "volumeMounts: [{name: dshm, mountPath: /dev/shm}]",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="gpu/ephemeral-storage",
        title="The pod may use the disk that its download takes",
        why="The storage initializer writes the model to an emptyDir on the node's disk, and the kubelet evicts a pod "
        "whose emptyDirs exceed the sum of its containers' ephemeral-storage limits. pvc:// and oci:// download "
        "nothing. A request below the download is a warning: the scheduler may choose a node without the room.",
        fix="Raise the limit (or the request) above the download, or leave it out.",
        bad="storageUri: hf://Qwen/Qwen3-8B\nresources: {limits: {ephemeral-storage: 10Gi}}",
        good="storageUri: hf://Qwen/Qwen3-8B\nresources: {limits: {ephemeral-storage: 20Gi}}",
        upstream=("pkg/kubelet/eviction/eviction_manager.go",),
    ),
)
