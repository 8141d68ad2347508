"""What to change so that a server fits: a start that does not fit in, changes that were tried and fit out.

Every change is searched for with the estimate itself and offered only where the verdict is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.estimate import LEAST_FREE, Estimate, FitVerdict, Gate, estimate
from kservegen.checks.gpu.model import EngineFacts, Gpu, ModelFacts
from kservegen.checks.gpu.refusals import divides, engine_refusals

_MORE_UTILIZATION: Final = (0.92, 0.95)
_FEWER_SEQUENCES: Final = (256, 128, 64, 32, 16, 8)
_TENSOR_SIZES: Final = (2, 4, 8)
_FP8_LEAST: Final = 89
# Below this, a shorter context is no remedy: nobody serves requests so short.
_USEFUL_LENGTH: Final = 512


class RemedyCase(NamedTuple):
    """A start: what is estimated, and how many GPUs one pod has."""

    model: ModelFacts
    gpu: Gpu
    server: Server
    engine: EngineFacts
    gpus: int


class Remedy(Struct, frozen=True):
    """One change as a clause: `--max-model-len=40192`, `--tensor-parallel-size=2 on 2 GPUs`, `a GPU L40S`."""

    change: str
    case: RemedyCase


def gpu_remedies(case: RemedyCase, gpus: Iterable[Gpu], limit: int = 3) -> tuple[Remedy, ...]:
    """Return up to `limit` changes that fit for certain, the smallest first; `gpus` are others to try, small first."""
    found: list[Remedy] = []
    for remedy in _changes(case, tuple(gpus)):
        if fits(remedy.case):
            found.append(remedy)
            if len(found) == limit:
                break
    return tuple(found)


def fits(case: RemedyCase) -> bool:
    """Tell whether a start fits for certain and nothing about it is refused."""
    if next(engine_refusals(case.model, case.gpu, case.server), None) is not None:
        return False
    return estimate(case.model, case.gpu, case.server, case.engine).verdict is FitVerdict.FITS


def _changes(case: RemedyCase, gpus: tuple[Gpu, ...]) -> Iterator[Remedy]:
    server, engine = case.server, case.engine
    length = longest_that_fits(case)
    if length >= _USEFUL_LENGTH:
        yield Remedy(f"--max-model-len={length}", _told(case, max_length=length))
    if case.gpu.share:
        least = int((case.gpu.share - LEAST_FREE) / case.gpu.memory * 100) / 100
        yield Remedy(f"--gpu-memory-utilization={least}", _told(case, utilization=least))
    used = server.utilization if server.utilization is not None else engine.utilization
    for share in _MORE_UTILIZATION:
        if share > used and not case.gpu.share:
            yield Remedy(f"--gpu-memory-utilization={share}", _told(case, utilization=share))
            break
    yield from _smaller_batches(case)
    if case.gpu.capability >= _FP8_LEAST and server.cache_dtype == "auto":
        yield Remedy("--kv-cache-dtype=fp8", _told(case, cache_dtype="fp8"))
    for size in _TENSOR_SIZES:
        if size > server.tensor and divides(case.model, size):
            changed = _told(case, tensor=size)._replace(gpus=size * server.pipeline)
            if fits(changed):
                yield Remedy(f"--tensor-parallel-size={size} on {changed.gpus} GPUs", changed)
                break
    plain = not (case.model.quantization or server.quantization)
    if plain and case.gpu.capability >= _FP8_LEAST:
        yield Remedy("--quantization=fp8", _told(case, quantization="fp8"))
    yield from _other_gpus(case, gpus, quantizable=plain)


def _smaller_batches(case: RemedyCase) -> Iterator[Remedy]:
    """Yield fewer sequences, and no pictures where an encoder takes memory."""
    done = estimate(case.model, case.gpu, case.server, case.engine)
    fewer = [number for number in _FEWER_SEQUENCES if number < done.batch.sequences]
    if done.gate is Gate.STATE_BLOCKS:  # as many as there are blocks for certain, in eights
        fewer.insert(0, done.least_blocks // 8 * 8)
    for number in filter(None, fewer):
        changed = _told(case, max_sequences=number)
        if fits(changed):
            yield Remedy(f"--max-num-seqs={number}", changed)
            break
    if done.vision and not case.server.text_only:
        yield Remedy("--language-model-only", _told(case, text_only=True))


def _other_gpus(case: RemedyCase, gpus: tuple[Gpu, ...], *, quantizable: bool) -> Iterator[Remedy]:
    for gpu in gpus:
        if gpu.memory > case.gpu.memory:
            changed = case._replace(gpu=gpu)
            if fits(changed):
                yield Remedy(f"a GPU {gpu.name}", changed)
                return
            changed = _told(changed, quantization="fp8")
            if quantizable and gpu.capability >= _FP8_LEAST and fits(changed):
                yield Remedy(f"--quantization=fp8 on a GPU {gpu.name}", changed)
                return


def _told(case: RemedyCase, **changes: object) -> RemedyCase:
    return case._replace(server=replace(case.server, **changes))


def longest_that_fits(case: RemedyCase) -> int:
    """Return the largest max_model_len, a whole number of blocks, that fits for certain; 0 where none does."""
    block = max(case.server.block_tokens or 16, 16)
    done = estimate(case.model, case.gpu, case.server, case.engine)
    high = min(done.length, max(done.longest, 0)) // block
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if fits(_told(case, max_length=middle * block, fitted_length=False)):
            low = middle
        else:
            high = middle - 1
    return low * block


def cheapest(found: Iterable[Remedy]) -> str:
    """Join changes to one sentence."""
    listed = [remedy.change for remedy in found]
    if not listed:
        return "No single change was found that fits: choose a larger GPU or a smaller model."
    return f"Any of these fits: {'; '.join(listed)}." if len(listed) > 1 else f"This fits: {listed[0]}."


def shortage(done: Estimate) -> int:
    """Return how many bytes are lacking in all for one request of full length; 0 where none are."""
    return max(done.needed - done.pool, 0)
