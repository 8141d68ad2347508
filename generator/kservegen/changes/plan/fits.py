"""An environment as it is after a change in; whether there is room for a model, in GPU memory and on nodes, out."""

from __future__ import annotations

from typing import Final

from kservegen.changes.plan.model import ModelFit
from kservegen.checks.gpu.check import Fit, fits_of
from kservegen.checks.gpu.environment import OTHER_SERVER
from kservegen.checks.gpu.estimate import Estimate, FitVerdict
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, Gpu
from kservegen.checks.gpu.requests import asked_devices
from kservegen.checks.gpu.workload import gpu_workloads
from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource
from kservegen.evaluate.environment import DefaultedEnvironment, Evaluation

_REFUSED: Final = "refused"
_NOT_ESTIMATED: Final = "not estimated"
# The worst first: of several servers, that one is told.
_WORST: Final = (_REFUSED, FitVerdict.DOES_NOT_FIT, _NOT_ESTIMATED, FitVerdict.UNCERTAIN, FitVerdict.FITS)


def fit_of(resource: Resource, evaluation: Evaluation, after: DefaultedEnvironment, facts: FactStore) -> ModelFit:
    """Say of an object, as it is stored, whether its servers start in the memory of their GPUs and its pods have nodes.

    `after` is what the evaluation comes to, `facts` what is known of models in its environment.
    """
    context = after.context
    accelerators = after.built.environment.mapping("accelerators")
    told = [_memory(each) for each in fits_of(gpu_workloads(resource, context), accelerators, facts)]
    if not told:
        own = [text(mapping(words).get("resource")) for words in accelerators.values()]
        asked = asked_devices(resource, context.simulation, own)
        told = [(_NOT_ESTIMATED, asked.reason or OTHER_SERVER)] if asked is not None else [("", "")]
    memory, figures = min(told, key=lambda each: _WORST.index(each[0]) if each[0] else 0)
    outcome = evaluation.placed.get(resource.id)
    return ModelFit(memory, figures, outcome.value if outcome is not None else "")


def _memory(found: Fit) -> tuple[str, str]:
    done, gpu = found.estimate, found.gpu
    if found.refuses:
        return _REFUSED, found.refuses[0]
    if done is None or gpu is None:
        return _NOT_ESTIMATED, found.unknown
    return done.verdict.value, _sums(done, gpu)


def _sums(done: Estimate, gpu: Gpu) -> str:
    """Write what one request of full length takes of the memory that vLLM has, and where else a start fails."""
    said = f"{(done.budget - done.pool + done.needed) / GIB:.1f} of {done.budget / GIB:.1f} GiB of {gpu.name}"
    return said if done.verdict is FitVerdict.FITS or done.gate is None else f"{said}: {done.gate.value}"
