"""How a checkpoint stores its weights: the quantization_config of a config.json in; a method and its exceptions out.

Checkpoints of today store attention, states, experts and the rest in different ways: by lists of modules that are left
as they were trained, or by a method for each. Modules are told apart by their names, as the engines do it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern

# Methods that say by their names how weights are stored; the schema of the lock lists all ways.
_METHODS: Final = frozenset({"fp8", "int8", "int4", "awq", "gptq", "nvfp4", "mxfp4", "bitsandbytes"})
_OTHER_NAMES: Final = {"fbgemm_fp8": "fp8", "ptpc_fp8": "fp8", "awq_marlin": "awq", "gptq_marlin": "gptq"}
# Words of `quantization_config` that list modules which are left as they were trained, by method.
_LEFT: Final = (
    "ignore",
    "ignored_layers",
    "exclude",
    "exclude_modules",
    "modules_to_not_convert",
    "llm_int8_skip_modules",
)
_TENSORS: Final = {("float", 8): "fp8", ("int", 8): "int8", ("int", 4): "int4", ("float", 4): "nvfp4"}
_ALGORITHMS: Final = {"FP8": "fp8", "NVFP4": "nvfp4", "W4A16_AWQ": "awq", "INT4_AWQ": "awq", "MXFP4": "mxfp4"}
# Kinds of modules, by what their names hold; the first that matches counts. Blank: too small to count, or no linear
# layer of the language model (towers, tables, routers, layers for drafting).
_KINDS: Final = (
    (
        "",
        lazy_pattern(r"vision|visual|audio|tower|multi_modal|lm_head|embed|mtp|nextn|router|norm|gate$|gate\.weight$"),
    ),
    ("", lazy_pattern(r"in_proj_(a|b|ba)\b|conv1d|\bconv\b|shared_expert_gate")),
    ("state", lazy_pattern(r"linear_attn|mamba|delta|ssm|short_conv")),
    ("attention", lazy_pattern(r"attn|attention|[qkvo]_proj|kv_[ab]_proj")),
    ("shared", lazy_pattern(r"shared_expert|shared_mlp")),
    ("experts", lazy_pattern(r"experts|block_sparse_moe")),
    ("dense", lazy_pattern(r"mlp|feed_forward|ffn|gate_proj|up_proj|down_proj|gate_up_proj")),
)
STORED_KINDS: Final = ("attention", "state", "dense", "shared", "experts")
_LAYER: Final = lazy_pattern(r"layers[.\\]+(\d+)")
# Half of the layers of a kind and more decide how the kind is counted.
_HALF: Final = 0.5


class Precision(NamedTuple):
    """How weights are stored: a word of the lock, the kinds of modules that are stored otherwise, an unknown method."""

    method: str
    stored: Mapping[str, str]
    unknown: str = ""


def precision(config: JsonObject, layers: int) -> Precision:
    """Return how a checkpoint of so many layers is stored; `unknown` names a method that nobody knows."""
    said = mapping(config.get("quantization_config")) or mapping(config.get("compression_config"))
    if not said:
        return Precision("", {})
    name = text(said.get("quant_method"))
    by_module = mapping(said.get("quantized_layers"))
    if by_module:
        return _by_module(by_module)
    method = _method(name, said)
    if not method:
        return Precision("", {}, name or "no quant_method")
    stored = dict.fromkeys(_left_whole(said, layers), "")
    stored |= _other_groups(said, method)
    if method == "nvfp4" and _packed_mx(said) and {"attention", "dense"} <= stored.keys() and "experts" not in stored:
        method = "mxfp4"
    if method == "mxfp4":  # for experts alone, whatever else a list says
        stored = {}
    return Precision(method, dict(sorted(stored.items())))


def _method(name: str, said: JsonObject) -> str:
    """Return the word for the method that most modules are stored by; blank for one that nobody knows."""
    bits = integer(said.get("bits")) or integer(said.get("nbits"))
    if name in {"compressed-tensors", "compressed_tensors"}:
        return next((method for _, method in _groups(said) if method), "")
    if name.startswith("modelopt"):
        return _ALGORITHMS.get(text(said.get("quant_algo")), "nvfp4" if name == "modelopt_fp4" else "")
    if name in {"auto-round", "autoround", "intel/auto-round", "gptq", "awq", "inc"}:
        return (
            "int8" if bits == 8 else "int4" if bits == 4 and name not in _METHODS else name if name in _METHODS else ""
        )
    if name == "bitsandbytes":
        return "int8" if said.get("load_in_8bit") is True else name
    if name == "quark":
        weight = mapping(mapping(said.get("global_quant_config")).get("weight"))
        return _by_words(text(weight.get("dtype")))
    if name == "torchao":
        return _by_words(repr(said.get("quant_type")))
    return _OTHER_NAMES.get(name, name if name in _METHODS else "")


def _by_words(said: str) -> str:
    """Read the names that Quark and torchao give to their types: `fp8_e4m3`, `Int4WeightOnlyConfig`."""
    words = said.lower()
    for part, method in (("int4", "int4"), ("uint4", "int4"), ("int8", "int8"), ("fp4", "mxfp4")):
        if part in words:
            return method
    return "fp8" if "fp8" in words or "float8" in words else ""


def _groups(said: JsonObject) -> Iterator[tuple[list[str], str]]:
    """Yield the targets and the method of each group of compressed-tensors."""
    for group in mapping(said.get("config_groups")).values():
        entry = mapping(group)
        weights = mapping(entry.get("weights"))
        if weights:
            method = _TENSORS.get((text(weights.get("type")), integer(weights.get("num_bits")) or 0), "")
            yield [text(item) for item in sequence(entry.get("targets"))], method


def _packed_mx(said: JsonObject) -> bool:
    """Whether compressed-tensors packs four bits with one scale of eight for 32 weights, as MX formats have it."""
    return any(
        text(mapping(group).get("format")).startswith("mxfp4") for group in mapping(said.get("config_groups")).values()
    )


def _other_groups(said: JsonObject, main: str) -> dict[str, str]:
    """Return the kinds that a group of its own stores in another way than the first group."""
    found = {}
    for targets, method in _groups(said):
        if method and method != main:
            found.update(dict.fromkeys(filter(None, map(_kind, targets)), method))
    return found


def _by_module(by_module: JsonObject) -> Precision:
    """Read a method for each module (ModelOpt's MIXED_PRECISION): most modules of a kind decide; the rest is whole."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    unknown = ""
    for module, value in by_module.items():
        algorithm = text(mapping(value).get("quant_algo"))
        method = _ALGORITHMS.get(algorithm, "")
        unknown = unknown or ("" if method else algorithm or "no quant_algo")
        kind = _kind(module)
        if kind:
            seen[kind][method] += 1
    chosen = {kind: counts.most_common(1)[0][0] for kind, counts in seen.items()}
    widest = next((chosen[kind] for kind in ("experts", "dense", "attention", "state", "shared") if kind in chosen), "")
    if unknown or not widest:
        return Precision("", {}, unknown or "MIXED_PRECISION")
    stored = {kind: chosen.get(kind, "") for kind in STORED_KINDS if chosen.get(kind, "") != widest}
    return Precision(widest, dict(sorted(stored.items())))


def _left_whole(said: JsonObject, layers: int) -> Iterator[str]:
    """Yield the kinds of modules of which half the layers or more are left as they were trained."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for name in _left(said):
        kind = _kind(name)
        if kind:
            layer = _LAYER.search(name)
            seen[kind].add(layer[1] if layer else "")
    for kind, found in seen.items():
        if "" in found or len(found) >= layers * _HALF:
            yield kind


def _left(said: JsonObject) -> Iterable[str]:
    """Yield the names and patterns of modules that are not quantised."""
    for word in _LEFT:
        value: JsonValue = said.get(word)
        yield from (item for item in sequence(value) if isinstance(item, str))
    for name, value in mapping(said.get("extra_config")).items():  # auto-round: bits for each module
        if (integer(mapping(value).get("bits")) or 0) >= 16:
            yield name
    for pattern in mapping(said.get("dynamic")):  # GPTQModel: `-:` leaves out what matches
        if pattern.startswith("-:"):
            yield pattern[2:]


def _kind(name: str) -> str:
    """Return the kind of a module by its name or by a pattern for names; blank for none that counts."""
    plain = name.removeprefix("re:").replace("\\", "").rstrip("$*.").lower()
    return next((kind for kind, words in _KINDS if words.search(plain)), "")
