"""A runtime as KServe's controller weighs it: an entry of the chart tables or an object in, what counts of it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.charts.runtimes import ModelFormat
from kservegen.kserve.charts.runtimes import Runtime as ChartRuntime
from kservegen.kserve.workloads import SERVING_CONTAINER

RuntimeSide: TypeAlias = Literal["requests", "limits"]
# What the serving container of a runtime brings, by side and resource; quantities as they are written.
Amounts: TypeAlias = Mapping[RuntimeSide, Mapping[str, JsonValue]]


class ServingRuntime(Struct, frozen=True, kw_only=True):
    """A ServingRuntime, or a ClusterServingRuntime where `namespace` is blank.

    A format's version is blank where it has none. No `protocols` means any. `workers` names the containers of the
    workerSpec, None where there is none; a runtime with one spans nodes.
    """

    name: str
    namespace: str = ""
    formats: tuple[ModelFormat, ...] = ()
    protocols: tuple[str, ...] = ()
    disabled: bool = False
    multi_model: bool = False
    containers: tuple[str, ...] = (SERVING_CONTAINER,)
    workers: tuple[str, ...] | None = None
    amounts: Amounts = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return "ServingRuntime" if self.namespace else "ClusterServingRuntime"

    @property
    def spans_nodes(self) -> bool:
        """Whether the runtime has workers."""
        return self.workers is not None

    def serves(self, name: str, version: str | None, *, auto: bool) -> bool:
        """Whether a format is listed; versions are compared as text, and where None is asked for any will do.

        `auto` leaves out the formats that only a model which names the runtime gets.
        """
        return any(
            listed.name == name
            and (version is None or (bool(version) and listed.version == version))
            and (listed.auto_select or not auto)
            for listed in self.formats
        )

    def speaks(self, protocol: str) -> bool:
        """Whether the runtime takes requests of a protocol; the controller does not ask for an empty one."""
        return not protocol or not self.protocols or protocol in self.protocols

    def priority(self, name: str) -> int | None:
        """Return the weight of a format: the first that is stated counts, whatever its version."""
        return next((f.priority for f in self.formats if f.name == name and f.priority is not None), None)


def of_chart(runtime: ChartRuntime, *, disabled: bool) -> ServingRuntime:
    """Read an entry of the chart tables."""
    return ServingRuntime(
        name=runtime.name,
        formats=runtime.formats,
        protocols=runtime.protocols,
        disabled=disabled,
        containers=runtime.containers,
        workers=runtime.workers,
        amounts={"requests": runtime.resources["requests"], "limits": runtime.resources["limits"]},
    )


def of_document(doc: JsonObject, *, namespace: str) -> ServingRuntime:
    """Read a ServingRuntime (with its namespace) or a ClusterServingRuntime (with none)."""
    spec = mapping(doc.get("spec"))
    worker = spec.get("workerSpec")
    return ServingRuntime(
        name=text(mapping(doc.get("metadata")).get("name")),
        namespace=namespace,
        formats=tuple(_formats(spec.get("supportedModelFormats"))),
        protocols=tuple(item for item in sequence(spec.get("protocolVersions")) if isinstance(item, str)),
        disabled=spec.get("disabled") is True,
        multi_model=spec.get("multiModel") is True,
        containers=_names(spec),
        workers=_names(worker) if isinstance(worker, dict) else None,
        amounts=_amounts(spec),
    )


def _formats(listed: JsonValue) -> Iterator[ModelFormat]:
    for entry in map(mapping, sequence(listed)):
        yield ModelFormat(
            name=text(entry.get("name")),
            version=text(entry.get("version")),
            priority=integer(entry.get("priority")),
            auto_select=entry.get("autoSelect") is True,
        )


def _names(pod: JsonObject) -> tuple[str, ...]:
    return tuple(text(mapping(container).get("name")) for container in sequence(pod.get("containers")))


def _amounts(spec: JsonObject) -> Amounts:
    listed = (mapping(container) for container in sequence(spec.get("containers")))
    serving = next((c for c in listed if c.get("name") == SERVING_CONTAINER), {})
    resources = mapping(serving.get("resources"))
    return {"requests": mapping(resources.get("requests")), "limits": mapping(resources.get("limits"))}
