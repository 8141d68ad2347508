"""What KServe's charts install by name: a KServe version in, the names of its runtimes and presets out."""

from __future__ import annotations

from typing import Final

_RUNTIMES_019: Final = frozenset(
    {
        "kserve-huggingfaceserver",
        "kserve-huggingfaceserver-multinode",
        "kserve-lgbserver",
        "kserve-mlserver",
        "kserve-paddleserver",
        "kserve-pmmlserver",
        "kserve-predictiveserver",
        "kserve-sklearnserver",
        "kserve-tensorflow-serving",
        "kserve-torchserve",
        "kserve-tritonserver",
        "kserve-xgbserver",
    }
)
_RUNTIMES_020: Final = _RUNTIMES_019 | {"kserve-autogluonserver", "kserve-vllmserver"}

_PRESETS_019: Final = frozenset(
    f"kserve-config-llm-{part}"
    for part in (
        "decode-template",
        "decode-worker-data-parallel",
        "prefill-template",
        "prefill-worker-data-parallel",
        "router-route",
        "scheduler",
        "template",
        "worker-data-parallel",
    )
)
_PRESETS_020: Final = _PRESETS_019 | {"kserve-config-llm-scheduler-latency-predictor", "kserve-config-llm-tracing"}


def chart_runtimes(version: str) -> frozenset[str]:
    """Name the ClusterServingRuntimes of the chart; those of the newest known release for an unknown one."""
    return _RUNTIMES_019 if version.startswith("v0.19.") else _RUNTIMES_020


def chart_presets(version: str) -> frozenset[str]:
    """Name the LLMInferenceServiceConfigs of the chart; those of the newest known release for an unknown one."""
    return _PRESETS_019 if version.startswith("v0.19.") else _PRESETS_020
