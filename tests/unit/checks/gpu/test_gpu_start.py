"""Starts against probes and deadlines, and cards that serve others, too: through the whole check."""

from __future__ import annotations

import pytest
from tests.support.project import CLUSTER, Project

from kservegen.core.diagnostics import Diagnostic, Severity

DEV = (
    CLUSTER
    + """\
accelerators:
  h100: {resource: nvidia.com/gpu, gpu: H100, nodeSelector: {gpu: H100}}
  quarter: {resource: nvidia.com/gpu.shared, gpu: L40S, nodeSelector: {gpu: L40S}, share: {neighbours: 3}}
  stated: {resource: nvidia.com/gpu.shared, memory: 45376Mi, nodeSelector: {gpu: own}, share: {memory: 30Gi}}
  nothing: {resource: nvidia.com/gpu.shared, gpu: L40S, nodeSelector: {gpu: none}, share: {memory: 0Mi}}
  unsaid: {resource: nvidia.com/gpu.shared, gpu: L40S, nodeSelector: {gpu: some}}
"""
)
LARGE = "meta-llama/Llama-3.3-70B-Instruct"


def llm(accelerator: str, model: str, words: str = "") -> str:
    chat = f"kind: LLMInferenceService\n    model: hf://{model}\n    accelerator: {accelerator}\n"
    return f"models:\n  chat:\n    {chat}{words}"


def said(project: Project, models: str, words: str = "") -> list[Diagnostic]:
    project.write("environments/dev.yaml", DEV + words)
    project.models(models)
    return [d for d in project.validate().diagnostics if d.rule.startswith("gpu/")]


FOUR = llm("{type: h100, count: 4}", LARGE, "    args: {max-model-len: 8192, tensor-parallel-size: 4}\n")
OWN_PROBE = """\
    spec:
      template:
        containers:
          - name: main
            startupProbe: {httpGet: {path: /health, port: 8000, scheme: HTTPS}, failureThreshold: 20}
"""
INITIALIZER = ("gpu/start-in-time", "warning", 6, "the storage initializer may be killed for want of memory")
# The model and the environment's bandwidths; rule, severity and line of what is said, and what stands in the message.
STARTS: dict[str, tuple[str, str, list[tuple[str, str, int, str]]]] = {
    "nobody states a bandwidth": (FOUR, "", []),
    "a disk that is fast enough": (FOUR, "bandwidths: {disk: 1Gi, download: 1Gi}\n", [INITIALIZER]),
    "a preset's probe that gives up": (
        FOUR,
        "bandwidths: {disk: 200Mi}\n",
        [
            ("gpu/start-in-time", "error", 6, "its startupProbe gives up after 600 s"),
            ("gpu/start-in-time", "warning", 6, "its deadline is 600 s"),
            INITIALIZER,
        ],
    ),
    "a probe of one's own that gives up": (
        FOUR + OWN_PROBE,
        "bandwidths: {disk: 400Mi}\n",
        [INITIALIZER, ("gpu/start-in-time", "error", 13, "its startupProbe gives up after 200 s")],
    ),
    "a download that outlasts the deadline": (
        FOUR,
        "bandwidths: {disk: 2Gi, download: 200Mi}\n",
        [("gpu/start-in-time", "warning", 6, "ProgressDeadlineExceeded"), INITIALIZER],
    ),
    "images that outlast the deadline": (
        FOUR,
        "bandwidths: {disk: 2Gi, download: 500Mi, pull: 20Mi}\nimageSizes: {ghcr.io/llm-d/llm-d-cuda: 9Gi}\n",
        [("gpu/start-in-time", "warning", 6, "ProgressDeadlineExceeded"), INITIALIZER],
    ),
    "images of no stated size": (FOUR, "bandwidths: {disk: 2Gi, download: 500Mi, pull: 20Mi}\n", [INITIALIZER]),
    "images of no stated bandwidth": (
        FOUR, "bandwidths: {disk: 2Gi}\nimageSizes: {ghcr.io/llm-d/llm-d-cuda: 9Gi}\n", [INITIALIZER]
    ),
    "a download that an initializer takes": (
        llm("{type: h100}", "Qwen/Qwen3-0.6B", "    args: {max-model-len: 8192}\n"), "bandwidths: {disk: 2Gi}\n", []
    ),
    "a download that is not the Hub's": (
        FOUR.replace("hf://", "s3://models/"), "bandwidths: {disk: 2Gi}\n", []
    ),
    "a model that lies on a volume": (
        FOUR.replace(f"hf://{LARGE}", "pvc://models/llama"), "bandwidths: {disk: 2Gi, download: 1Mi}\n", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STARTS)
def test_a_start_that_cannot_finish_in_time(case: str, project: Project) -> None:
    models, bandwidths, expected = STARTS[case]
    found = [d for d in said(project, models, bandwidths) if d.rule != "gpu/unknown-model"]
    assert [(d.rule, d.severity.value, d.location.line) for d in found] == [item[:3] for item in expected]
    assert all(item[3] in d.message for d, item in zip(found, expected, strict=True))


def test_what_images_take_is_told(project: Project) -> None:
    words, settings, _ = STARTS["images that outlast the deadline"]
    found = said(project, words, settings)[0]
    assert found.seen.startswith("at least 460 s to pull images, at least 269 s to download, ")


SERVICE = f"""\
models:
  chat:
    modelFormat: huggingface
    storageUri: hf://{LARGE}
    accelerator: {{type: h100, count: 4}}
    args: [--tensor-parallel-size=4, --max-model-len=8192]
"""
VALUES = "values: {kserve-resources: {kserve: {storage: {resources: {limits: {memory: %s}}}}}}"


@pytest.mark.parametrize(
    ("memory", "expected"), [("1536Mi", ["1536Mi of memory, 131.42 GiB to download"]), ("4Gi", [])]
)
def test_the_initializer_that_the_pod_really_has(memory: str, expected: list[str], project: Project) -> None:
    settings = DEV.replace("deploymentMode: Standard", f"deploymentMode: Standard, {VALUES % memory}")
    project.write("environments/dev.yaml", settings + "bandwidths: {disk: 2Gi}\n")
    project.models(SERVICE)
    assert [d.seen for d in project.validate().diagnostics if d.message.startswith(INITIALIZER[3])] == expected


def test_the_preset_that_brings_the_probe_is_named(project: Project) -> None:
    found = [d for d in said(project, FOUR, "bandwidths: {disk: 200Mi}\n") if d.severity is Severity.ERROR]
    assert "comes from LLMInferenceServiceConfig kserve-config-llm-template" in found[0].message
    assert found[0].seen == "600 s of startupProbe, at least 673 s to load, 36 s to compile and prepare"


# Accelerator and utilization of a small model; what is said of it.
SHARES: dict[str, tuple[str, str, list[str]]] = {
    "the whole card's budget": ("quarter", "0.9", ["gpu/does-not-fit"]),
    "the budget of a share": ("quarter", "0.22", []),
    "a share that is stated": ("stated", "0.62", []),
    "more than it": ("stated", "0.8", ["gpu/does-not-fit"]),
    "none of it": ("nothing", "0.1", ["gpu/does-not-fit"]),
    "nobody says how much": ("unsaid", "0.9", []),
}


@pytest.mark.parametrize("case", SHARES)
def test_a_card_that_serves_others_is_never_granted_whole(case: str, project: Project) -> None:
    accelerator, share, rules = SHARES[case]
    words = f"    args: {{max-model-len: 8192, gpu-memory-utilization: {share}}}\n"
    found = said(project, llm(f"{{type: {accelerator}}}", "Qwen/Qwen3-0.6B", words))
    assert [d.rule for d in found] == rules
    for diagnostic in found:
        assert "others use the card, too" in diagnostic.message
        assert "--gpu-memory-utilization=0." in diagnostic.hint or accelerator == "nothing"


def test_a_share_that_nobody_states_gets_no_estimate(project: Project) -> None:
    project.write("environments/dev.yaml", DEV)
    project.models(llm("{type: unsaid}", "Qwen/Qwen3-0.6B"))
    reasons = {item.why for item in project.validate().unchecked}
    assert "nobody says how much of a shared card they may use" in reasons
