"""A model's entry in the words of its config.json in; its dimensions as the estimate takes them out.

The words are those of the table and of locks: `kservegen lock` brings the many spellings of config.json to these.
What is said and not understood is kept as `obscure`: no estimate is better than one that takes every layer for a
layer of full attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kservegen.checks.gpu.model import GIB, Experts, Heads, Latent, Layers, ModelFacts, StateSpace, StoredKinds
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject

_ELEMENT_BYTES: Final = {"float32": 4, "bfloat16": 2, "float16": 2}
# Kinds of `layer_types`, by what a layer of the kind keeps (transformers' names, and those of the models' own code).
_FULL: Final = frozenset({"full_attention", "attention", "global_attention", "nope_attention", "mla_attention"})
_WINDOWED: Final = frozenset({"sliding_attention", "chunked_attention", "local_attention", "sliding_window_attention"})
_STATE: Final = frozenset({"linear_attention", "mamba", "mamba2", "kda", "conv", "lightning_attention", "recurrent"})
_NOTHING: Final = frozenset({"moe", "mlp", "none"})
# Of `hybrid_override_pattern`: Mamba, attention, feed-forward, experts.
_PATTERN_LETTERS: Final = frozenset("M*-E")
# Families whose layers differ from each other: an entry that does not say how is no ground for an estimate.
_MIXED_LAYERS: Final = tuple(
    (
        "Gemma3n Gemma4 Qwen3Next Qwen3_5 NemotronH DeepseekV4 KimiK3 KimiLinear MiMoV2 GraniteMoeHybrid Jamba Bamba "
        "FalconH1 Lfm2 Zamba2 MiniMaxText01 MiniMaxM1 Plamo2"
    ).split()
)
_GATED_ATTENTION: Final = ("Qwen3_5", "Qwen3Next")


def read_model(name: str, entry: JsonObject) -> ModelFacts:
    """Turn an entry in the words of config.json into facts."""
    heads, hidden = _number(entry, "num_attention_heads"), _number(entry, "hidden_size")
    depth = _number(entry, "num_hidden_layers")
    family = text(entry.get("architecture"))
    size = entry.get("safetensors_weight_gib") or entry.get("checkpoint_size_gib")
    layers, obscure = _layers(entry, family, depth)
    experts = _read_experts(entry, depth)
    quantization = text(entry.get("quantization"))
    head_dim = _number(entry, "head_dim") or (hidden // heads if heads else 0)
    return ModelFacts(
        name=name,
        family=family,
        depth=depth,
        hidden=hidden,
        intermediate=_number(mapping(entry.get("moe")), "intermediate_size_mlp") or _number(entry, "intermediate_size"),
        heads=heads,
        kv_heads=_number(entry, "num_key_value_heads"),
        head_dim=head_dim,
        vocabulary=_number(entry, "vocab_size"),
        max_length=integer(entry.get("max_position_embeddings")),
        element_bytes=_ELEMENT_BYTES.get(text(entry.get("torch_dtype")) or "bfloat16", 2),
        tied=entry.get("tie_word_embeddings") is True,
        layers=layers,
        dense_layers=_dense_layers(entry, experts, depth),
        quantization=quantization,
        experts=experts,
        latent=_read_latent(mapping(entry.get("mla"))),
        state=_read_state(mapping(entry.get("hybrid")), hidden),
        weight_bytes=_gib(size) or None,
        towers=_gib(entry.get("towers_gib")),
        global_heads=_global_heads(entry, head_dim),
        gated_attention=entry.get("attn_output_gate") is True or family.startswith(_GATED_ATTENTION),
        drafting=_number(entry, "num_nextn_predict_layers") or _number(entry, "mtp_num_hidden_layers"),
        stored=_stored(mapping(entry.get("stored")), quantization),
        table=_number(entry, "hidden_size_per_layer_input") * _number(entry, "vocab_size_per_layer_input") * depth,
        rotary_factor=_number(mapping(entry.get("rope_scaling")), "factor") or 1,
        sources=tuple(text(item) for item in sequence(entry.get("sources"))),
        obscure=obscure or _obscure_method(entry, size),
    )


def _gib(value: object) -> int:
    return round(value * GIB) if isinstance(value, (int, float)) else 0


def _number(entry: JsonObject, key: str) -> int:
    return integer(entry.get(key)) or 0


def _layers(entry: JsonObject, family: str, depth: int) -> tuple[Layers, str]:
    """Return which layers keep what, and what of that is not understood."""
    hybrid, sliding = mapping(entry.get("hybrid")), mapping(entry.get("sliding"))
    counts = mapping(entry.get("layer_type_counts")) or mapping(sliding.get("layer_type_counts"))
    pattern = text(hybrid.get("hybrid_override_pattern"))
    if pattern:
        strange = set(pattern) - _PATTERN_LETTERS
        said = f"hybrid_override_pattern, which has layers {', '.join(sorted(strange))}" if strange else ""
        return Layers(full=pattern.count("*"), state=pattern.count("M")), said
    if counts:
        return _counted_layers(counts, entry)
    interval, period = _number(hybrid, "full_attention_interval"), _number(hybrid, "attn_layer_period")
    if hybrid.get("parallel") is True:
        return Layers(full=depth, state=depth), ""
    if interval or period:
        full = depth // interval if interval else len(range(_number(hybrid, "attn_layer_offset"), depth, period))
        return Layers(full=full, state=depth - full), ""
    obscure = "layer_types, which tells its layers apart" if hybrid or family.startswith(_MIXED_LAYERS) else ""
    return _windowed_layers(entry, depth), obscure


def _counted_layers(counts: JsonObject, entry: JsonObject) -> tuple[Layers, str]:
    """Read counts by type; a type that nobody knows is a gap, never taken for one that is known."""
    sliding = mapping(entry.get("sliding"))
    window, chunk = _number(sliding, "window"), _number(sliding, "chunk")
    numbers = {key: number for key, value in counts.items() if (number := integer(value))}
    full, windowed, state = (
        sum(number for key, number in numbers.items() if key in kind) for kind in (_FULL, _WINDOWED, _STATE)
    )
    reading = _number(entry, "num_kv_shared_layers")
    read = Layers(full, windowed, window or chunk, chunked=bool(chunk), state=state, reading=reading)
    unknown = sorted(numbers.keys() - _FULL - _WINDOWED - _STATE - _NOTHING)
    if unknown:
        return read, f"layer_types, which has layers of {', '.join(unknown)}"
    if windowed and not (window or chunk):
        return read, "sliding_window, which its layers of a window need"
    lacking = state and _read_state(mapping(entry.get("hybrid")), 1) is None
    return read, "the sizes of its states" if lacking else ""


def _windowed_layers(entry: JsonObject, depth: int) -> Layers:
    """Read a window that one in so many layers does not have; without one, every layer keeps everything."""
    sliding, reading = mapping(entry.get("sliding")), _number(entry, "num_kv_shared_layers")
    window, chunk, every = (_number(sliding, word) for word in ("window", "chunk", "pattern"))
    keeping = depth - reading
    if not window and not chunk:
        return Layers(full=keeping, reading=reading)
    full = keeping // every if every else 0
    return Layers(full, keeping - full, window or chunk, chunked=bool(chunk), reading=reading)


def _global_heads(entry: JsonObject, head_dim: int) -> Heads | None:
    """Return the heads of layers that attend to everything (Gemma 4); None where they are as all others."""
    number, width = _number(entry, "num_global_key_value_heads"), _number(entry, "global_head_dim")
    if not number and not width:
        return None
    return Heads(number or _number(entry, "num_key_value_heads"), width or head_dim)


_EXPERT_COUNTS: Final = ("num_experts", "num_local_experts", "n_routed_experts")


def _read_experts(entry: JsonObject, depth: int) -> Experts | None:
    moe = mapping(entry.get("moe"))
    count = next((n for key in _EXPERT_COUNTS if (n := _number(moe, key))), 0)
    if not count:
        return None
    width = _number(moe, "moe_intermediate_size") or _number(entry, "intermediate_size")
    shared = _number(moe, "shared_expert_intermediate_size") or _number(moe, "n_shared_experts") * width
    pattern = text(mapping(entry.get("hybrid")).get("hybrid_override_pattern"))
    step = _number(moe, "interleave_moe_layer_step") or _number(moe, "decoder_sparse_step") or 1
    layers = pattern.count("E") if pattern else (depth - _number(moe, "first_k_dense_replace")) // step
    return Experts(
        number=count,
        width=width,
        per_token=_number(moe, "num_experts_per_tok") or 1,
        shared_width=shared,
        layers=layers,
        latent=_number(moe, "moe_latent_size"),
    )


def _dense_layers(entry: JsonObject, experts: Experts | None, depth: int) -> int:
    """Return how many layers have a plain feed-forward network; Gemma 4 has one beside the experts of every layer."""
    pattern = text(mapping(entry.get("hybrid")).get("hybrid_override_pattern"))
    if pattern:
        return pattern.count("-")
    if experts is None or mapping(entry.get("moe")).get("beside_dense") is True:
        return depth
    return max(depth - experts.layers, 0)


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


def _read_state(hybrid: JsonObject, hidden: int) -> StateSpace | None:
    """Read the shapes of a state: (kernel - 1) columns of the convolution, and one matrix for each value head."""
    recurrent_bytes = _ELEMENT_BYTES.get(text(hybrid.get("mamba_ssm_dtype")), 2)
    if "linear_num_value_heads" in hybrid:
        keys = _number(hybrid, "linear_num_key_heads") * _number(hybrid, "linear_key_head_dim")
        heads, dim = _number(hybrid, "linear_num_value_heads"), _number(hybrid, "linear_value_head_dim")
        width, kernel = 2 * keys + heads * dim, _number(hybrid, "linear_conv_kernel_dim")
        recurrent = heads * dim * _number(hybrid, "linear_key_head_dim")
        # Queries, keys, values and the output gate in; two numbers for each value head; values out.
        projected = hidden * (width + heads * dim + 2 * heads + heads * dim)
    elif "mamba_num_heads" in hybrid:
        heads, dim = _number(hybrid, "mamba_num_heads"), _number(hybrid, "mamba_head_dim")
        size, kernel = _number(hybrid, "ssm_state_size"), _number(hybrid, "conv_kernel")
        width = heads * dim + 2 * _number(hybrid, "n_groups") * size
        recurrent = heads * dim * size
        projected = hidden * (width + heads * dim + heads + heads * dim)
    elif "delta_num_heads" in hybrid:  # Kimi's delta attention: a low-rank gate and a low-rank decay besides
        heads, dim = _number(hybrid, "delta_num_heads"), _number(hybrid, "delta_head_dim")
        width, kernel = 3 * heads * dim, _number(hybrid, "short_conv_kernel_size")
        recurrent, recurrent_bytes = heads * dim * dim, 4
        projected = hidden * (width + 2 * dim + heads + heads * dim) + 2 * dim * heads * dim
    elif "conv_L_cache" in hybrid:  # LFM 2: a convolution and nothing recurrent
        width, kernel, recurrent, projected = hidden, _number(hybrid, "conv_L_cache"), 0, 4 * hidden * hidden
    elif "mamba_d_state" in hybrid:  # Mamba 1 (Jamba)
        width, kernel = _number(hybrid, "mamba_expand") * hidden, _number(hybrid, "mamba_d_conv")
        size, rank = _number(hybrid, "mamba_d_state"), _number(hybrid, "mamba_dt_rank")
        recurrent = width * size
        projected = 3 * hidden * width + width * (2 * rank + 2 * size)
    else:
        return None
    return StateSpace(
        convolution=width * max(kernel - 1, 1),
        recurrent=recurrent,
        recurrent_bytes=recurrent_bytes,
        parameters=projected + width * kernel,
        column=width,
    )


def _stored(said: Mapping[str, object], quantization: str) -> StoredKinds | None:
    """Return how each kind of module is stored, where not all are as the checkpoint's method says."""
    if not said:
        return None
    kinds = (text(said.get(kind, quantization)) for kind in StoredKinds._fields)  # type: ignore[arg-type]
    return StoredKinds(*kinds)


def _obscure_method(entry: JsonObject, size: object) -> str:
    """Return what is unknown of a method that nobody knows: nothing where the size of the files is."""
    method = text(entry.get("quant_method"))
    return f"how quantization_config stores weights ({method})" if method and not size else ""
