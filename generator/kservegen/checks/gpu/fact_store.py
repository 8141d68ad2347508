"""The tables of `facts/`: a folder in, models, GPUs and engines by name out; each is read when it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Final

from kservegen.checks.gpu.model import GIB, EngineFacts, Experts, Gpu, Latent, Layers, ModelFacts, StateSpace
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.releases import Releases

# Cards that nobody offers for a cluster: of early generations, or for desks.
_OFFERED_LEAST: Final = 80
_DESKTOP: Final = ("RTX-", "GB10")
# Of vLLM: `0.11.2`, `v0.8.5.post1`, `0.15.2rc1` or `0.10.1.2.dev0`.
_VERSION: Final = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)")
_ELEMENT_BYTES: Final = {"float32": 4, "bfloat16": 2, "float16": 2}


class FactStore:
    """Reads `models.json`, `gpus.json` and `vllm.json` of one folder; releases of KServe know what is in an image."""

    def __init__(self, folder: Path, releases: Releases) -> None:
        self._folder = folder
        self._releases = releases
        self._models: dict[str, ModelFacts] = {}
        self._locked: Mapping[str, ModelFacts] = {}

    def under(self, lock: Mapping[str, ModelFacts]) -> FactStore:
        """Return this store as an environment sees it: what its lock holds comes before the table."""
        if not lock:
            return self
        above = copy(self)
        above._locked = lock  # noqa: SLF001 - a copy of itself
        return above

    def model(self, name: str, address: str = "") -> ModelFacts | None:
        """Return what is known of a model, by its address in the lock, or by the name of its repository in any case."""
        locked = self._locked.get(address or f"hf://{name}")
        if locked is not None:
            return locked
        key = name.lower()
        known = self._models.get(key)
        if known is None:
            entry = self._model_entries.get(key)
            if entry is None:
                return None
            known = self._models[key] = read_model(*entry)
        return known

    def gpu(self, name: str) -> Gpu | None:
        """Return a GPU or a MIG slice (`A100-80GB/1g.10gb`) by its name in any case."""
        return self._gpus.get(_plain(name))

    def product(self, label: str) -> str:
        """Return the name of the GPU that a node label nvidia.com/gpu.product means; blank for one unknown."""
        return self._products.get(label, "")

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """Every whole GPU, smallest first."""
        return tuple(sorted({g for g in self._gpus.values() if "/" not in g.name}, key=lambda g: (g.memory, g.name)))

    @property
    def offered(self) -> tuple[Gpu, ...]:
        """GPUs that clusters have, smallest first."""
        return tuple(g for g in self.gpus if g.capability >= _OFFERED_LEAST and not g.name.startswith(_DESKTOP))

    def engine(self, version: str) -> EngineFacts:
        """Return what holds at a version of vLLM; blank means the version that is assumed where none is known."""
        wanted = parse_version(version or self.assumed_version)
        return next(engine for engine in reversed(self._engines) if engine.since <= wanted)

    @property
    def assumed_version(self) -> str:
        """The version that is assumed where none is known."""
        return text(self._vllm.get("assumed"))

    def image_version(self, image: str) -> str:
        """Return the version of vLLM in an image; blank where no release knows it."""
        return self._releases.server_version(image)

    @cached_property
    def _model_entries(self) -> dict[str, tuple[str, JsonObject]]:
        models = mapping(self._read("models.json").get("models"))
        return {name.lower(): (name, mapping(entry)) for name, entry in models.items()}

    @cached_property
    def _gpus(self) -> dict[str, Gpu]:
        found: dict[str, Gpu] = {}
        for name, entry in mapping(self._read("gpus.json").get("gpus")).items():
            names = [name, *(text(item) for item in sequence(mapping(entry).get("names")))]
            for gpu in _read_gpu(name, mapping(entry)):
                slice_name = gpu.name.partition("/")[2]
                found.update({_plain(f"{n}/{slice_name}" if slice_name else n): gpu for n in names})
        return found

    @cached_property
    def _products(self) -> dict[str, str]:
        entries = mapping(self._read("gpus.json").get("gpus"))
        return {
            text(label): name
            for name, entry in entries.items()
            for labels in mapping(mapping(entry).get("labels")).values()
            for label in sequence(labels)
        }

    @cached_property
    def _vllm(self) -> JsonObject:
        return self._read("vllm.json")

    @cached_property
    def _engines(self) -> tuple[EngineFacts, ...]:
        changes: JsonObject = {}
        engines = []
        for version, entry in mapping(self._vllm.get("versions")).items():
            changes = {**changes, **mapping(entry)}
            engines.append(_read_engine(version, changes))
        return tuple(sorted(engines, key=lambda engine: engine.since))

    def _read(self, name: str) -> JsonObject:
        path = self._folder / name
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as problem:
            raise GeneratorError(f"cannot read a table of facts: {problem}", subject=str(path)) from problem
        return mapping(document)


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum() or c in "/.+")


def read_model(name: str, entry: JsonObject) -> ModelFacts:
    """Turn an entry in the words of config.json into facts."""
    heads, hidden = _number(entry, "num_attention_heads"), _number(entry, "hidden_size")
    depth = _number(entry, "num_hidden_layers")
    dtype = text(entry.get("torch_dtype")) or "bfloat16"
    size = entry.get("safetensors_weight_gib") or entry.get("checkpoint_size_gib")
    return ModelFacts(
        name=name,
        family=text(entry.get("architecture")),
        depth=depth,
        hidden=hidden,
        intermediate=_number(mapping(entry.get("moe")), "intermediate_size_mlp") or _number(entry, "intermediate_size"),
        heads=heads,
        kv_heads=_number(entry, "num_key_value_heads"),
        head_dim=_number(entry, "head_dim") or (hidden // heads if heads else 0),
        vocabulary=_number(entry, "vocab_size"),
        max_length=integer(entry.get("max_position_embeddings")),
        element_bytes=_ELEMENT_BYTES.get(dtype, 2),
        tied=entry.get("tie_word_embeddings") is True,
        layers=_read_layers(entry, depth),
        quantization=text(entry.get("quantization")),
        experts=_read_experts(entry, depth),
        latent=_read_latent(mapping(entry.get("mla"))),
        state=_read_state(mapping(entry.get("hybrid"))),
        weight_bytes=round(size * GIB) if isinstance(size, (int, float)) else None,
        rotary_factor=_number(mapping(entry.get("rope_scaling")), "factor") or 1,
        sources=tuple(text(item) for item in sequence(entry.get("sources"))),
    )


def _number(entry: JsonObject, key: str) -> int:
    return integer(entry.get(key)) or 0


def _read_layers(entry: JsonObject, depth: int) -> Layers:
    sliding, hybrid = mapping(entry.get("sliding")), mapping(entry.get("hybrid"))
    pattern = text(hybrid.get("hybrid_override_pattern"))
    if pattern:
        return Layers(full=pattern.count("*"), state=pattern.count("M"))
    interval = integer(hybrid.get("full_attention_interval"))
    if interval:
        return Layers(full=depth // interval, state=depth - depth // interval)
    window = integer(sliding.get("window")) or 0
    chunk = integer(sliding.get("chunk")) or 0
    counts = mapping(sliding.get("layer_type_counts"))
    every = integer(sliding.get("pattern"))
    if not window and not chunk:
        return Layers(full=depth)
    full = integer(counts.get("full_attention")) if counts else depth // every if every else 0
    return Layers(full=full or 0, windowed=depth - (full or 0), window=window or chunk, chunked=bool(chunk))


def _read_experts(entry: JsonObject, depth: int) -> Experts | None:
    moe = mapping(entry.get("moe"))
    count = next((n for key in ("num_experts", "num_local_experts", "n_routed_experts") if (n := _number(moe, key))), 0)
    if not count:
        return None
    width = _number(moe, "moe_intermediate_size") or _number(entry, "intermediate_size")
    shared = _number(moe, "shared_expert_intermediate_size") or _number(moe, "n_shared_experts") * width
    pattern = text(mapping(entry.get("hybrid")).get("hybrid_override_pattern"))
    step = _number(moe, "interleave_moe_layer_step") or 1
    layers = pattern.count("E") if pattern else (depth - _number(moe, "first_k_dense_replace")) // step
    return Experts(
        number=count,
        width=width,
        per_token=_number(moe, "num_experts_per_tok") or 1,
        shared_width=shared,
        layers=layers,
    )


def _read_latent(mla: JsonObject) -> Latent | None:
    if not mla:
        return None
    return Latent(
        kv_rank=_number(mla, "kv_lora_rank"),
        q_rank=integer(mla.get("q_lora_rank")),
        rope_dim=_number(mla, "qk_rope_head_dim"),
        nope_dim=_number(mla, "qk_nope_head_dim"),
        value_dim=_number(mla, "v_head_dim"),
    )


def _read_state(hybrid: JsonObject) -> StateSpace | None:
    """Read the shapes of a state: (kernel - 1) columns of the convolution, and one matrix for each value head."""
    if "linear_num_value_heads" in hybrid:
        keys = _number(hybrid, "linear_num_key_heads") * _number(hybrid, "linear_key_head_dim")
        heads, dim = _number(hybrid, "linear_num_value_heads"), _number(hybrid, "linear_value_head_dim")
        width, kernel = 2 * keys + heads * dim, _number(hybrid, "linear_conv_kernel_dim")
        recurrent = heads * dim * _number(hybrid, "linear_key_head_dim")
    elif "mamba_num_heads" in hybrid:
        heads, dim = _number(hybrid, "mamba_num_heads"), _number(hybrid, "mamba_head_dim")
        size, kernel = _number(hybrid, "ssm_state_size"), _number(hybrid, "conv_kernel")
        width = heads * dim + 2 * _number(hybrid, "n_groups") * size
        recurrent = heads * dim * size
    else:
        return None
    recurrent_bytes = _ELEMENT_BYTES.get(text(hybrid.get("mamba_ssm_dtype")), 2)
    return StateSpace(convolution=width * (kernel - 1), recurrent=recurrent, recurrent_bytes=recurrent_bytes)


def _read_gpu(name: str, entry: JsonObject) -> Iterable[Gpu]:
    capability = _number(entry, "capability")
    unified = entry.get("unified") is True
    low, high = (_gib(item) for item in sequence(entry.get("memoryGiB")))
    yield Gpu(name=name, memory=low, capability=capability, spread=high - low, unified=unified)
    for profile, size in mapping(entry.get("mig")).items():
        memory = mapping(size)
        yield Gpu(name=f"{name}/{profile}", memory=_gib(memory.get("memoryGiB")), capability=capability)


def _gib(value: JsonValue) -> int:
    return round(value * GIB) if isinstance(value, (int, float)) else 0


def _read_engine(version: str, entry: Mapping[str, JsonValue]) -> EngineFacts:
    non_torch = {int(size): _gib(value) for size, value in mapping(entry["nonTorchGiB"]).items()}
    sequences, tokens = sequence(entry["maxSequences"]), sequence(entry["batchedTokens"])
    return EngineFacts(
        since=parse_version(version),
        utilization=float(str(entry["utilization"])),
        profiled=entry["v1"] is True,
        groups=entry["groups"] is True,
        tokens_by_concurrency=entry["tokensByConcurrency"] is True,
        graphs_in_budget=entry["graphsInBudget"] is True,
        workspace_kept=entry["workspaceKept"] is True,
        sampler_bytes=float(str(entry["samplerBytes"])),
        non_torch=non_torch,
        latent_padding=integer(entry["latentPadding"]) or 1,
        latent_as_heads=entry["latentAsHeads"] is True,
        max_sequences=(integer(sequences[0]) or 0, integer(sequences[1]) or 0),
        batched_tokens=(integer(tokens[0]) or 0, integer(tokens[1]) or 0),
    )


def parse_version(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version; empty for what is none."""
    match = _VERSION.match(version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
