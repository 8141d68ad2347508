"""What binds Kubernetes' own laws to KServe's kinds."""

from __future__ import annotations

from typing import Final

KINDS: Final = frozenset(
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
SOURCE: Final = ("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go")
