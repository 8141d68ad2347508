"""The JSON Schema of `environments/<env>.lock.yaml`; its dimensions are words of a model's own config.json."""

from __future__ import annotations

from typing import Final

from kservegen.core.jsontypes import JsonObject

_SIZE: Final[JsonObject] = {"type": "integer", "minimum": 0, "maximum": 1 << 50}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0, "maximum": 1 << 40}
_COUNTS: Final[JsonObject] = {
    "type": "object",
    "additionalProperties": {"type": ["integer", "number", "string", "boolean", "null"]},
}

# Words of config.json that the estimate reads; each holds a count, or what stands here.
COUNTS: Final = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
)
# The storage format of weights, as the table of models names them; blank: as their dtype says.
QUANTIZATIONS: Final = ("", "fp8", "int8", "int4", "awq", "gptq", "nvfp4", "mxfp4", "bitsandbytes")


def lock_schema() -> JsonObject:
    """Return the schema of a lock."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kservegen environment lock",
        "description": "Revisions and facts of an environment's models; kservegen lock writes it.",
        "type": "object",
        "additionalProperties": False,
        "required": ["version"],
        "properties": {
            "version": {"const": 1},
            "models": {
                "type": "object",
                "description": "By the address that the environment's objects state, its uriPrefixes applied.",
                "propertyNames": {"pattern": "^[a-z][a-z0-9+.-]*://.+"},
                "additionalProperties": _entry(),
            },
        },
    }


def _entry() -> JsonObject:
    described: dict[str, tuple[str, JsonObject]] = {
        "revision": (
            "The commit that render writes behind an hf:// address that states none.",
            {"type": "string", "pattern": "^[0-9a-f]{40}$"},
        ),
        "repository": ("The name that the Hub gives a repository that was renamed.", {"type": "string"}),
        "license": ("The licence that the repository states.", {"type": "string"}),
        "downloadBytes": ("Bytes of all files of the revision.", _SIZE),
        "weightBytes": ("Bytes of the tensors in the safetensors files, by dtype.", _map_of(_SIZE)),
        "quantization": ("How the weights are stored.", {"enum": list(QUANTIZATIONS)}),
        "config": ("The model's dimensions, in the words of its config.json.", _config()),
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {word: {"description": said, **shape} for word, (said, shape) in described.items()},
    }


def _config() -> JsonObject:
    text: JsonObject = {"type": "string"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "architecture": text,
            "model_type": text,
            **dict.fromkeys(COUNTS, _COUNT),
            "torch_dtype": text,
            "tie_word_embeddings": {"type": "boolean"},
            "moe": _COUNTS,
            "mla": _COUNTS,
            "hybrid": _COUNTS,
            "sliding": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "window": _COUNT,
                    "pattern": _COUNT,
                    "chunk": _COUNT,
                    "layer_type_counts": _map_of(_COUNT),
                },
            },
            "rope_scaling": _COUNTS,
        },
    }


def _map_of(shape: JsonObject) -> JsonObject:
    return {"type": "object", "additionalProperties": shape}
