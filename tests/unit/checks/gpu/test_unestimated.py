"""What computes on accelerators and has no estimate is listed, each with the reason why; in `kservegen gpu`, too."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.support.project import CLUSTER, Project

from kservegen.cli import cli
from kservegen.core.assumptions import Unchecked

DEV = (
    CLUSTER.replace("v0.19.0", "v0.20.0")
    + """\
accelerators:
  l4: {resource: nvidia.com/gpu, gpu: L4, nodeSelector: {gpu: L4}}
  some: {resource: nvidia.com/gpu, nodeSelector: {gpu: some}}
  part: {resource: nvidia.com/gpu.shared, gpu: L4, nodeSelector: {gpu: part}}
  own: {resource: example.com/card, nodeSelector: {gpu: own}}
"""
)
CHAT = "kind: LLMInferenceService\n    model: hf://%s\n    accelerator: {type: %s}\n    args: {max-model-len: 2048}\n"
HUB = "modelFormat: huggingface\n    storageUri: hf://org/x\n    resources: {limits: {%s: 1}}\n"
CLASS = "deviceclass.resource.kubernetes.io/"
CLAIMED = """\
modelFormat: huggingface
    storageUri: hf://org/x
    resourceClaims: [{name: gpu, resourceClaimTemplateName: t}]
    resources: {claims: [{name: gpu}]}
"""
# The words of a model, and why it has no estimate; blank where it has one.
REASONS = {
    "an estimate": (CHAT % ("Qwen/Qwen3-0.6B", "l4"), ""),
    "no GPU": ("modelFormat: sklearn\n    storageUri: s3://b/m\n", ""),
    "an unknown model": (CHAT % ("nobody/nothing", "l4"), "the dimensions of their models are not known"),
    "an unknown GPU": (CHAT % ("Qwen/Qwen3-0.6B", "some"), "nobody says which GPU they run on"),
    "a shared card": (CHAT % ("Qwen/Qwen3-0.6B", "part"), "nobody says how much of a shared card they may use"),
    "an accelerator of its own": (
        CHAT % ("Qwen/Qwen3-0.6B", "own"), "example.com/card is no resource of a known device plugin"
    ),
    "Gaudi": (HUB % "habana.ai/gaudi", "how servers use the memory of Gaudi devices is not known"),
    "TPU": (HUB % "google.com/tpu", "how servers use the memory of TPU devices is not known"),
    "Neuron": (HUB % "aws.amazon.com/neuroncore", "how servers use the memory of Neuron devices is not known"),
    "Intel": (HUB % "gpu.intel.com/i915", "how servers use the memory of Intel devices is not known"),
    "a claim": (CLAIMED, "their devices come by claims"),
    "a class as a resource": (HUB % f"{CLASS}gpu.nvidia.com", "their devices come by claims"),
    "another server": (
        HUB.replace("huggingface", "onnx\n    protocolVersion: v2") % "nvidia.com/gpu", "their server is not vLLM"
    ),
    "memory of a card in MiB is no device": (HUB % "nvidia.com/gpumem", ""),
}  # fmt: skip


@pytest.fixture
def loaded(project: Project) -> Project:
    project.write("environments/dev.yaml", DEV)
    return project


@pytest.mark.parametrize("case", REASONS)
def test_every_reason_is_said(case: str, loaded: Project) -> None:
    words, reason = REASONS[case]
    loaded.models(f"models:\n  a:\n    {words}")
    said = [item for item in loaded.validate().unchecked if "accelerator memory" in item.what]
    kind = "LLMInferenceService" if "LLM" in words else "InferenceService"
    assert said == ([Unchecked(f"that {kind} ns/a fit in accelerator memory", reason)] if reason else [])


def test_models_with_one_reason_stand_in_one_line(loaded: Project) -> None:
    names = "abcde"
    loaded.models("models:\n" + "".join(f"  {name}:\n    {HUB % 'habana.ai/gaudi'}" for name in names))
    (said,) = [item.what for item in loaded.validate().unchecked if "accelerator memory" in item.what]
    named = "InferenceService ns/a, InferenceService ns/b, InferenceService ns/c and 2 more"
    assert said == f"that {named} fit in accelerator memory"


def test_the_gpu_command_lists_them(loaded: Project) -> None:
    loaded.models(f"models:\n  a:\n    {HUB % 'habana.ai/gaudi'}  b:\n    {CHAT % ('Qwen/Qwen3-0.6B', 'l4')}")
    root = ["--root", str(loaded.root)]
    text = CliRunner().invoke(cli, ["gpu", *root], standalone_mode=False).output
    assert "\na in dev: not estimated: how servers use the memory of Gaudi devices is not known\n" in text
    report = json.loads(CliRunner().invoke(cli, ["gpu", "--output", "json", *root], standalone_mode=False).output)
    assert [(row["subject"], row["verdict"]) for row in report["gpu"]] == [
        ("LLMInferenceService ns/b", "fits"),
        ("InferenceService ns/a", "not estimated"),
    ]
