"""What runs of an environment's objects, some at a time: findings about the memory of GPUs and of nodes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from kservegen.checks.gpu.environment import EstimateInputs, GpuMemory, gpu_memory
from kservegen.checks.host.environment import host_findings
from kservegen.checks.runner import ObjectFinding
from kservegen.core.crashes import crash_finding
from kservegen.core.errors import GeneratorError
from kservegen.kserve.defaulting import Defaulted

if TYPE_CHECKING:
    from kservegen.checks.gpu.fact_store import FactStore

_CRASHED = "estimating them failed"


class RunningObjects:
    """Looks at what runs of objects while what was made of them is still at hand.

    `unestimated` are those that ask for accelerators and could not be estimated, so far, and why. Where pods are
    `counted`, what capacity needs to know of them is found out, too.
    """

    def __init__(self, inputs: EstimateInputs, tables: Callable[[], FactStore], *, counted: bool) -> None:
        self.unestimated: dict[str, str] = {}
        self._inputs = inputs
        self._facts = cache(lambda: tables().under(inputs.locked, inputs.lock_file))
        self._counted = counted

    def weigh(self, objects: Sequence[Defaulted], settled: Collection[Defaulted] = ()) -> Iterator[ObjectFinding]:
        """Yield what is to be said of their memory; nothing of those `settled`."""
        asked = [item for item in objects if item not in settled]
        memory = _gpu_memory(asked, self._inputs, self._facts)
        self.unestimated.update(memory.unestimated)
        yield from memory.findings
        yield from _host_findings(asked, self._inputs, self._facts)
        if self._counted:
            for item in objects:
                self._inputs.context.simulation.workloads(item.resource)


def _gpu_memory(objects: Sequence[Defaulted], inputs: EstimateInputs, facts: Callable[[], FactStore]) -> GpuMemory:
    """Estimate all objects; one by one where that fails, so that the others keep their estimates."""
    try:
        return gpu_memory(objects, inputs, facts)
    except GeneratorError:
        raise
    except Exception as crash:  # noqa: BLE001 - the others are estimated all the same
        if len(objects) == 1:
            finding = crash_finding("estimating the GPU memory of this object", crash)
            return GpuMemory(((objects[0].resource, finding),), {str(objects[0].resource.id): _CRASHED})
    each = [_gpu_memory([item], inputs, facts) for item in objects]
    return GpuMemory(
        tuple(finding for one in each for finding in one.findings),
        {subject: why for one in each for subject, why in one.unestimated.items()},
    )


def _host_findings(
    objects: Sequence[Defaulted], inputs: EstimateInputs, facts: Callable[[], FactStore]
) -> Iterator[ObjectFinding]:
    """Hold host memory against the limits of all objects; of one by one where that fails."""
    try:
        yield from host_findings(objects, inputs, facts)
    except GeneratorError:
        raise
    except Exception as crash:  # noqa: BLE001 - as above
        if len(objects) == 1:
            yield objects[0].resource, crash_finding("weighing the host memory of this object", crash)
            return
        for item in objects:
            yield from _host_findings([item], inputs, facts)
