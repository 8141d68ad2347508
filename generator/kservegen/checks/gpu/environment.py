"""The objects of an environment in; what there is to say of their GPU memory, and what could not be estimated, out.

Light to import: tables and arithmetic are loaded where an object asks for a GPU, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from kservegen.checks.gpu.requests import asked_devices
from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.defaulting import Defaulted

if TYPE_CHECKING:
    from kservegen.checks.gpu.check import Fit
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.gpu.workload import GpuWorkload

# Why an object has no estimate, where no server of it could be looked at.
OTHER_SERVER: Final = "their server is not vLLM"
_NOTHING_KNOWN: Final = "nothing is known of their models and of their GPUs"


class EstimateInputs(NamedTuple):
    """What is read beside the objects: an environment's accelerators, what it says of starts, its lock, its charts."""

    context: Context
    values: Mapping[str, JsonObject]
    accelerators: JsonObject
    bandwidths: JsonObject
    image_sizes: JsonObject
    locked: JsonObject
    lock_file: str


class GpuMemory(NamedTuple):
    """Findings about defaulted objects; the objects that ask for accelerators and could not be estimated, and why."""

    findings: tuple[tuple[Resource, Finding], ...] = ()
    unestimated: Mapping[str, str] = MappingProxyType({})


def gpu_memory(objects: Iterable[Defaulted], inputs: EstimateInputs, open_facts: Callable[[], FactStore]) -> GpuMemory:
    """Estimate GPU memory where an object asks for GPUs, and something is known of its model or its GPU.

    The facts are those of the tables and of the environment's lock.
    """
    own = [text(mapping(words).get("resource")) for words in inputs.accelerators.values()]
    asked = [(item, asked_devices(item.resource, inputs.context.simulation, own)) for item in objects]
    others = {str(item.resource.id): found.reason for item, found in asked if found is not None and not found.gpus}
    items = [item for item, found in asked if found is not None and found.gpus]
    if not items:
        return GpuMemory(unestimated=others)
    from kservegen.checks.gpu.workload import gpu_workloads  # noqa: PLC0415

    facts = open_facts()
    servers = [
        (item, [server for server in gpu_workloads(item.resource, inputs.context) if server.gpus]) for item in items
    ]
    done = _estimated([(item, found) for item, found in servers if found], inputs, facts)
    others.update((str(item.resource.id), OTHER_SERVER) for item, found in servers if not found)
    return GpuMemory(done.findings, {**others, **done.unestimated})


def _estimated(
    servers: Sequence[tuple[Defaulted, Sequence[GpuWorkload]]], inputs: EstimateInputs, facts: FactStore
) -> GpuMemory:
    known, unestimated = [], dict[str, str]()
    for item, found in servers:
        if any(_is_known(server, inputs, facts) for server in found):
            known.append((item, found))
        else:
            unestimated[str(item.resource.id)] = _NOTHING_KNOWN
    if not known:
        return GpuMemory(unestimated=unestimated)
    from kservegen.checks.gpu.check import fits_of, gpu_findings  # noqa: PLC0415 - brings the arithmetic
    from kservegen.checks.gpu.gpu_type import offered  # noqa: PLC0415

    accelerators = inputs.accelerators
    fits = [(item, fit) for item, found in known for fit in fits_of(found, accelerators, facts)]
    estimated = {item.resource.id for item, fit in fits if fit.estimate is not None}
    unestimated.update((str(i.resource.id), fit.kind_unknown) for i, fit in fits if i.resource.id not in estimated)
    offers = offered(accelerators, facts)
    memory = [(item.resource, finding) for item, fit in fits for finding in gpu_findings(fit, offers)]
    starts = _starts(fits, inputs, facts, {resource.id for resource, _ in memory})
    return GpuMemory((*memory, *starts), unestimated)


def _is_known(server: GpuWorkload, inputs: EstimateInputs, facts: FactStore) -> bool:
    from kservegen.checks.gpu.gpu_type import gpu_of  # noqa: PLC0415

    return (
        server.certain
        or facts.model(server.model, server.address) is not None
        or gpu_of(server.node_selector, server.resource_name, inputs.accelerators, facts) is not None
    )


def _starts(
    fits: Sequence[tuple[Defaulted, Fit]], inputs: EstimateInputs, facts: FactStore, refused: set[ResourceId]
) -> Iterator[tuple[Resource, Finding]]:
    """Hold starts against probes and deadlines of what is made, where nothing else is said of an object's memory."""
    from kservegen.checks.gpu.start import StartSettings, start_findings, start_time  # noqa: PLC0415 - brings the arithmetic

    settings, start = StartSettings(inputs.bandwidths, inputs.image_sizes), facts.start
    by_object: dict[ResourceId, list[tuple[Resource, Fit]]] = {}
    for item, fit in fits:
        if item.resource.id not in refused:
            by_object.setdefault(item.resource.id, []).append((item.resource, fit))
    for found in by_object.values():
        resource, own = found[0][0], [fit for _, fit in found]
        sizes = [integer(mapping(inputs.locked.get(fit.workload.address)).get("downloadBytes")) for fit in own]
        times = [start_time(fit, start, inputs.bandwidths, size) for fit, size in zip(own, sizes, strict=True)]
        known = [time for time in times if time is not None]
        view = made_of(resource, inputs.context) if known else None
        if view is not None:
            yield from ((resource, finding) for finding in start_findings(own, known, view, start, settings))
