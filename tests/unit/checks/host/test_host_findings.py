"""Findings about memory and disk of the node through the whole check, at the limit to edit."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import CLUSTER, Project
from tests.support.reports import text_of

HOST = {f"gpu/{slug}" for slug in "host-memory host-kv-cache shared-memory ephemeral-storage".split()}

DEV = (
    CLUSTER
    + """\
accelerators:
  h100: {resource: nvidia.com/gpu, gpu: H100, nodeSelector: {gpu: H100}}
"""
)

LOCK = """\
version: 1
models:
  s3://models/forest: {downloadBytes: 6000000000}
"""


def service(words: str, model: str = "hf://Qwen/Qwen2.5-1.5B-Instruct") -> str:
    return f"models:\n  chat:\n    modelFormat: huggingface\n    storageUri: {model}\n{words}"


def llm(words: str) -> str:
    return f"models:\n  chat:\n    kind: LLMInferenceService\n    model: hf://Qwen/Qwen3-8B\n{words}"


def forest(words: str, model: str = "s3://models/forest") -> str:
    return f"models:\n  forest:\n    modelFormat: sklearn\n    storageUri: {model}\n{words}"


def vllm(words: str, claim: str | None = None) -> str:
    if claim is not None:
        uses = (
            ", claims: [{name: gpu}]}\n      resourceClaims: [{name: gpu, resourceClaimTemplateName: t}]"
            if claim
            else "}"
        )
        return raw("--dtype=auto").replace("vllm-openai-cpu", "vllm-openai").replace("}}\n", f"}}{uses}\n")
    return (
        "models:\n  chat:\n    predictor:\n      containers:\n        - name: kserve-container\n"
        "          image: vllm/vllm-openai:v0.19.0\n"
        "          args: [--model=Qwen/Qwen3-8B, --tensor-parallel-size=2, --max-model-len=4096]\n"
        "          resources: {limits: {nvidia.com/gpu: '2', memory: 40Gi}}\n" + words
    )


def raw(args: str, memory: str = "8Gi") -> str:
    """Write a server on CPUs as a container of one's own."""
    return (
        "models:\n  chat:\n    predictor:\n      containers:\n        - name: kserve-container\n"
        f"          image: vllm/vllm-openai-cpu:v0.19.0\n          args: [--model=Qwen/Qwen3-8B, {args}]\n"
        f"          resources: {{limits: {{memory: {memory}}}}}\n"
    )


MOUNT = (
    "          volumeMounts: [{name: shm, mountPath: /dev/shm}]\n      volumes: [{name: shm, emptyDir: {medium: Memory"
)

# The words of a model; where and what is said (the file starts with two lines of its own).
CASES: dict[str, list[str]] = {
    # Weights of 1.5 billion parameters in 32 bits: 5.75 GiB, and the runtime's limit is 2Gi.
    service(""): ["models.yaml:4:3 error gpu/host-memory"],
    service("    resources: {limits: {memory: 4Gi}}\n"): ["models.yaml:7:34 error gpu/host-memory"],
    service("    resources: {limits: {memory: 8Gi}}\n"): [],
    service("    args: [--dtype=bfloat16]\n    resources: {limits: {memory: 4Gi}}\n"): [],
    service("    args: [--dtype=bfloat16]\n    resources: {limits: {memory: 2Gi}}\n"): [
        "models.yaml:8:34 warning gpu/host-memory"
    ],
    service("    args: [--backend=vllm, --dtype=bfloat16]\n    resources: {limits: {memory: 2Gi}}\n"): [
        "models.yaml:8:34 error gpu/host-memory"
    ],
    service("    args: [--backend=huggingface]\n"): [],
    # Nothing is made of a model that spans nodes with a runtime that does not.
    service("    worker: {pipelineParallelSize: 1}\n    resources: {limits: {memory: 4Gi}}\n"): [],
    service("    worker: {pipelineParallelSize: 2}\n    resources: {limits: {memory: 4Gi}}\n"): [],
    service("", "hf://nobody/nothing"): [],
    service("", "pvc://models/qwen"): [],
    service("    accelerator: {type: h100}\n"): [],
    # A cache beside the weights, and one that holds no request.
    service("    resources: {limits: {memory: 8Gi}}\n    env: [{name: VLLM_CPU_KVCACHE_SPACE, value: '4'}]\n"): [
        "models.yaml:8:11 warning gpu/host-kv-cache"
    ],
    service("    resources: {limits: {memory: 16Gi}}\n    env: [{name: VLLM_CPU_KVCACHE_SPACE, value: '4'}]\n"): [],
    service(
        "    args: [--backend=vllm]\n    resources: {limits: {memory: 16Gi}}\n"
        "    env: [{name: VLLM_CPU_KVCACHE_SPACE, value: '1'}]\n"
    ): ["models.yaml:9:11 error gpu/host-kv-cache"],
    # 8.2 billion parameters in 16 bits on CPUs: 15.3 GiB.
    raw("--dtype=auto"): ["models.yaml:10:40 error gpu/host-memory"],
    raw("--dtype=auto", "16Gi"): [],
    raw("--dtype=float", "16Gi"): ["models.yaml:10:40 error gpu/host-memory"],
    raw("--quantization=fp8"): [],
    raw("--hf-overrides={}"): [],
    # Disk: 15.3 GiB of files.
    llm("    accelerator: {type: h100}\n    resources: {limits: {ephemeral-storage: 10Gi}}\n"): [
        "models.yaml:8:45 error gpu/ephemeral-storage"
    ],
    llm("    accelerator: {type: h100}\n    resources: {limits: {ephemeral-storage: 20Gi}}\n"): [],
    llm("    accelerator: {type: h100}\n    resources: {requests: {ephemeral-storage: 10Gi}}\n"): [
        "models.yaml:8:47 warning gpu/ephemeral-storage"
    ],
    llm("    accelerator: {type: h100, count: 2}\n    args: {tensor-parallel-size: 2}\n"): [],
    # Predictive servers: what the lock holds, and nothing where it is silent.
    forest("    resources: {limits: {memory: 4Gi}}\n"): ["models.yaml:7:34 warning gpu/host-memory"],
    forest(""): ["models.yaml:4:3 warning gpu/host-memory"],
    forest("    resources: {limits: {memory: 8Gi}}\n"): [],
    forest("    resources: {limits: {memory: 8Gi, ephemeral-storage: 1Gi}}\n"): [
        "models.yaml:7:58 error gpu/ephemeral-storage"
    ],
    forest("", "s3://models/other"): [],
    # Shared memory of a container of one's own.
    vllm(""): ["models.yaml:7:11 warning gpu/shared-memory"],
    vllm(MOUNT + "}}]\n"): [],
    vllm(MOUNT + ", sizeLimit: 2Gi}}]\n"): [],
    vllm(MOUNT + ", sizeLimit: 64Mi}}]\n"): ["models.yaml:12:67 warning gpu/shared-memory"],
    vllm("      hostIPC: true\n"): [],
    # A claim brings a device that no limit counts; without it such an image falls back on cores.
    vllm("", claim="t"): [],
    vllm("", claim=""): ["models.yaml:10:40 error gpu/host-memory"],
    # The kubelet takes the larger of containers and init containers.
    llm(
        "    accelerator: {type: h100}\n    resources: {limits: {ephemeral-storage: 10Gi}}\n"
        "    template:\n      initContainers:\n"
        "        - {name: more, image: i:1, resources: {limits: {ephemeral-storage: 40Gi}}}\n"
    ): ["models.yaml:8:5 warning gpu/ephemeral-storage"],
}


@pytest.mark.parametrize("words", CASES)
def test_findings_stand_at_the_limit_to_edit(words: str, project: Project, snapshot: SnapshotAssertion) -> None:
    project.write("environments/dev.yaml", DEV)
    project.write("environments/dev.lock.yaml", LOCK)
    project.models(words)
    found = [d for d in project.validate().diagnostics if d.rule in HOST]
    assert [f"{d.location} {d.severity} {d.rule}" for d in found] == CASES[words]
    if found:
        assert "\n".join([words, *(text_of(d) for d in found)]) == snapshot


def test_a_model_that_is_cached_on_the_nodes_is_not_downloaded(project: Project) -> None:
    project.write("environments/dev.yaml", DEV)
    words = llm("    accelerator: {type: h100}\n    resources: {limits: {ephemeral-storage: 10Gi}}\n")
    cache = "localModelCaches:\n  qwen: {sourceModelUri: 'hf://Qwen/Qwen3-8B', modelSize: 20Gi, nodeGroups: [gpu]}\n"
    project.models(words + cache)
    assert [d.rule for d in project.validate().diagnostics if d.rule in HOST] == []


def test_a_server_on_cpus_has_no_gpu_finding(project: Project) -> None:
    project.models(service(""))
    assert [d.rule for d in project.validate().diagnostics if d.rule.startswith("gpu/") and d.rule not in HOST] == []


def test_a_limit_that_nobody_wrote_says_whose_default_it_is(project: Project) -> None:
    project.models(raw("--dtype=auto").replace("{limits: {memory: 8Gi}}", "{requests: {memory: 1Gi}}"))
    (found,) = (item for item in project.validate().diagnostics if item.rule == "gpu/host-memory")
    whose = "KServe's default (ConfigMap inferenceservice-config, inferenceService.resource.memoryLimit)"
    assert found.message.endswith(f"larger than its memory limit, {whose}")
    project.models(raw("--dtype=auto"))
    (found,) = (item for item in project.validate().diagnostics if item.rule == "gpu/host-memory")
    assert "default" not in found.message
