"""What the estimate knows of models, GPUs and versions of vLLM: values, as `store.py` reads them from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

GIB: Final = 1 << 30
MIB: Final = 1 << 20


class Experts(Struct, frozen=True):
    """The experts of a mixture: how many, how wide, how many see a token, and in how many layers they stand.

    `latent` is the width of what they see where that is not the hidden state itself (Nemotron's latent experts), or 0.
    """

    number: int
    width: int
    per_token: int
    shared_width: int
    layers: int
    latent: int = 0


class Latent(Struct, frozen=True):
    """Multi-head latent attention: the compressed cache and the projections around it."""

    kv_rank: int
    q_rank: int | None
    rope_dim: int
    nope_dim: int
    value_dim: int


class StateSpace(Struct, frozen=True):
    """Layers that keep a state of fixed size for each request: Mamba, gated delta nets, short convolutions.

    In elements: `convolution` ones have the model's dtype, `recurrent` ones `recurrent_bytes` each; both are cut by
    tensor parallelism. `parameters` is how many weights the projections of one such layer have; `column` is one column
    of the convolution.
    """

    convolution: int
    recurrent: int
    recurrent_bytes: int
    parameters: int
    column: int = 0


class Heads(NamedTuple):
    """Key and value heads of a layer, and the width of one."""

    number: int
    width: int


class Layers(NamedTuple):
    """How many layers remember how: everything, the last `window` tokens, a chunk, or a state.

    `reading` layers attend to what an earlier layer keeps and keep nothing themselves (num_kv_shared_layers).
    """

    full: int
    windowed: int = 0
    window: int = 0
    chunked: bool = False
    state: int = 0
    reading: int = 0

    @property
    def attending(self) -> int:
        """Layers that keep keys and values."""
        return self.full + self.windowed


class StoredKinds(NamedTuple):
    """How the weights of each kind of module are stored: a method, or blank for the dtype of the checkpoint."""

    attention: str
    state: str
    dense: str
    shared: str
    experts: str


_BLOCK_TOKENS: Final = 16
_ENCODERS: Final = ("Bert", "XLMRoberta")


# By identity: a table makes one of each, and counts are kept.
class ModelFacts(Struct, frozen=True, kw_only=True, eq=False):
    """A model's dimensions, in the units of its config.json; None where nothing is known.

    `weight_bytes` is the size of the tensors in its safetensors files; without it, the size is counted, and `towers`
    says what lies beside the language model, in bytes.
    `global_heads` are those of layers that attend to everything, where windowed layers have others. `drafting` layers
    (MTP) lie in the files and are loaded for speculative decoding alone. `stored` tells modules that are not stored as
    `quantization` says. `table` counts rows times columns of further embeddings. `rotary_factor` is the factor of
    linear rope scaling; `sibling` the model whose dimensions these are, where the model itself is not in the table;
    `obscure` what of the configuration is not understood.
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
    dense_layers: int  # layers with a feed-forward network that is no mixture
    quantization: str = ""
    experts: Experts | None = None
    latent: Latent | None = None
    state: StateSpace | None = None
    weight_bytes: int | None = None
    towers: int = 0
    global_heads: Heads | None = None
    gated_attention: bool = False
    drafting: int = 0
    stored: StoredKinds | None = None
    table: int = 0
    rotary_factor: int = 1
    sources: tuple[str, ...] = ()
    sibling: str = ""
    obscure: str = ""

    @property
    def gap(self) -> str:
        """What is missing to estimate; blank where nothing is."""
        if not (self.depth and self.hidden and self.heads and self.kv_heads and self.vocabulary):
            return "its dimensions"
        if not (self.intermediate or self.experts):
            return "the width of its feed-forward layers"
        return self.obscure

    @property
    def encoder(self) -> bool:
        """Whether it answers with vectors from one pass: it samples nothing and keeps no keys and values."""
        return self.family.startswith(_ENCODERS)

    def loaded_bytes(self, dtype: str) -> int:
        """Bytes of one element of the weights as vLLM loads them with `--dtype`."""
        if dtype == "auto":
            return min(self.element_bytes, 2)  # vLLM takes 32-bit checkpoints in 16 bits
        return 4 if dtype in {"float32", "float"} else 2

    @property
    def multimodal(self) -> bool:
        """Whether the model has towers beside its language model."""
        return self.family.endswith("ForConditionalGeneration") or self.family == "NemotronH_Nano_VL_V2"


class Gpu(Struct, frozen=True, kw_only=True):
    """One GPU or MIG slice: the memory that its driver reports in bytes, and its compute capability times ten.

    `spread` is how far drivers and ECC settings differ, in bytes. Capability 0 stands for makes other than NVIDIA's,
    and for what nobody said. `nvswitch` tells that machines with several of them join them so. `share` is what one pod
    may use of a card that serves others, too; 0 stands for all. `from_environment` tells that an environment's file
    says the memory, not the table. `maker` is blank for NVIDIA's and AMD's; how servers use the memory of others is not
    known.
    """

    name: str
    memory: int
    capability: int
    spread: int = 0
    unified: bool = False
    nvswitch: bool = False
    share: int = 0
    from_environment: bool = False
    maker: str = ""

    @property
    def usable(self) -> int:
        """Bytes that one pod may use: its share of a card that serves others, too, else the whole."""
        return self.share or self.memory

    @property
    def large(self) -> bool:
        """Whether vLLM gives it the defaults of a large card."""
        return self.memory >= 70 * GIB and "A100" not in self.name.upper()

    @property
    def largest(self) -> bool:
        """Whether vLLM gives it the defaults of the largest cards."""
        return self.memory >= 160 * GIB


class SamplerMemory(Struct, frozen=True):
    """What the sampling of the profile run takes, in bytes for each logit.

    `other` is what an installation with another library takes; `rows` tells that every multiprocessor keeps a row of
    the vocabulary in 32 bits besides.
    """

    each: float
    other: float
    rows: bool


class GraphMemory(Struct, frozen=True):
    """Bytes of captured CUDA graphs: a base by the least compute capability, those of each layer, those of mixtures."""

    bases: Mapping[int, int]
    layer: int
    experts: int

    def base(self, capability: int) -> int:
        """Return the base on a GPU of a compute capability."""
        return self.bases[max(least for least in self.bases if least <= capability)]


class Seconds(Struct, frozen=True):
    """A time: at the least, and at the most that was seen."""

    least: int
    most: int

    def __add__(self, other: object) -> Seconds:
        return Seconds(self.least + other.least, self.most + other.most) if isinstance(other, Seconds) else self


class StartFacts(Struct, frozen=True):
    """What recorded starts took; facts/vllm.json says which.

    `disk` is the slowest and the fastest from a node's disk, in bytes per second. A storage initializer that downloads
    more than `initializer` bytes from the Hub takes about `initializer_memory` bytes of memory.
    """

    compile: Seconds
    graphs: Seconds
    other: Seconds
    disk: tuple[int, int]
    initializer: int
    initializer_memory: int


# By identity, as above.
class EngineFacts(Struct, frozen=True, kw_only=True, eq=False):
    """What changes from one version of vLLM to the next; facts/vllm.json says where each number comes from."""

    since: tuple[int, ...]
    utilization: float
    profiled: bool  # v1: prompts are cut in chunks, so activation does not depend on the longest request
    groups: bool
    tokens_by_concurrency: bool
    graphs_in_budget: bool
    graphs: GraphMemory
    workspace_share: Mapping[str, float]  # by how experts are stored: their kernels' workspaces, as a share of 16 bits
    workspace_kept: bool
    sampler: SamplerMemory
    runner_v2: frozenset[str]  # architectures that the second runner serves; `dense` and `all` stand for more
    runner_v2_sampler: SamplerMemory
    runner_v2_graphs: float  # share of the graphs that the second runner's profile run estimates; 0 for none
    state_gate: bool  # a start is refused where there are fewer blocks of states than sequences
    non_torch: Mapping[int, int]  # by tensor parallel size: the largest key that is not above it
    non_torch_plain: Mapping[int, int]  # the same on machines without an NVSwitch
    vision: Mapping[str, int]  # by the beginning of an architecture: the peak of the encoder on one rank
    encoder_tokens: Mapping[str, int]  # by the beginning of an architecture: tokens of the largest picture
    prefix_tokens: Mapping[str, int]  # by the beginning of an architecture: batched tokens that it takes at the least
    in_flight: int  # batches that are scheduled before the first is settled
    encoders_seen: tuple[str, ...]  # architectures whose encoder recorded starts show, by their beginning
    latent_padding: int
    latent_as_heads: bool
    latent_blocks: Mapping[int, int]  # tokens of a block of latent attention, by the least compute capability
    max_sequences: tuple[int, int]
    batched_tokens: tuple[int, int, int]  # of the largest cards, of large ones, of the rest

    assumed: bool = False  # nobody said which version; this one is taken

    def block_tokens(self, capability: int, *, latent: bool) -> int:
        """Tokens of one block of the cache as the attention backend of a GPU wants them; 16 where it takes any."""
        known = [least for least in self.latent_blocks if latent and least <= capability]
        return self.latent_blocks[max(known)] if known else _BLOCK_TOKENS

    def beside_torch(self, ranks: int, *, nvswitch: bool) -> int:
        """Bytes that CUDA and NCCL take beside PyTorch's allocator on one of `ranks` GPUs."""
        table = self.non_torch if nvswitch else self.non_torch_plain
        return table[max(size for size in table if size <= ranks)]

    def vision_peak(self, family: str, ranks: int) -> int:
        """Bytes that the encoder of a family takes at its peak on one of `ranks` GPUs; 0 where none was seen."""
        return _of_family(self.vision, family) // ranks

    def picture_tokens(self, family: str) -> int:
        """Tokens of the largest picture that a family's encoder takes; 0 where it takes less than a prompt."""
        return _of_family(self.encoder_tokens, family)

    def least_batched(self, family: str) -> int:
        """Batched tokens that a server of a family takes at the least where it is told nothing; 0 where any do."""
        return _of_family(self.prefix_tokens, family)


def _of_family(table: Mapping[str, int], family: str) -> int:
    return max((size for name, size in table.items() if family.startswith(name)), default=0)
