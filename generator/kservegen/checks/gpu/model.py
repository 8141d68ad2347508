"""What the estimate knows of models, GPUs and versions of vLLM: values, as `store.py` reads them from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

GIB: Final = 1 << 30
MIB: Final = 1 << 20


class Experts(NamedTuple):
    """The experts of a mixture: how many, how wide, how many see a token, and in how many layers they stand."""

    number: int
    width: int
    per_token: int
    shared_width: int
    layers: int


class Latent(NamedTuple):
    """Multi-head latent attention: the compressed cache and the projections around it."""

    kv_rank: int
    q_rank: int | None
    rope_dim: int
    nope_dim: int
    value_dim: int


class StateSpace(NamedTuple):
    """Layers that keep a state of fixed size for each request (Mamba 2, gated delta net), in elements.

    `convolution` elements have the model's dtype, `recurrent` ones `recurrent_bytes` each; both are cut by tensor
    parallelism.
    """

    convolution: int
    recurrent: int
    recurrent_bytes: int


class Layers(NamedTuple):
    """How many layers remember how: everything, the last `window` tokens, a chunk, or a state."""

    full: int
    windowed: int = 0
    window: int = 0
    chunked: bool = False
    state: int = 0

    @property
    def attending(self) -> int:
        """Layers that keep keys and values."""
        return self.full + self.windowed


# Families whose layers differ from each other; a table that does not say how is no ground for an estimate.
_ENCODERS: Final = ("Bert", "XLMRoberta")
_MIXED_LAYERS: Final = ("Gemma4", "Qwen3_5", "NemotronH", "DeepseekV4", "KimiK3", "MiMoV2")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # by identity: a table makes one of each, counts are kept
class ModelFacts:
    """A model's dimensions, in the units of its config.json; None where nothing is known.

    `weight_bytes` is the size of the tensors in its safetensors files; without it, the size is counted.
    `rotary_factor` is the factor of linear rope scaling; `known_from` the file that all this stands in.
    """

    name: str
    family: str
    depth: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    max_length: int | None
    element_bytes: int
    tied: bool
    layers: Layers
    quantization: str = ""
    experts: Experts | None = None
    latent: Latent | None = None
    state: StateSpace | None = None
    weight_bytes: int | None = None
    rotary_factor: int = 1
    known_from: str = "facts/models.json"
    sources: tuple[str, ...] = ()

    @property
    def gap(self) -> str:
        """What is missing to estimate; blank where nothing is."""
        if not (self.depth and self.hidden and self.heads and self.kv_heads and self.vocabulary):
            return "its dimensions"
        if not (self.intermediate or self.experts):
            return "the width of its feed-forward layers"
        if self.family.startswith(_ENCODERS):
            return "how much an encoder takes"
        if self.family.startswith(_MIXED_LAYERS) and self.layers == Layers(full=self.depth):
            return "which of its layers keep a window or a state instead of a cache"
        return ""

    def loaded_bytes(self, dtype: str) -> int:
        """Bytes of one element of the weights as vLLM loads them with `--dtype`."""
        if dtype == "auto":
            return min(self.element_bytes, 2)  # vLLM takes 32-bit checkpoints in 16 bits
        return 4 if dtype in {"float32", "float"} else 2

    @property
    def multimodal(self) -> bool:
        """Whether the model has towers beside its language model."""
        return self.family.endswith("ForConditionalGeneration") or self.family == "NemotronH_Nano_VL_V2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU or MIG slice: the memory that its driver reports in bytes, and its compute capability times ten.

    `spread` is how far drivers and ECC settings differ, in bytes. Capability 0 stands for makes other than NVIDIA's,
    and for what nobody said. `from_environment` tells that an environment's file says the memory, not the table.
    """

    name: str
    memory: int
    capability: int
    spread: int = 0
    unified: bool = False
    from_environment: bool = False

    @property
    def large(self) -> bool:
        """Whether vLLM gives it the defaults of a large card."""
        return self.memory >= 70 * GIB and "A100" not in self.name.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What changes from one version of vLLM to the next; facts/vllm.yaml says where each number comes from."""

    since: tuple[int, ...]
    utilization: float
    profiled: bool  # v1: prompts are cut in chunks, so activation does not depend on the longest request
    groups: bool
    tokens_by_concurrency: bool
    graphs_in_budget: bool
    workspace_kept: bool
    sampler_bytes: float
    non_torch: Mapping[int, int]  # by tensor parallel size: the largest key that is not above it
    latent_padding: int
    latent_as_heads: bool
    max_sequences: tuple[int, int]
    batched_tokens: tuple[int, int]

    def beside_torch(self, ranks: int) -> int:
        """Bytes that CUDA and NCCL take beside PyTorch's allocator on one of `ranks` GPUs."""
        return self.non_torch[max(size for size in self.non_torch if size <= ranks)]
