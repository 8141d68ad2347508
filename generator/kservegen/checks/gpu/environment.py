"""The objects of an environment in; what there is to say of their GPU memory, and what could not be estimated, out.

Light to import: tables and arithmetic are loaded where an object asks for a GPU, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kservegen.checks.gpu.requests import asks_for_gpus
from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.defaulting import Defaulted

if TYPE_CHECKING:
    from kservegen.checks.gpu.check import Fit
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.gpu.workload import GpuWorkload


class EstimateInputs(NamedTuple):
    """What is read beside the objects: an environment's accelerators, bandwidths and lock, and its charts' values."""

    context: Context
    values: Mapping[str, JsonObject]
    accelerators: JsonObject
    bandwidths: JsonObject
    locked: JsonObject
    lock_file: str


class GpuMemory(NamedTuple):
    """Findings about defaulted objects, and the objects that ask for GPUs and could not be estimated."""

    findings: tuple[tuple[Resource, Finding], ...] = ()
    unestimated: frozenset[str] = frozenset()


def gpu_memory(objects: Iterable[Defaulted], inputs: EstimateInputs, open_facts: Callable[[], FactStore]) -> GpuMemory:
    """Estimate GPU memory where an object asks for GPUs, and something is known of its model or its GPU.

    The facts are those of the tables and of the environment's lock.
    """
    items = [item for item in objects if asks_for_gpus(item.resource, inputs.context.simulation)]
    if not items:
        return GpuMemory()
    from kservegen.checks.gpu.gpu_type import gpu_of  # noqa: PLC0415
    from kservegen.checks.gpu.workload import gpu_workloads  # noqa: PLC0415

    facts = open_facts()

    def is_known(server: GpuWorkload) -> bool:
        return (
            server.certain
            or facts.model(server.model, server.address) is not None
            or gpu_of(server.node_selector, server.resource_name, inputs.accelerators, facts) is not None
        )

    read = [
        (item, [server for server in gpu_workloads(item.resource, inputs.context) if server.gpus]) for item in items
    ]
    return _estimated(items, [(item, servers) for item, servers in read if any(map(is_known, servers))], inputs, facts)


def _estimated(
    items: Sequence[Defaulted],
    known: Sequence[tuple[Defaulted, Sequence[GpuWorkload]]],
    inputs: EstimateInputs,
    facts: FactStore,
) -> GpuMemory:
    if not known:
        return GpuMemory(unestimated=frozenset(str(item.resource.id) for item in items))
    from kservegen.checks.gpu.check import fits_of, gpu_findings  # noqa: PLC0415 - brings the arithmetic
    from kservegen.checks.gpu.gpu_type import offered  # noqa: PLC0415

    accelerators = inputs.accelerators
    fits = [(item, fit) for item, servers in known for fit in fits_of(servers, accelerators, facts)]
    estimated = {item.resource.id for item, fit in fits if fit.estimate is not None}
    offers = offered(accelerators, facts)
    memory = [(item.resource, finding) for item, fit in fits for finding in gpu_findings(fit, offers)]
    return GpuMemory(
        findings=(*memory, *_starts(fits, inputs, {resource.id for resource, _ in memory})),
        unestimated=frozenset(str(item.resource.id) for item in items if item.resource.id not in estimated),
    )


def _starts(
    fits: Sequence[tuple[Defaulted, Fit]], inputs: EstimateInputs, refused: set[ResourceId]
) -> Iterator[tuple[Resource, Finding]]:
    """Hold starts against probes and deadlines of what is made, where nothing else is said of an object's memory."""
    from kservegen.checks.gpu.start import start_findings, start_time  # noqa: PLC0415 - brings the arithmetic

    by_object: dict[ResourceId, list[tuple[Resource, Fit]]] = {}
    for item, fit in fits:
        if item.resource.id not in refused:
            by_object.setdefault(item.resource.id, []).append((item.resource, fit))
    for found in by_object.values():
        resource, own = found[0][0], [fit for _, fit in found]
        sizes = [integer(mapping(inputs.locked.get(fit.workload.address)).get("downloadBytes")) for fit in own]
        times = [start_time(fit, inputs.bandwidths, size) for fit, size in zip(own, sizes, strict=True)]
        known = [time for time in times if time is not None]
        view = made_of(resource, inputs.context) if known else None
        if view is not None:
            yield from ((resource, finding) for finding in start_findings(own, known, view))
