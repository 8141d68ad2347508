"""What kserve-runtime-configs installs: the runtime table's JSON in, runtimes and presets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from msgspec import Struct

from kservegen.kserve.charts.model import KeyPath


class FormatEntry(TypedDict, total=False):
    """A model format of a runtime, in the CRD's own words."""

    name: str
    version: str
    priority: int
    autoSelect: bool


class RuntimeEntry(TypedDict, total=False):
    """A ClusterServingRuntime; `Runtime` says what its attributes mean."""

    values: str
    formats: list[FormatEntry]
    protocols: list[str]
    resources: dict[str, dict[str, str]]
    metricsPort: int
    tagSuffix: str
    gpuTagSuffix: str
    cpuRepositorySuffix: str
    multiNode: dict[str, int]
    workers: list[str]


class PresetsEntry(TypedDict):
    """The presets of LLMInferenceService."""

    apiVersion: str
    namespace: str
    names: list[str]
    images: dict[str, str]


class RuntimeTableEntry(TypedDict):
    """The whole table."""

    runtimes: dict[str, RuntimeEntry]
    presets: PresetsEntry


class ModelFormat(Struct, frozen=True):
    """A format that a runtime serves; without `auto_select` only a model that names the runtime gets it."""

    name: str
    version: str
    priority: int | None = None
    auto_select: bool = False


class Runtime(Struct, frozen=True, kw_only=True, eq=False):
    """A ClusterServingRuntime of the chart. No `protocols` means any.

    Repository, tag and switch are values of the chart below `kserve.servingruntime.<values_key>`. The tag gets
    `tag_suffix` always and `gpu_tag_suffix` where a GPU is asked for; the repository gets `cpu_repository_suffix`
    where none is. `multi_node` holds the parallel sizes of a runtime that spans nodes, `workers` the names of its
    workers' containers, None where it has no workers. None of them serves several models at once.
    """

    name: str
    values_key: str
    formats: tuple[ModelFormat, ...]
    protocols: tuple[str, ...]
    resources: Mapping[str, Mapping[str, str]]
    metrics_port: int
    tag_suffix: str = ""
    gpu_tag_suffix: str = ""
    cpu_repository_suffix: str = ""
    multi_node: Mapping[str, int] | None = None
    containers: tuple[str, ...] = ("kserve-container",)
    workers: tuple[str, ...] | None = None

    @property
    def image_path(self) -> KeyPath:
        """The value that holds the image's repository."""
        return ("kserve", "servingruntime", self.values_key, "image")

    @property
    def tag_path(self) -> KeyPath:
        """The value that holds the image's tag."""
        return ("kserve", "servingruntime", self.values_key, "tag")

    @property
    def disabled_path(self) -> KeyPath:
        """The value that renders the runtime as disabled."""
        return ("kserve", "servingruntime", self.values_key, "disabled")


class Presets(Struct, frozen=True):
    """The LLMInferenceServiceConfigs of the chart; no value reaches their `images`, given per container."""

    api_version: str
    namespace: str
    names: tuple[str, ...]
    images: Mapping[str, str]


class RuntimeTable(Struct, frozen=True):
    """Everything that kserve-runtime-configs can install at one KServe version."""

    runtimes: Mapping[str, Runtime]
    presets: Presets


def read_runtimes(table: RuntimeTableEntry) -> RuntimeTable:
    """Turn the table's JSON into values."""
    presets = table["presets"]
    return RuntimeTable(
        runtimes={name: _runtime(name, entry) for name, entry in table["runtimes"].items()},
        presets=Presets(
            api_version=presets["apiVersion"],
            namespace=presets["namespace"],
            names=tuple(presets["names"]),
            images=presets["images"],
        ),
    )


def _runtime(name: str, entry: RuntimeEntry) -> Runtime:
    return Runtime(
        name=name,
        values_key=entry["values"],
        formats=tuple(_format(item) for item in entry["formats"]),
        protocols=tuple(entry["protocols"]),
        resources=entry["resources"],
        metrics_port=entry["metricsPort"],
        tag_suffix=entry.get("tagSuffix", ""),
        gpu_tag_suffix=entry.get("gpuTagSuffix", ""),
        cpu_repository_suffix=entry.get("cpuRepositorySuffix", ""),
        multi_node=entry.get("multiNode"),
        workers=tuple(entry["workers"]) if "workers" in entry else None,
    )


def _format(entry: FormatEntry) -> ModelFormat:
    return ModelFormat(
        name=entry["name"],
        version=entry["version"],
        priority=entry.get("priority"),
        auto_select=entry.get("autoSelect", False),
    )
