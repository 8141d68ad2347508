"""The objects of an environment in; what there is to say of their GPU memory, and what could not be estimated, out.

Light to import: tables and arithmetic are loaded where an object asks for a GPU, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.checks.gpu.requests import asked_devices
from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.defaulting import Defaulted

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.gpu.workload import GpuWorkload

# Why an object has no estimate, where no server of it could be looked at.
OTHER_SERVER: Final = "their server is not vLLM"
_NOTHING_KNOWN: Final = "nothing is known of their models and of their GPUs"


class EstimateInputs(Struct, frozen=True):
    """What is read beside the objects: an environment's accelerators, what it says of starts, its lock, its charts."""

    context: Context
    values: Mapping[str, JsonObject]
    accelerators: JsonObject
    bandwidths: JsonObject
    image_sizes: JsonObject
    locked: JsonObject
    lock_file: str


class GpuMemory(Struct, frozen=True):
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

    from kservegen.checks.gpu.question import GpuQuestions  # noqa: PLC0415 - brings the arithmetic

    questions, findings = GpuQuestions(inputs, facts), list[tuple[Resource, Finding]]()
    for item, found in known:
        answer = inputs.context.simulation.derived(item.resource, questions.about(found))
        if answer is not None:  # there is a server, so something is made
            findings += ((item.resource, finding) for finding in answer.findings)
            if answer.unestimated:
                unestimated[str(item.resource.id)] = answer.unestimated
    return GpuMemory(tuple(findings), unestimated)


def _is_known(server: GpuWorkload, inputs: EstimateInputs, facts: FactStore) -> bool:
    from kservegen.checks.gpu.gpu_type import gpu_of  # noqa: PLC0415

    return (
        server.certain
        or facts.model(server.model, server.address) is not None
        or gpu_of(server.node_selector, server.resource_name, inputs.accelerators, facts) is not None
    )
