"""What binds Kubernetes' own laws to KServe's kinds."""

from __future__ import annotations

from typing import Final

POD_KINDS: Final = frozenset(
    {
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "InferenceGraph",
        "InferenceService",
        "LLMInferenceService",
        "LLMInferenceServiceConfig",
        "ServingRuntime",
    }
)
