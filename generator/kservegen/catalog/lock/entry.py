"""The files of a model in; its entry of a lock out. Weights are never read: only the headers of their files.

A safetensors file: eight bytes with the length of the header, little-endian, then the header as JSON: by tensor its
dtype, shape and offsets. The length comes from whoever wrote the file, so nothing beyond a limit is ever read.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from kservegen.catalog.lock.artefact import Artefact
from kservegen.catalog.lock.dimensions import dimensions
from kservegen.catalog.lock.precision import precision
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.foreign_json import json_number
from kservegen.core.jsontypes import JsonObject, JsonValue

_CONFIG: Final = "config.json"
# Where ModelOpt's checkpoints said how they are stored before config.json did.
_MODELOPT: Final = "hf_quant_config.json"
_INDEX: Final = "model.safetensors.index.json"
_LARGEST_JSON: Final = 16 << 20
_MOST_SHARDS: Final = 1024


def entry_of(artefact: Artefact, subject: str) -> JsonObject:
    """Read all that a lock holds of a model; what its files do not tell is left out."""
    config = _document(artefact, _CONFIG, subject) if artefact.has(_CONFIG) else {}
    entry: JsonObject = {"revision": artefact.revision} if artefact.revision else {}
    if artefact.repository:
        entry["repository"] = artefact.repository
    if artefact.license:
        entry["license"] = artefact.license
    if artefact.sizes:
        entry["downloadBytes"] = sum(artefact.sizes.values())
    weights: Counter[str] = Counter()
    for shard in _shards(artefact, subject):
        weights += tensor_bytes(artefact, shard, subject)
    whole = [size for name, size in artefact.sizes.items() if name.endswith(".gguf")]
    if not weights and len(whole) == 1:  # of several, which one is served stands in the words of the server
        weights["GGUF"] = whole[0]
    if weights:
        entry["weightBytes"] = dict(sorted(weights.items()))
    if config and "quantization_config" not in config and artefact.has(_MODELOPT):
        said = mapping(_document(artefact, _MODELOPT, subject).get("quantization"))
        config = {**config, "quantization_config": {"quant_method": "modelopt", **said}}
    elif config and "GGUF" in weights:
        config = {**config, "quantization_config": {"quant_method": "gguf"}}
    if config:
        entry |= described(config)
    return entry


def described(config: JsonObject) -> JsonObject:
    """Return what a config.json says, in the words of a lock: dimensions, and how the weights are stored."""
    words = dimensions(config)
    nested = mapping(config.get("text_config")).get("quantization_config")  # of a wrapper around a language model
    if nested is not None and "quantization_config" not in config:
        config = {**config, "quantization_config": nested}
    found = precision(config, integer(words.get("num_hidden_layers")) or 0)
    if found.stored:
        words["stored"] = {**found.stored}
    if found.unknown:
        words["quant_method"] = found.unknown
    return {"quantization": found.method, "config": words}


def _shards(artefact: Artefact, subject: str) -> tuple[str, ...]:
    """Name the files that a server loads: those of the index, or else the safetensors files at the top."""
    if artefact.has(_INDEX):
        named = mapping(_document(artefact, _INDEX, subject).get("weight_map")).values()
        shards = sorted({text(name) for name in named} - {""})
    else:
        every = sorted(name for name in artefact.sizes if name.endswith(".safetensors") and "/" not in name)
        shards = [name for name in every if not name.startswith("consolidated")] or every
        if not shards and artefact.has("model.safetensors"):
            shards = ["model.safetensors"]
    if len(shards) > _MOST_SHARDS:
        raise GeneratorError(f"{len(shards):,} files of weights are more than {_MOST_SHARDS:,}", subject=subject)
    for shard in shards:
        if not artefact.has(shard):
            raise GeneratorError(
                f"its index names {shard[:200]}, which is not there", subject=subject, hint="Download the model anew."
            )
    return tuple(shards)


def _document(artefact: Artefact, name: str, subject: str) -> JsonObject:
    content = artefact.read(name, 0, _LARGEST_JSON + 1)
    if len(content) > _LARGEST_JSON:
        raise GeneratorError(f"{name} is larger than {_LARGEST_JSON >> 20} MiB", subject=subject)
    try:
        return mapping(_parsed(content))
    except (ValueError, RecursionError) as problem:
        raise GeneratorError(f"{name} is no JSON", subject=subject) from problem


def _parsed(content: bytes) -> JsonValue:
    """Read JSON; whole numbers stay whole, however long: what no model has is refused with its number."""
    value: JsonValue = json.loads(content, parse_float=json_number, parse_constant=json_number)
    return value


# The format's own readers stop at 100 MB; the largest header of a published model is about a tenth of that.
LARGEST_HEADER: Final = 32 << 20
# Most headers are shorter, so that one request is enough.
_FIRST: Final = 128 << 10
_LENGTH: Final = 8


def tensor_bytes(artefact: Artefact, name: str, subject: str) -> Counter[str]:
    """Return the bytes of one file's tensors by dtype; GeneratorError for a header that is none."""
    start = artefact.read(name, 0, _FIRST)
    length = int.from_bytes(start[:_LENGTH], "little")
    if len(start) < _LENGTH or not 2 <= length <= LARGEST_HEADER:
        raise _broken(name, subject, f"its header is said to be {length:,} bytes long")
    header = start[_LENGTH : _LENGTH + length]
    if len(header) < length:
        header += artefact.read(name, _LENGTH + len(header), length - len(header))
    try:
        document = _parsed(header)
    except (ValueError, RecursionError) as problem:
        raise _broken(name, subject, "its header is no JSON") from problem
    if len(header) != length or not isinstance(document, dict):
        raise _broken(name, subject, "its header is cut off, or is no map")
    return _count(document, name, subject)


def _count(document: JsonObject, name: str, subject: str) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for tensor, value in document.items():
        if tensor == "__metadata__":
            continue
        entry = mapping(value)
        offsets = [integer(item) for item in sequence(entry.get("data_offsets"))]
        match offsets:
            case [int(first), int(end)] if 0 <= first <= end and text(entry.get("dtype")):
                sizes[text(entry.get("dtype"))] += end - first
            case _:
                raise _broken(name, subject, f"tensor {tensor[:80]} has no dtype or no offsets")
    return sizes


def _broken(name: str, subject: str, problem: str) -> GeneratorError:
    return GeneratorError(
        f"{name} is no safetensors file that can be read: {problem}",
        subject=subject,
        hint="Give the facts by hand: kservegen lock MODEL --facts FILE.",
    )
