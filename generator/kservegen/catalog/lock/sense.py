"""A model's dimensions in, in the words of the lock; what makes no sense in them out.

Whoever reads them divides by them: what no model can be is refused when it is read, at its line, and before it is
written. The bounds lie far beyond every published model; what is missing is no mistake, only no ground for an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import LARGEST_ID

# Counts that are no dimension of a tensor and so may be nothing.
_MAY_BE_NOTHING: Final = frozenset(
    {"first_k_dense_replace", "n_shared_experts", "shared_expert_intermediate_size", "attn_layer_offset"}
)
_MAPS: Final = ("moe", "mla", "hybrid", "sliding", "rope_scaling")
_MOST_LAYERS: Final = 10_000


def senseless(config: JsonObject) -> Iterator[Problem]:
    """Find dimensions that no model has; paths are those of `config`."""
    yield from _sizes(config, ())
    for word in _MAPS:
        yield from _sizes(mapping(config.get(word)), (word,))
    yield from _at_most(config, "num_hidden_layers", _MOST_LAYERS, f"{_MOST_LAYERS:,} layers")
    heads, hidden = integer(config.get("num_attention_heads")), integer(config.get("hidden_size"))
    if heads:
        yield from _at_most(config, "num_key_value_heads", heads, f"num_attention_heads, which is {heads}")
        if hidden is not None and hidden < heads and not integer(config.get("head_dim")):
            message = f"hidden_size {hidden} cannot be cut into {heads} heads"
            yield Problem(("num_attention_heads",), message, str(heads), f"at most {hidden}, or a head_dim beside it")
    yield from _latent(config)
    yield from _experts(config)
    yield from _layers(config)


def _sizes(words: JsonObject, path: Path) -> Iterator[Problem]:
    """Check every count by itself: above nothing, and no more than 32 bits hold, as in the engine's kernels."""
    for word, value in words.items():
        if isinstance(value, dict):
            yield from _sizes(value, (*path, word))
        elif (number := _number(value)) is not None and not 0 <= number <= LARGEST_ID:
            yield Problem((*path, word), f"{word} is {value}, which no model has", str(value), f"0 to {LARGEST_ID:,}")
        elif number == 0 and path and word not in _MAY_BE_NOTHING and path[-1] != "layer_type_counts":
            yield Problem((*path, word), f"{word} is 0, and others are measured by it", "0", "1 and more")


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _at_most(words: JsonObject, word: str, most: int, what: str, path: Path = ()) -> Iterator[Problem]:
    count = integer(words.get(word))
    if count is not None and count > most:
        yield Problem((*path, word), f"{word} is {count}, more than {what}", str(count), f"at most {most:,}")


def _latent(config: JsonObject) -> Iterator[Problem]:
    """Check that a compressed cache has a width."""
    mla = mapping(config.get("mla"))
    for word in ("kv_lora_rank", "qk_rope_head_dim") if mla else ():
        if not integer(mla.get(word)):
            yield Problem(("mla", word), f"mla has no {word}, which its cache is measured by", allowed="1 and more")


def _experts(config: JsonObject) -> Iterator[Problem]:
    moe, depth = mapping(config.get("moe")), integer(config.get("num_hidden_layers"))
    words = ("num_experts", "num_local_experts", "n_routed_experts")
    count = next((number for word in words if (number := integer(moe.get(word)))), None)
    if count:
        yield from _at_most(moe, "num_experts_per_tok", count, f"the {count} experts there are", ("moe",))
    if depth is not None:
        yield from _at_most(moe, "first_k_dense_replace", depth, f"the {depth} layers there are", ("moe",))


def _layers(config: JsonObject) -> Iterator[Problem]:
    """Check that layers of one kind are no more than there are."""
    depth = integer(config.get("num_hidden_layers"))
    if depth is None:
        return
    for path in (("layer_type_counts",), ("sliding", "layer_type_counts")):
        counts = mapping(mapping(config.get(path[0]) if path[1:] else config).get(path[-1]))
        total = sum(number for value in counts.values() if (number := integer(value)) is not None)
        if total > depth:
            message = f"{total} layers of {len(counts)} types are more than the {depth} layers there are"
            yield Problem(path, message, str(total), f"{depth} together")
    pattern = mapping(config.get("hybrid")).get("hybrid_override_pattern")
    if isinstance(pattern, str) and len(pattern) > _MOST_LAYERS:
        yield Problem(("hybrid", "hybrid_override_pattern"), f"it names {len(pattern):,} layers", allowed=f"{depth}")
