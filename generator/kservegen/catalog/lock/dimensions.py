"""A model's config.json in; its dimensions in the words of the lock out.

Configurations spell the same thing in many ways; the lock has one word for each, and `checks/gpu/model_reader.py` reads
those. What is said in a way that nobody knows is kept as it stands, so that the estimate can name it as a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue

# The lock's words for counts -> those of config.json; the first that is there counts (GPT-2's and Falcon's names last).
_COUNTS: Final = {
    "num_hidden_layers": ("num_hidden_layers", "num_layers", "n_layer"),
    "hidden_size": ("hidden_size", "n_embd"),
    "intermediate_size": ("intermediate_size", "ffn_hidden_size", "n_inner", "block_ff_dim"),
    "num_attention_heads": ("num_attention_heads", "n_head"),
    "num_key_value_heads": ("num_key_value_heads", "num_kv_heads", "multi_query_group_num"),
    "head_dim": ("head_dim", "attention_head_dim"),
    "vocab_size": ("vocab_size", "padded_vocab_size"),
    "max_position_embeddings": ("max_position_embeddings", "seq_length", "n_positions", "model_max_length"),
}
# Words that some models have and most have not.
_RARE: Final = (
    "num_global_key_value_heads",
    "global_head_dim",
    "num_kv_shared_layers",
    "hidden_size_per_layer_input",
    "vocab_size_per_layer_input",
    "num_nextn_predict_layers",
    "mtp_num_hidden_layers",
)
# Where multimodal models keep the configuration of their language model; one may lie in another.
_INNER: Final = ("thinker_config", "text_config", "llm_config", "language_config", "language_model_config")
# The lock's words for experts -> those of config.json.
_EXPERTS: Final = {
    "n_routed_experts": ("n_routed_experts",),
    "n_shared_experts": ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert"),
    "num_experts": ("num_experts", "moe_num_experts", "num_moe_experts"),
    "num_local_experts": ("num_local_experts",),
    "num_experts_per_tok": (
        "num_experts_per_tok",
        "num_experts_per_token",
        "top_k_experts",
        "moe_top_k",
        "moe_topk",
        "moe_k",
    ),
    "moe_intermediate_size": ("moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size"),
    "first_k_dense_replace": ("first_k_dense_replace", "moe_layer_start_index", "num_dense_layers"),
    "intermediate_size_mlp": ("intermediate_size_mlp",),
    "interleave_moe_layer_step": ("interleave_moe_layer_step", "expert_layer_period", "moe_layer_interval"),
    "decoder_sparse_step": ("decoder_sparse_step",),
    "moe_latent_size": ("moe_latent_size", "routed_expert_hidden_size"),
    "shared_expert_intermediate_size": (
        "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size",
        "shared_intermediate_size",
        "share_expert_dim",
    ),
}
_EXPERT_COUNTS: Final = ("n_routed_experts", "num_experts", "num_local_experts")
_LATENT: Final = ("kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
# The lock's words for states -> those of config.json: gated delta nets, Mamba 2 by either spelling, Mamba 1, LFM 2.
_DELTA: Final = (
    "linear_num_key_heads linear_num_value_heads linear_key_head_dim linear_value_head_dim linear_conv_kernel_dim"
).split()
_MAMBA_2: Final = {
    "mamba_num_heads": ("mamba_num_heads", "mamba_n_heads"),
    "mamba_head_dim": ("mamba_head_dim", "mamba_d_head"),
    "ssm_state_size": ("ssm_state_size", "mamba_d_state"),
    "conv_kernel": ("conv_kernel", "mamba_d_conv"),
    "n_groups": ("n_groups", "mamba_n_groups", "mamba_num_groups"),
}
_OTHER_STATES: Final = (
    "hybrid_override_pattern full_attention_interval attn_layer_period attn_layer_offset conv_L_cache"
).split()
_MAMBA_1: Final = ("mamba_d_state", "mamba_d_conv", "mamba_expand", "mamba_dt_rank")
# Families in which attention and a state stand side by side in every layer.
_PARALLEL: Final = frozenset({"falcon_h1"})
# One layer in so many attends to everything; families whose older configurations leave it to their code.
_PATTERNS: Final = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3_text": 6,
    "gemma3n": 5,
    "gemma3n_text": 5,
    "cohere2": 4,
    "gpt_oss": 2,
    "llama4_text": 4,
}


def dimensions(config: JsonObject) -> JsonObject:
    """Return what the estimate reads of a config.json; words that it lacks are left out."""
    words = _words(config)
    found: JsonObject = {}
    architectures = sequence(config.get("architectures"))
    _put(found, "architecture", text(architectures[0]) if architectures else "")
    _put(found, "model_type", text(config.get("model_type")))
    for word, spellings in _COUNTS.items():
        count = _first(words, spellings)
        if count is not None and count >= 0:
            found[word] = count
    if "num_attention_heads" in found:
        found.setdefault("num_key_value_heads", 1 if words.get("multi_query") is True else found["num_attention_heads"])
    _put(found, "torch_dtype", text(words.get("torch_dtype") or words.get("dtype")))
    tied = words.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if isinstance(tied, bool):
        found["tie_word_embeddings"] = tied
    for word in _RARE:
        _put(found, word, integer(words.get(word)))
    _put(found, "attn_output_gate", words.get("attn_output_gate") is True)
    _put(found, "moe", _experts(words))
    if integer(words.get("kv_lora_rank")):
        found["mla"] = _pick(words, _LATENT)
    _put(found, "hybrid", _states(words))
    types = _layer_types(words)
    sliding = _sliding(words, types)
    _put(found, "sliding", sliding)
    if "layer_type_counts" not in sliding and types.keys() - {"full_attention", "attention"}:
        found["layer_type_counts"] = dict(sorted(types.items()))
    rope = mapping(words.get("rope_scaling"))
    if "linear" in (rope.get("rope_type"), rope.get("type")):
        found["rope_scaling"] = {"rope_type": "linear", **_pick(rope, ("factor",))}
    return found


def _words(config: JsonObject) -> JsonObject:
    """Lay the configurations of inner models over the outer one, innermost last."""
    words, inner = config, config
    for _ in _INNER:
        inner = next((part for word in _INNER if (part := mapping(inner.get(word)))), {})
        if not inner:
            break
        words = {**words, **inner}
    return words


def _put(found: JsonObject, word: str, value: JsonValue) -> None:
    if value:
        found[word] = value


def _pick(words: JsonObject, wanted: Iterable[str]) -> JsonObject:
    return {word: value for word in wanted if isinstance(value := words.get(word), (str, int, float))}


def _first(words: JsonObject, spellings: Iterable[str]) -> int | None:
    """Return the first count among the spellings; of a list by layer (Gemma 3n, Ernie) the largest."""
    for word in spellings:
        value = words.get(word)
        numbers = [number for item in sequence(value) if (number := integer(item)) is not None]
        count = max(numbers) if numbers else integer(value)
        if count is not None:
            return count
    return None


def _renamed(words: JsonObject, table: Mapping[str, tuple[str, ...]]) -> JsonObject:
    return {word: count for word, spellings in table.items() if (count := _first(words, spellings)) is not None}


def _experts(words: JsonObject) -> JsonObject:
    """Return the mixture; which layers have none is a number of first layers, or every so many."""
    found = _renamed(words, _EXPERTS)
    if not any(found.get(word) for word in _EXPERT_COUNTS):
        return {}
    plain = [item for item in sequence(words.get("mlp_only_layers")) if isinstance(item, int)]
    frequency = sequence(words.get("moe_layer_freq"))
    listed = text(words.get("moe_layers_enum"))
    depth = _first(words, _COUNTS["num_hidden_layers"]) or 0
    if plain:
        found["first_k_dense_replace"] = len(plain)
    elif frequency:
        found["first_k_dense_replace"] = sum(item == 0 for item in frequency)
    elif listed:
        found["first_k_dense_replace"] = max(depth - len(listed.split(",")), 0)
    if words.get("enable_moe_block") is True:
        found["beside_dense"] = True
    return found


def _states(words: JsonObject) -> JsonObject:
    """Return the sizes of states, by the words of one kind of layer."""
    found = _pick(words, _OTHER_STATES)
    delta = mapping(words.get("linear_attn_config"))
    if "linear_num_value_heads" in words:
        found |= _pick(words, _DELTA)
    elif integer(delta.get("num_heads")):
        found |= {"delta_num_heads": delta.get("num_heads"), "delta_head_dim": delta.get("head_dim")}
        found |= _pick(delta, ("short_conv_kernel_size",))
    elif _first(words, ("mamba_num_heads", "mamba_n_heads", "mamba_d_head")) is not None:
        found |= _renamed(words, _MAMBA_2)
        heads, width = integer(found.get("mamba_num_heads")), integer(found.get("mamba_head_dim"))
        if not heads and width:  # mamba_n_heads: auto
            inner = (integer(words.get("mamba_expand")) or 2) * (integer(words.get("hidden_size")) or 0)
            found["mamba_num_heads"] = inner // width
    elif "mamba_d_state" in words:
        found |= _pick(words, _MAMBA_1)
    if found:
        _put(found, "mamba_ssm_dtype", text(words.get("mamba_ssm_dtype") or words.get("mamba_ssm_cache_dtype")))
        _put(found, "parallel", text(words.get("model_type")) in _PARALLEL)
    return found


def _layer_types(words: JsonObject) -> dict[str, int]:
    """Count the layers of each type that keep something of their own: the last num_kv_shared_layers keep nothing."""
    listed = sequence(words.get("layer_types")) or sequence(words.get("layers_block_type"))
    types = [text(item) for item in listed]
    delta = mapping(words.get("linear_attn_config"))
    if delta:
        types = ["full_attention"] * len(sequence(delta.get("full_attn_layers")))
        types += ["kda"] * len(sequence(delta.get("kda_layers")))
    lightning = sequence(words.get("attn_type_list"))
    if lightning:
        types = ["full_attention" if item == 1 else "lightning_attention" for item in lightning]
    indices = sequence(words.get("attn_layer_indices"))
    if indices:
        depth = _first(words, _COUNTS["num_hidden_layers"]) or 0
        types = ["full_attention"] * len(indices) + ["mamba"] * max(depth - len(indices), 0)
    shared = integer(words.get("num_kv_shared_layers")) or 0
    return dict(Counter(types[: max(len(types) - shared, 0)]))


def _sliding(words: JsonObject, types: Mapping[str, int]) -> JsonObject:
    """Say which layers remember how much; nothing where all remember everything."""
    window, chunk = integer(words.get("sliding_window")), integer(words.get("attention_chunk_size"))
    if not (window or chunk) or words.get("use_sliding_window") is False:
        return {}
    found: JsonObject = {"window": window} if window else {"chunk": chunk}
    pattern = integer(words.get("sliding_window_pattern")) or _PATTERNS.get(text(words.get("model_type")))
    if types:
        found["layer_type_counts"] = dict(sorted(types.items()))
    elif pattern:
        found["pattern"] = pattern
    return found
