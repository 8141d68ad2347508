"""A model's config.json in; its dimensions in the words of the lock, and how its weights are stored, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

# Words of config.json that the estimate reads; each holds a count.
_COUNTS: Final = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
)
# Methods that say by their names how weights are stored; the schema of the lock lists all ways.
_METHODS: Final = frozenset({"fp8", "int8", "int4", "awq", "gptq", "nvfp4", "mxfp4", "bitsandbytes"})
# Where multimodal models keep the configuration of their language model.
_INNER: Final = ("text_config", "llm_config", "language_config")
_EXPERTS: Final = (
    "n_routed_experts n_shared_experts num_experts num_local_experts num_experts_per_tok moe_intermediate_size "
    "first_k_dense_replace intermediate_size_mlp interleave_moe_layer_step decoder_sparse_step "
    "shared_expert_intermediate_size"
).split()
_LATENT: Final = ("kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
_STATES: Final = (
    "mamba_num_heads mamba_head_dim ssm_state_size conv_kernel n_groups hybrid_override_pattern linear_num_key_heads "
    "linear_num_value_heads linear_key_head_dim linear_value_head_dim linear_conv_kernel_dim full_attention_interval "
    "mamba_ssm_dtype"
).split()
# One layer in so many attends to everything; families whose older configurations leave it to their code.
_PATTERNS: Final = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "gpt_oss": 2, "llama4_text": 4}


def dimensions(config: JsonObject) -> JsonObject:
    """Return what the estimate reads of a config.json; words that it lacks are left out."""
    inner = next((part for word in _INNER if (part := mapping(config.get(word)))), {})
    words: JsonObject = {**config, **inner}
    found: JsonObject = {}
    architectures = sequence(config.get("architectures"))
    _put(found, "architecture", text(architectures[0]) if architectures else "")
    _put(found, "model_type", text(config.get("model_type")))
    for word in _COUNTS:
        count = integer(words.get(word))
        if count is not None and count >= 0:
            found[word] = count
    if "num_attention_heads" in found:
        found.setdefault("num_key_value_heads", found["num_attention_heads"])
    _put(found, "torch_dtype", text(words.get("torch_dtype") or words.get("dtype")))
    tied = words.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if isinstance(tied, bool):
        found["tie_word_embeddings"] = tied
    if any(integer(words.get(word)) for word in ("n_routed_experts", "num_experts", "num_local_experts")):
        found["moe"] = _pick(words, _EXPERTS)
    if integer(words.get("kv_lora_rank")):
        found["mla"] = _pick(words, _LATENT)
    if "mamba_num_heads" in words or "linear_num_value_heads" in words:
        found["hybrid"] = _pick(words, _STATES)
    _put(found, "sliding", _sliding(words))
    rope = mapping(words.get("rope_scaling"))
    if "linear" in (rope.get("rope_type"), rope.get("type")):
        found["rope_scaling"] = {"rope_type": "linear", **_pick(rope, ("factor",))}
    return found


def _put(found: JsonObject, word: str, value: JsonValue) -> None:
    if value:
        found[word] = value


def _pick(words: JsonObject, wanted: Iterable[str]) -> JsonObject:
    return {word: value for word in wanted if isinstance(value := words.get(word), (str, int, float))}


def _sliding(words: JsonObject) -> JsonObject:
    """Say which layers remember how much; nothing where all remember everything."""
    window, chunk = integer(words.get("sliding_window")), integer(words.get("attention_chunk_size"))
    if not (window or chunk) or words.get("use_sliding_window") is False:
        return {}
    found: JsonObject = {"window": window} if window else {"chunk": chunk}
    types = Counter(text(item) for item in sequence(words.get("layer_types")))
    pattern = integer(words.get("sliding_window_pattern")) or _PATTERNS.get(text(words.get("model_type")))
    if types:
        found["layer_type_counts"] = dict(sorted(types.items()))
    elif pattern:
        found["pattern"] = pattern
    return found


def quantization(config: JsonObject) -> str | None:
    """Return how the weights are stored, blank where as their dtype says; None for a method that nobody knows."""
    said = mapping(config.get("quantization_config"))
    if not said:
        return ""
    method = text(said.get("quant_method"))
    if method == "compressed-tensors":
        groups = mapping(said.get("config_groups")).values()
        weights = next((w for group in groups if (w := mapping(mapping(group).get("weights")))), {})
        known = {("float", 8): "fp8", ("int", 8): "int8", ("int", 4): "int4", ("float", 4): "nvfp4"}
        return known.get((text(weights.get("type")), integer(weights.get("num_bits")) or 0))
    if method == "modelopt":
        return {"FP8": "fp8", "NVFP4": "nvfp4"}.get(text(said.get("quant_algo")))
    return method if method in _METHODS else None
