"""The servers of an object and what an environment says of them in; what is to be said of their memory, out.

A question is equal to another environment's that knows the same of the models and says the same of GPUs and starts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from kservegen.checks.gpu.check import Fit, fits_of, gpu_findings
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.gpu_type import offered
from kservegen.checks.gpu.start import StartSettings, start_findings, start_time
from kservegen.checks.gpu.workload import GpuWorkload
from kservegen.checks.rules._made import MadeView
from kservegen.core.diagnostics import Finding
from kservegen.core.document import integer, mapping
from kservegen.core.resource import Resource
from kservegen.kserve.controllers.made import Made

if TYPE_CHECKING:
    from kservegen.checks.gpu.environment import EstimateInputs


class GpuAnswer(Struct, frozen=True):
    """What is to be said of an object, and why none of its servers could be estimated; blank where one was."""

    findings: tuple[Finding, ...]
    unestimated: str


class GpuQuestions:
    """What one environment asks of objects."""

    def __init__(self, inputs: EstimateInputs, facts: FactStore) -> None:
        self.inputs = inputs
        self.facts = facts
        self.others = offered(inputs.accelerators, facts)
        self._said = repr((inputs.accelerators, inputs.bandwidths, inputs.image_sizes))

    def about(self, servers: Sequence[GpuWorkload]) -> GpuQuestion:
        """Ask about the servers of one object."""
        known = tuple((self.facts.model(each.model, each.address), self.download(each)) for each in servers)
        return GpuQuestion(self, servers, (self._said, known))

    def download(self, server: GpuWorkload) -> int | None:
        """Return what the lock says of the size of a server's model."""
        return integer(mapping(self.inputs.locked.get(server.address)).get("downloadBytes"))


class GpuQuestion(Struct, frozen=True, eq=False):
    """A question about an object, which follows from the object, from what is made of it and from its key alone."""

    asked: GpuQuestions
    servers: Sequence[GpuWorkload]
    key: Hashable

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GpuQuestion) and self.key == other.key

    def __call__(self, resource: Resource, made: Made) -> GpuAnswer:
        """Estimate the servers, and hold their start against probes and deadlines where nothing else is said."""
        facts = self.asked.facts
        fits = tuple(fits_of(self.servers, self.asked.inputs.accelerators, facts))
        unknown = "" if any(fit.estimate is not None for fit in fits) else fits[-1].kind_unknown
        memory = tuple(finding for fit in fits for finding in gpu_findings(fit, self.asked.others))
        return GpuAnswer(memory or tuple(self._starts(fits, MadeView(resource, made))), unknown)

    def _starts(self, fits: Sequence[Fit], view: MadeView) -> Iterator[Finding]:
        inputs, start = self.asked.inputs, self.asked.facts.start
        each = (start_time(fit, start, inputs.bandwidths, self.asked.download(fit.workload)) for fit in fits)
        times = [time for time in each if time is not None]
        if times:
            settings = StartSettings(inputs.bandwidths, inputs.image_sizes)
            yield from start_findings(fits, times, view, start, settings)
