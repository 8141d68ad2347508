"""What vLLM refuses whatever the memory: a model, a GPU and a server in, the mistakes out.

Each is checked by vLLM before it loads a byte, so none has an error band.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.model import Gpu, ModelFacts

# Least compute capability for each way of storing weights (vLLM's get_min_capability, Marlin kernels included).
_LEAST: Final = {"awq": 75, "gptq": 60, "int8": 75, "int4": 80, "fp8": 75, "nvfp4": 75, "mxfp4": 80, "bitsandbytes": 70}
_VLLM_LEAST: Final = 70
_BFLOAT16_LEAST: Final = 80
# vLLM pads the vocabulary before it cuts it.
_VOCABULARY_PAD: Final = 64
_LARGEST_TENSOR: Final = 16


class Matter(StrEnum):
    """What a refusal is about."""

    PARALLELISM = "parallelism"
    CONTEXT_LENGTH = "context-length"
    QUANTISATION = "quantisation"


class EngineRefusal(Struct, frozen=True):
    """One refusal: the option it is about, what was seen, what is allowed."""

    matter: Matter
    option: str
    message: str
    seen: str
    allowed: str
    hint: str


def engine_refusals(model: ModelFacts, gpu: Gpu | None, server: Server, gpus: int = 0) -> Iterator[EngineRefusal]:
    """Yield what vLLM refuses; `gpus` are those of one pod, 0 where that is not asked."""
    yield from _parallelism(model, server, gpus)
    yield from _length(model, server)
    yield from _method(model, server)
    if gpu is not None and gpu.capability:
        yield from _capability(model, gpu, server)


def _parallelism(model: ModelFacts, server: Server, gpus: int) -> Iterator[EngineRefusal]:
    tensor = server.tensor
    if divides(model, tensor):
        return
    rows = -(-model.vocabulary // _VOCABULARY_PAD) * _VOCABULARY_PAD
    if model.heads % tensor:
        message = f"total number of attention heads ({model.heads}) must be divisible by tensor parallel size"
    elif rows % tensor:
        message = f"the vocabulary of {rows} rows is not divisible by tensor parallel size"
    else:
        message = f"{model.kv_heads} key and value heads neither divide nor are divided by tensor parallel size"
    sizes = [n for n in range(1, _LARGEST_TENSOR + 1) if divides(model, n)]
    near = max(n for n in sizes if n < tensor and n <= (gpus or n))
    yield EngineRefusal(
        Matter.PARALLELISM,
        "tensor-parallel-size",
        message,
        str(tensor),
        ", ".join(map(str, sizes)),
        f"Set --tensor-parallel-size={near}.",
    )


def divides(model: ModelFacts, tensor: int) -> bool:
    """Tell whether a model can be cut over so many GPUs: heads, key and value heads, and padded vocabulary."""
    rows = -(-model.vocabulary // _VOCABULARY_PAD) * _VOCABULARY_PAD
    if model.heads % tensor or rows % tensor:
        return False
    more, fewer = max(model.kv_heads, tensor), min(model.kv_heads, tensor)
    return model.latent is not None or more % fewer == 0


def _length(model: ModelFacts, server: Server) -> Iterator[EngineRefusal]:
    limit = model.max_length
    if limit is None or server.max_length is None or server.longer_allowed or server.overrides:
        return
    if server.max_length > limit:
        yield EngineRefusal(
            Matter.CONTEXT_LENGTH,
            "max-model-len",
            f"the user-specified max_model_len is greater than the model's own {limit}",
            str(server.max_length),
            f"at most {limit}",
            f"Set --max-model-len={limit} or less. vLLM takes more only where the model's config.json says so.",
        )


def _method(model: ModelFacts, server: Server) -> Iterator[EngineRefusal]:
    """Refuse a method that the checkpoint is not prepared for (vllm/config/model.py, _verify_quantization).

    Of a model that is only known by another's dimensions, an unquantised name tells nothing of how it is stored.
    """
    if not server.prepared or server.prepared == model.quantization or (model.sibling and not model.quantization):
        return
    stored = model.quantization
    yield EngineRefusal(
        Matter.QUANTISATION,
        "quantization",
        f"the model config says {stored}, and that does not match the quantization argument"
        if stored
        else f"the checkpoint is not quantised: there is no config file for {server.prepared}",
        server.prepared,
        stored or "a checkpoint that is stored so",
        "Leave --quantization out: vLLM takes what the checkpoint says.",
    )


def _capability(model: ModelFacts, gpu: Gpu, server: Server) -> Iterator[EngineRefusal]:
    shown = f"{gpu.capability // 10}.{gpu.capability % 10}"
    method = server.quantization or model.quantization
    least = max(_VLLM_LEAST, _LEAST.get(method, 0))
    if gpu.capability < least:
        yield EngineRefusal(
            Matter.QUANTISATION,
            "quantization",
            f"{gpu.name} cannot run {method or 'vLLM'}",
            f"compute capability {shown}",
            f"{least // 10}.{least % 10} or later",
            "Choose a GPU of a later generation, or a checkpoint that is not quantised so.",
        )
    elif server.dtype == "bfloat16" and gpu.capability < _BFLOAT16_LEAST:
        yield EngineRefusal(
            Matter.QUANTISATION,
            "dtype",
            "bfloat16 is only supported on GPUs with compute capability of at least 8.0",
            f"{gpu.name}, compute capability {shown}",
            "float16",
            "Set --dtype=half.",
        )
