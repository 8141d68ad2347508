"""Which of vLLM's two model runners serves a model, and what follows for the profile run: model, settings, version in.

The second runner samples without top-k and top-p in the profile run, and up to 0.28 estimates no CUDA graphs.
"""

from __future__ import annotations

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import EngineFacts, ModelFacts, SamplerMemory


def second_runner(model: ModelFacts, server: Server, engine: EngineFacts) -> bool:
    """Whether vLLM takes its second runner: as the environment says, or by the architecture."""
    if model.encoder or not engine.runner_v2:
        return False
    if server.second_runner is not None:
        return server.second_runner
    plain = model.experts is None and not model.layers.state
    return bool({model.family, "all"} & engine.runner_v2) or (plain and "dense" in engine.runner_v2)


def sampling(model: ModelFacts, server: Server, engine: EngineFacts) -> SamplerMemory:
    """Return what the sampling of the profile run takes; where the environment chooses, nothing is left open."""
    if second_runner(model, server, engine):
        return engine.runner_v2_sampler
    found, told = engine.sampler, server.flashinfer_sampler
    if told is None:
        return found
    each = min(found.each, found.other) if told else max(found.each, found.other)
    return SamplerMemory(each, each, rows=found.rows and not told)


def graphs_counted(model: ModelFacts, server: Server, engine: EngineFacts) -> float:
    """Return the share of the CUDA graphs that the budget holds: 1 as they are, 0 for none; the second runner's own."""
    if not (engine.graphs_in_budget and server.graphs_estimated):
        return 0.0
    return engine.runner_v2_graphs if second_runner(model, server, engine) else 1.0


def batches_in_flight(model: ModelFacts, server: Server, engine: EngineFacts) -> int:
    """Return how many batches hold blocks of windows at once: vLLM schedules the next before the last is settled."""
    stages = server.pipeline
    if stages == 1 or engine.in_flight == 1:
        return engine.in_flight
    return stages + (1 if second_runner(model, server, engine) else 0)
