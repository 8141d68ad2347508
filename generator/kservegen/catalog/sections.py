"""The sections of the catalog, the kinds that each may hold, and where their objects are written."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.catalog import field_mapping as words

GROUP = "serving.kserve.io"
# Where KServe runs unless somebody says otherwise: env POD_NAMESPACE of its controllers decides.
KSERVE_NAMESPACE: Final = "kserve"
# Objects that stand beside models: a section keyed by what identifies each, and the folder of plain manifests.
EXTRA_MANIFESTS: Final = "extraManifests"
MANIFESTS: Final = "manifests"


class KindInfo(Struct, frozen=True, kw_only=True):
    """A kind that the catalog can hold. `folder` is its place below an environment's folder.

    `version` is blank where only the schemas tell it.
    """

    kind: str
    version: str
    namespaced: bool
    folder: str
    annotations: frozenset[str] = frozenset()  # words that become KServe's annotations
    group: str = GROUP

    @property
    def api_version(self) -> str:
        """The group and version that is emitted: the storage version."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _kind(
    kind: str, version: str, folder: str, *, namespaced: bool = True, annotations: frozenset[str] = frozenset()
) -> KindInfo:
    return KindInfo(kind=kind, version=version, namespaced=namespaced, folder=folder, annotations=annotations)


_MODE = frozenset({"deploymentMode"})

# Section -> its kinds; the first is the one meant when an entry names none.
SECTIONS: dict[str, tuple[KindInfo, ...]] = {
    "models": (
        _kind("InferenceService", "v1beta1", "models", annotations=frozenset(words.ANNOTATIONS)),
        _kind("LLMInferenceService", "v1alpha2", "models", annotations=frozenset({"stop"})),
    ),
    "graphs": (_kind("InferenceGraph", "v1alpha1", "models", annotations=_MODE),),
    "trainedModels": (_kind("TrainedModel", "v1alpha1", "models"),),
    "runtimes": (
        _kind("ServingRuntime", "v1alpha1", "runtimes"),
        _kind("ClusterServingRuntime", "v1alpha1", "runtimes", namespaced=False),
    ),
    "llmConfigs": (_kind("LLMInferenceServiceConfig", "v1alpha2", "runtimes"),),
    "localModelCaches": (
        _kind("LocalModelCache", "v1alpha1", "cluster", namespaced=False),
        _kind("LocalModelNamespaceCache", "v1alpha1", "models"),
        _kind("LocalModelNodeGroup", "v1alpha1", "cluster", namespaced=False),
    ),
    "storageContainers": (_kind("ClusterStorageContainer", "v1alpha1", "cluster", namespaced=False),),
}

# Those whose entries serve a model of their own: a graph, a runtime or a cache does not.
MODEL_SECTIONS = frozenset({"models", "trainedModels"})

KINDS: dict[str, KindInfo] = {info.kind: info for kinds in SECTIONS.values() for info in kinds}

# Whatever is keyed by name or identity in a file of the catalog, and again in those of environments.
ENTRY_SECTIONS: Final = (*SECTIONS, EXTRA_MANIFESTS)
