"""How many devices a started server computes on: its command line in, the sizes of its groups out."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.core.values import whole_number
from kservegen.kserve.servers.command_line import StartedServer
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM

TENSOR_SIZE: Final = "--tensor-parallel-size"
PIPELINE_SIZE: Final = "--pipeline-parallel-size"
DATA_SIZE: Final = "--data-parallel-size"
LOCAL_SIZE: Final = "--data-parallel-size-local"
EXPERT_PARALLEL: Final = "--enable-expert-parallel"
_SIZES: Final = (TENSOR_SIZE, PIPELINE_SIZE, DATA_SIZE, LOCAL_SIZE)
# Sizes come from elsewhere, or ranks are started one by one.
_ELSEWHERE: Final = frozenset(
    {
        "--config",
        "--data-parallel-backend",
        "--data-parallel-external-lb",
        "--data-parallel-rank",
        "--distributed-executor-backend",
        "--nnodes",
    }
)


class ParallelSizes(Struct, frozen=True):
    """The sizes that a server is given, by flag."""

    given: dict[str, int]

    @property
    def local(self) -> int:
        """The number of devices that the server takes on its own node."""
        data = self.given.get(LOCAL_SIZE, self.given.get(DATA_SIZE, 1))
        return self.given.get(TENSOR_SIZE, 1) * self.given.get(PIPELINE_SIZE, 1) * data


def parallel_sizes(started: StartedServer) -> ParallelSizes | None:
    """Read the sizes of a server that splits models over devices; None for others, and where they cannot be told."""
    if started.server.name not in (VLLM, HUGGINGFACE) or not started.line.is_whole:
        return None
    said = started.given
    if not _ELSEWHERE.isdisjoint(said):
        return None
    given: dict[str, int] = {}
    for flag in _SIZES:
        if flag in said:
            value = said[flag].values[0] if said[flag].values else None
            number = whole_number(value.text) if value is not None and value.is_known else None
            if number is None:
                return None
            given[flag] = number
    if EXPERT_PARALLEL in said and not said[EXPERT_PARALLEL].is_negated:
        given[EXPERT_PARALLEL] = 1
    return ParallelSizes(given)
