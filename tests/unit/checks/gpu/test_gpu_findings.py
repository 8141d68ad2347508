"""Findings about GPU memory through the whole check: at the word to edit, with a change that fits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import CLUSTER, Project
from tests.support.reports import text_of

from kservegen.checks.gpu.estimate import FitVerdict
from kservegen.commands.gpu import Account, account_for, parse_what_if
from kservegen.evaluate.project import open_project
from kservegen.report.gpu import gpu_as_json, render_gpu

# What is said of the host has tests of its own.
ESTIMATES = {
    f"gpu/{slug}" for slug in "does-not-fit uncertain-fit parallelism context-length quantisation unknown-model".split()
}

DEV = (
    CLUSTER
    + """\
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: L4}}
  h100: {resource: nvidia.com/gpu, gpu: H100, nodeSelector: {gpu: H100}}
  t4: {resource: nvidia.com/gpu, gpu: T4, nodeSelector: {gpu: T4}}
  some: {resource: nvidia.com/gpu, nodeSelector: {gpu: some}}
  own: {resource: nvidia.com/gpu, memory: 22564Mi, computeCapability: 8.9, nodeSelector: {gpu: own}}
  old: {resource: nvidia.com/gpu, gpu: Old One, memory: 47Gi, computeCapability: "6.1", nodeSelector: {gpu: old}}
  part: {resource: nvidia.com/mig-3g.40gb, gpu: H100, nodeSelector: {gpu: part}}
  shared: {resource: nvidia.com/gpu.shared, gpu: H100, nodeSelector: {gpu: shared}, share: {neighbours: 1}}
  slice: {resource: nvidia.com/mig-9g.9gb, memory: 9100Mi, computeCapability: 9.0, nodeSelector: {gpu: slice}}
"""
)


@pytest.fixture
def loaded(project: Project) -> Project:
    project.write("environments/dev.yaml", DEV)
    return project


def llm(words: str, model: str = "Qwen/Qwen3-8B") -> str:
    return f"models:\n  chat:\n    kind: LLMInferenceService\n    model: hf://{model}\n{words}"


def service(words: str, model: str = "Qwen/Qwen3-8B") -> str:
    return f"models:\n  chat:\n    modelFormat: huggingface\n    storageUri: hf://{model}\n{words}"


# The words of a model; where and what is said (the file starts with two lines of its own).
CASES: dict[str, list[str]] = {
    llm("    accelerator: {type: l4}\n    args: {max-model-len: 8192}\n"): [],
    llm("    accelerator: {type: l4}\n    args: {max-model-len: 40960}\n"): ["models.yaml:8:27 error gpu/does-not-fit"],
    llm("    accelerator: {type: l4}\n    args:\n      - --max-model-len\n      - '40960'\n"): [
        "models.yaml:10:9 error gpu/does-not-fit"
    ],
    llm("    accelerator: {type: l4}\n    args: {}\n"): ["models.yaml:7:5 error gpu/does-not-fit"],
    llm("    accelerator: {type: l4}\n", "Qwen/Qwen3-32B"): ["models.yaml:7:5 error gpu/does-not-fit"],
    llm("    accelerator: {type: h100, count: 5}\n    args: {tensor-parallel-size: 5}\n", "Qwen/Qwen3-14B"): [
        "models.yaml:8:34 error gpu/parallelism"
    ],
    # kserve/parallel-devices compares the GPUs of a pod with what its server spreads over
    llm("    accelerator: {type: h100, count: 2}\n    args: {tensor-parallel-size: 4}\n"): [],
    llm("    accelerator: {type: h100, count: 2}\n"): [],
    llm("    accelerator: {type: h100}\n    args: {max-model-len: 65536}\n"): [
        "models.yaml:8:27 error gpu/context-length"
    ],
    llm(
        "    accelerator: {type: t4}\n    args: {dtype: bfloat16, max-model-len: 1024}\n", "Qwen/Qwen2.5-0.5B-Instruct"
    ): ["models.yaml:8:19 error gpu/quantisation"],
    llm("    accelerator: {type: h100}\n", "nobody/nothing"): ["models.yaml:6:12 info gpu/unknown-model"],
    llm("    accelerator: {type: some}\n", "nobody/nothing"): [],
    llm("    accelerator: {type: some}\n    args: {max-model-len: 1024}\n"): [],
    service("    accelerator: {type: l4}\n    args: [--max_model_len=8192]\n"): [],
    service("    accelerator: {type: l4}\n    args: [--max_model_len=40960]\n"): [
        "models.yaml:8:12 error gpu/does-not-fit"
    ],
    service("    accelerator: {type: l4}\n    args: [--backend=huggingface, --max_model_len=40960]\n"): [],
    service("    accelerator: {type: h100, count: 2}\n", "nobody/nothing"): ["models.yaml:6:17 info gpu/unknown-model"],
    service("    args: [--max_model_len=40960]\n"): [],
    llm("    accelerator: {type: own}\n    args: {max-model-len: 8192}\n"): [],
    llm("    accelerator: {type: own}\n    args: {max-model-len: 40960}\n"): [
        "models.yaml:8:27 error gpu/does-not-fit"
    ],
    llm("    accelerator: {type: slice}\n    args: {max-model-len: 512}\n"): ["models.yaml:7:5 error gpu/does-not-fit"],
    llm("    accelerator: {type: old}\n    args: {max-model-len: 8192}\n"): ["models.yaml:7:5 error gpu/quantisation"],
    "models:\n  iris: {modelFormat: sklearn, storageUri: 's3://b/m', accelerator: {type: l4}}\n": [],
    llm("    accelerator: {type: part}\n    args: {max-model-len: 8192}\n"): [],
    llm(
        "    accelerator: {type: shared, count: 2}\n"
        "    args: {max-model-len: 8192, tensor-parallel-size: 2, gpu-memory-utilization: 0.4}\n"
    ): ["models.yaml:8:55 warning gpu/parallelism"],
    # the size to take is one that the pod has GPUs for
    llm("    accelerator: {type: h100, count: 2}\n    args: {tensor-parallel-size: 5}\n", "Qwen/Qwen3-14B"): [
        "models.yaml:8:34 error gpu/parallelism"
    ],
    # a server that does not take its words never comes to its memory: kserve/argument-value and -unknown tell
    llm("    accelerator: {type: l4}\n    args: {gpu-memory-utilization: 90}\n"): [],
    llm("    accelerator: {type: l4}\n    args: {max-modl-len: 8192}\n", "Qwen/Qwen3-32B"): [],
}


@pytest.mark.parametrize("words", CASES)
def test_findings_stand_at_the_word_to_edit(words: str, loaded: Project, snapshot: SnapshotAssertion) -> None:
    loaded.models(words)
    found = [d for d in loaded.validate().diagnostics if d.rule in ESTIMATES]
    assert [f"{d.location} {d.severity} {d.rule}" for d in found] == CASES[words]
    if found:
        assert "\n".join([words, *(text_of(d) for d in found)]) == snapshot


@pytest.mark.parametrize("model", ["Qwen/Qwen3-8B", "nobody/knows-it"])
def test_a_server_on_several_slices_is_warned_of_once(model: str, loaded: Project) -> None:
    sizes = "    accelerator: {type: part, count: 2}\n    args: {max-model-len: 8192, tensor-parallel-size: 2}\n"
    loaded.models(llm(sizes, model))
    found = [d for d in loaded.validate().diagnostics if d.rule in {"gpu/parallelism", "kserve/parallel-devices"}]
    assert [(d.rule, str(d.severity), d.location.line) for d in found] == [("kserve/parallel-devices", "warning", 7)]
    assert "before CUDA 13 a process sees one MIG slice alone" in found[0].message


def accounts(project: Project, what_if: str = "") -> tuple[Account, ...]:
    return account_for(open_project(project.repository), (), None, parse_what_if(what_if) if what_if else None).servers


DOES_NOT_FIT = [words for words, found in CASES.items() if any("does-not-fit" in item for item in found)]


@pytest.mark.parametrize("words", DOES_NOT_FIT)
def test_every_change_that_is_offered_fits(words: str, loaded: Project) -> None:
    """Each change of the hint, tried through --what-if, fits for certain."""
    loaded.models(words)
    (hint,) = (d.hint for d in loaded.validate().diagnostics if d.rule == "gpu/does-not-fit")
    changes = hint.partition(": ")[2].rstrip(".").split("; ")
    assert changes
    for change in changes:
        wanted = re.sub(r" on (\d+) GPUs", r",gpus=\1", change)
        wanted = re.sub(r"(?: on )?a GPU (\S+)", r",gpu=\1", wanted).replace("--", "").strip(",")
        (account,) = accounts(loaded, wanted)
        assert account.fit.estimate is not None
        assert account.fit.estimate.verdict is FitVerdict.FITS, change
        assert account.fit.refused == ()


def test_the_longest_context_that_fits_is_offered_first(loaded: Project) -> None:
    loaded.models(llm("    accelerator: {type: l4}\n    args: {max-model-len: 40960}\n"))
    (found,) = (d for d in loaded.validate().diagnostics if d.rule == "gpu/does-not-fit")
    match = re.search(r"--max-model-len=(\d+)", found.hint)
    assert match is not None
    length = int(match[1])
    assert 8192 < length < 40960
    (longer,) = accounts(loaded, f"max-model-len={length + 16}")
    assert longer.fit.estimate is not None
    assert longer.fit.estimate.verdict is not FitVerdict.FITS
    assert "is larger than the available KV cache memory" in found.message.replace("which ", "")


def test_a_card_that_nobody_can_estimate_is_not_offered(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + "  gaudi: {resource: habana.ai/gaudi, gpu: Gaudi-3}\n")
    loaded.models(llm("    accelerator: {type: l4}\n", "Qwen/Qwen3-32B"))
    (found,) = (d for d in loaded.validate().diagnostics if d.rule == "gpu/does-not-fit")
    assert "GPU" in found.hint
    assert "Gaudi" not in found.hint


def test_what_was_not_estimated_is_said(loaded: Project) -> None:
    loaded.models(llm("    accelerator: {type: some}\n"))
    (fit,) = loaded.validate().unchecked[1:]
    assert fit.what == "that LLMInferenceService ns/chat fit in accelerator memory"
    assert fit.why == "nobody says which GPU they run on"
    loaded.models(llm("    accelerator: {type: l4}\n    args: {max-model-len: 8192}\n"))
    assert len(loaded.validate().unchecked) == 1


def test_prefill_and_decode_are_two_servers(loaded: Project) -> None:
    loaded.models(
        llm(
            "    accelerator: {type: h100}\n    args: {max-model-len: 8192}\n"
            "    prefill:\n      accelerator: {type: l4}\n      args: {max-model-len: 16384}\n"
        )
    )
    found = {
        a.fit.workload.role: (a.fit.gpu and a.fit.gpu.name, a.fit.workload.server.max_length) for a in accounts(loaded)
    }
    assert found == {"main": ("H100", 8192), "prefill": ("L4", 16384)}


def test_additional_arguments_reach_the_server_before_the_container_s(loaded: Project) -> None:
    loaded.models(
        llm(
            "    accelerator: {type: h100}\n"
            "    env: [{name: VLLM_ADDITIONAL_ARGS, value: '--max-model-len=4096 --max-num-seqs=8'}]\n"
            "    args: {max-model-len: 8192}\n"
        )
    )
    (account,) = accounts(loaded)
    assert account.fit.workload.server.max_length == 8192
    assert account.fit.workload.server.max_sequences == 8


def test_a_runtime_of_one_s_own_brings_its_arguments_and_its_version(loaded: Project) -> None:
    loaded.write(
        "models.yaml",
        """\
        version: 1
        defaults: {namespace: ns}
        models:
          chat:
            modelFormat: huggingface
            runtime: mine
            storageUri: hf://Qwen/Qwen3-8B
            accelerator: {type: l4}
            args: [--max-model-len=4096]
        runtimes:
          mine:
            supportedModelFormats: [{name: huggingface, version: "1"}]
            containers:
              - name: kserve-container
                image: vllm/vllm-openai:v0.21.0
                args: [--model=/mnt/models, --max-num-seqs=16, --max-model-len=2048]
        """,
    )
    (account,) = accounts(loaded)
    assert account.fit.version == "0.21.0"
    server = account.fit.workload.server
    assert (server.max_sequences, server.max_length) == (16, 4096)


def test_labels_tell_the_gpu_where_no_accelerator_does(loaded: Project) -> None:
    loaded.models(
        llm(
            "    nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3-MIG-3g.40gb}\n"
            "    resources: {limits: {nvidia.com/gpu: '1'}}\n"
        )
    )
    (account,) = accounts(loaded)
    assert account.fit.gpu is not None
    assert account.fit.gpu.name == "H100/3g.40gb"


def test_what_if_asks_for_another_gpu_and_version(loaded: Project) -> None:
    loaded.models(llm("    accelerator: {type: l4}\n    args: {max-model-len: 8192}\n"))
    (account,) = accounts(loaded, "gpu=L40S,version=0.26.0,tp=2")
    assert account.fit.gpu is not None
    assert (account.fit.gpu.name, account.fit.version, account.fit.workload.gpus) == ("L40S", "0.26.0", 2)
    assert account.fit.estimate is not None
    assert not account.fit.estimate.graphs_in_budget  # the second runner estimates none before 0.29


def test_a_gpu_that_the_environment_describes_says_so(loaded: Project) -> None:
    loaded.models(llm("    accelerator: {type: own}\n    args: {max-model-len: 40960}\n"))
    (found,) = (d for d in loaded.validate().diagnostics if d.rule == "gpu/does-not-fit")
    assert found.message.startswith("Qwen/Qwen3-8B does not fit on own (memory as the environment says): ")
    (account,) = accounts(loaded)
    assert account.fit.gpu is not None
    assert (account.fit.gpu.memory, account.fit.gpu.capability) == (22564 << 20, 89)
    (entry,) = gpu_as_json((account,))
    assert entry["gpuSource"] == "environment"
    assert "on each own, as the environment says" in render_gpu((account,), colour=False)


@pytest.mark.parametrize("words", ["memory: 24", "memory: '24'", "computeCapability: 89x", "memory: lots"])
def test_memory_without_a_unit_is_no_memory(words: str, loaded: Project) -> None:
    loaded.write("environments/dev.yaml", DEV + f"  wrong: {{resource: nvidia.com/gpu, {words}}}\n")
    line = DEV.count("\n") + 1
    assert [f"{d.location}".rpartition(":")[0] for d in loaded.validate().diagnostics] == [
        f"environments/dev.yaml:{line}"
    ]


# The words of a model on two H100: what its server is told, pod by pod. v0.19.0's preset passes no tensor size.
TOLD = {
    llm("    accelerator: {type: h100, count: 2}\n    parallelism: {tensor: 2}\n"): [
        "main 2 GPUs on 1, tensor 1 data 1"
    ],
    llm("    accelerator: {type: h100, count: 2}\n    args: {tensor-parallel-size: 2}\n"): [
        "main 2 GPUs on 1, tensor 2 data 1"
    ],
    llm(
        "    parallelism: {data: 4, dataLocal: 2}\n"
        "    template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 2}}}]}\n"
        "    worker: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 2}}}]}\n"
    ): ["main 2 GPUs on 2, tensor 1 data 4"],
    (
        "models:\n  chat:\n    modelFormat: huggingface\n    storageUri: pvc://claim/m\n"
        "    runtime: kserve-huggingfaceserver-multinode\n    autoscalerClass: none\n"
        "    worker: {pipelineParallelSize: 2, tensorParallelSize: 2}\n"
    ): ["predictor 1 GPUs on 4, tensor 2 data 1 across pods"],  # the runtime brings the GPU, and Ray one node for each
}


@pytest.mark.parametrize("words", TOLD)
def test_a_server_is_read_as_its_pod_has_it(words: str, loaded: Project) -> None:
    loaded.models(words)
    workloads = [account.fit.workload for account in accounts(loaded)]
    assert [
        f"{found.role} {found.gpus} GPUs on {found.nodes}, tensor {found.server.tensor} data {found.server.data}"
        + (" across pods" if found.server.across_machines else "")
        for found in workloads
    ] == TOLD[words]


def test_what_an_estimate_takes_for_granted_is_said(loaded: Project) -> None:
    loaded.models(
        llm(
            "    accelerator: {type: t4}\n"
            "    spec: {template: {containers: [{name: main, image: 'registry.example.com/vllm-own:mine'}]}}\n",
            "somebody/Qwen3-14B-AWQ-4bit",
        )
    )
    (found,) = (d for d in loaded.validate().diagnostics if d.rule.endswith("fit"))
    assert (
        "(dimensions of its sibling Qwen/Qwen3-14B; vLLM 0.13.0 assumed: image registry.example.com/vllm-own:mine "
        in (found.message)
    )


LARGE = """\
version: 1
models:
  hf://Qwen/Qwen3-8B:
    %s
    config: {architecture: Qwen3ForCausalLM, num_hidden_layers: 80, hidden_size: 8192, intermediate_size: 29568,
      num_attention_heads: 64, num_key_value_heads: 8, vocab_size: 151936, max_position_embeddings: 40960}
"""
SMALL = """\
version: 1
models:
  hf://Qwen/Qwen3-8B:
    downloadBytes: %d
    config: {architecture: Qwen3ForCausalLM, num_hidden_layers: 8, hidden_size: 1024, intermediate_size: 4096,
      num_attention_heads: 16, num_key_value_heads: 8, vocab_size: 151936, max_position_embeddings: 40960}
"""
# What an environment says beside DEV, and what its lock holds.
SAID: dict[str, tuple[str, str]] = {
    "dev": ("", ""),
    "alike": ("", ""),
    "small": ("accelerators: {l4: {memory: 14Gi}}\n", ""),
    "slow": ("bandwidths: {disk: 1Mi}\n", ""),
    "fetching": ("bandwidths: {pull: 1Mi, download: 100Mi}\n", ""),
    "pulling": ("bandwidths: {pull: 1Mi, download: 100Mi}\nimageSizes: {kserve/huggingfaceserver: 9Gi}\n", ""),
    "locked": ("", LARGE % "license: mit"),
    "light": ("bandwidths: {download: 1Mi}\n", SMALL % 20_000_000_000),
    "heavy": ("bandwidths: {download: 1Mi}\n", SMALL % 900_000_000_000),
}


def test_an_environment_is_told_beside_others_what_it_is_told_alone(tmp_path: Path) -> None:
    """What is found of an object in one is taken for another only where all that it rests on is the same."""

    def found(*names: str) -> dict[str, set[str]]:
        project = Project(tmp_path / "-".join(names))
        (project.root / "environments" / "dev.yaml").unlink()
        for name in names:
            words, lock = SAID[name]
            text = DEV.replace("name: dev", f"name: {name}")
            if words.startswith("accelerators"):
                text, words = text.replace("gpu: L4,", "gpu: L4, memory: 14Gi,"), ""
            project.write(f"environments/{name}.yaml", text + words)
            if lock:
                project.write(f"environments/{name}.lock.yaml", lock)
        project.models(service("    accelerator: {type: l4}\n    args: [--max-model-len=8192]\n"))
        said: dict[str, set[str]] = {name: set() for name in names}
        for diagnostic in project.validate().diagnostics:
            for name in diagnostic.environments:
                said[name].add(f"{diagnostic.rule} {diagnostic.message}")
        return said

    together = found(*SAID)
    assert together == {name: found(name)[name] for name in SAID}
    assert together["dev"] == together["alike"]
    assert len({frozenset(said) for said in together.values()}) >= 5
