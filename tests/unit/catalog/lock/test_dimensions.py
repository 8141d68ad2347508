"""What a lock takes of a model's config.json: how its weights are stored, and the dimensions in words of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kservegen.catalog.lock.artefact import Folder
from kservegen.catalog.lock.entry import entry_of
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue


def entry(folder: Path, config: JsonObject) -> JsonObject:
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return entry_of(Folder(folder, partial=True), "hf://acme/model")


def compressed(kind: str, bits: int) -> JsonObject:
    """Write compressed-tensors' groups; the first that has weights says how they are stored."""
    groups: JsonObject = {"a": {"weights": None}, "b": {"weights": {"type": kind, "num_bits": bits}}}
    return {"quant_method": "compressed-tensors", "config_groups": groups}


# quantization_config, and the lock's word for it; None where no estimate is better than a wrong one.
STORED: list[tuple[JsonValue, str | None]] = [
    (None, ""),
    ({}, ""),
    (compressed("float", 8), "fp8"),
    (compressed("int", 8), "int8"),
    (compressed("int", 4), "int4"),
    (compressed("float", 4), "nvfp4"),
    (compressed("int", 2), None),
    (compressed("odd", 8), None),
    ({"quant_method": "compressed-tensors"}, None),
    ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
    ({"quant_method": "modelopt", "quant_algo": "W4A8"}, None),
    ({"quant_method": "modelopt"}, None),
    ({"quant_method": "fp8"}, "fp8"),
    ({"quant_method": "awq"}, "awq"),
    ({"quant_method": "gptq"}, "gptq"),
    ({"quant_method": "mxfp4"}, "mxfp4"),
    ({"quant_method": "bitsandbytes"}, "bitsandbytes"),
    ({"quant_method": "aqlm"}, None),
    ({"bits": 4}, None),
]


@pytest.mark.parametrize(("said", "stored"), STORED, ids=json.dumps)
def test_how_weights_are_stored(said: JsonValue, stored: str | None, tmp_path: Path) -> None:
    found = entry(tmp_path, {"model_type": "qwen2", "quantization_config": said})
    if stored is None:  # a method that nobody knows: the estimate names it where no size of files helps
        assert mapping(found["config"]).get("quant_method")
        assert found["quantization"] == ""
    else:
        assert found == {"quantization": stored, "config": {"model_type": "qwen2"}}


LEFT: list[JsonValue] = ["lm_head", "re:.*visual.*", "re:.*mlp.gate$", "re:.*linear_attn.*"]
BY_MODULE: JsonObject = {
    **{f"model.layers.{i}.mlp.experts.{n}.up_proj": {"quant_algo": "NVFP4"} for i in range(4) for n in range(2)},
    **{f"model.layers.{i}.self_attn.q_proj": {"quant_algo": "FP8"} for i in range(4)},
}
# quantization_config of four layers; the method of most modules, and the kinds that are stored otherwise.
MIXED: dict[str, tuple[JsonObject, str, JsonObject]] = {
    "a list of patterns": ({**compressed("float", 4), "ignore": LEFT}, "nvfp4", {"state": ""}),
    "modules of every layer": (
        {"quant_method": "fp8", "modules_to_not_convert": [f"model.layers.{i}.self_attn" for i in range(4)]},
        "fp8",
        {"attention": ""},
    ),
    "modules of one layer": ({"quant_method": "fp8", "ignored_layers": ["model.layers.0.self_attn"]}, "fp8", {}),
    "a method for each module": (
        {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": BY_MODULE},
        "nvfp4", {"attention": "fp8", "dense": "", "shared": "", "state": ""}),
    "two groups": (
        {"quant_method": "compressed-tensors", "config_groups": {
            "a": {"targets": ["Linear"], "weights": {"type": "float", "num_bits": 4}},
            "b": {"targets": ["re:.*self_attn.*"], "weights": {"type": "float", "num_bits": 8}}}},
        "nvfp4", {"attention": "fp8"},
    ),
    "auto-round": (
        {"quant_method": "auto-round", "bits": 4, "extra_config": {"model.layers.*.linear_attn": {"bits": 16}}},
        "int4", {"state": ""}),
    "GPTQ's negative patterns": ({"quant_method": "gptq", "bits": 4, "dynamic": {r"-:.*shared_expert\\..*": {}}},
        "gptq", {"shared": ""}),
    "Quark": (
        {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}, "exclude": ["lm_head"]},
        "fp8", {}),
    "torchao": ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig"}}}, "int4", {}),
    "experts alone": ({"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn"]}, "mxfp4", {}),
    "experts alone, packed by compressed-tensors": (
        {"quant_method": "compressed-tensors", "ignore": ["re:.*self_attn.*", "re:.*mlp\\.(gate|up|down)_proj.*"],
         "config_groups": {"g": {"format": "mxfp4-pack-quantized", "weights": {"type": "float", "num_bits": 4}}}},
        "mxfp4", {}),
    "everything, packed by compressed-tensors": (
        {"quant_method": "compressed-tensors", "ignore": ["lm_head"],
         "config_groups": {"g": {"format": "mxfp4-pack-quantized", "weights": {"type": "float", "num_bits": 4}}}},
        "nvfp4", {}),
    "eight bits of bitsandbytes": ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", MIXED)
def test_modules_that_are_stored_otherwise(case: str, tmp_path: Path) -> None:
    said, method, stored = MIXED[case]
    found = entry(tmp_path, {"num_hidden_layers": 4, "quantization_config": said})
    assert (found["quantization"], mapping(found["config"]).get("stored", {})) == (method, stored)


def test_how_the_language_model_of_a_wrapper_is_stored(tmp_path: Path) -> None:
    said: JsonObject = {"model_type": "qwen2", "quantization_config": {"quant_method": "fp8"}}
    assert entry(tmp_path, {"text_config": said})["quantization"] == "fp8"


EXPERTS: JsonObject = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 768}
LATENT: JsonObject = {"kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "v_head_dim": 128}
# config.json, and what the lock holds of it.
CONFIGS: dict[str, tuple[JsonObject, JsonObject]] = {
    "nothing that is read": ({"pad_token_id": 0}, {}),
    "a count that is none": ({"hidden_size": -1, "vocab_size": "many", "head_dim": 0}, {"head_dim": 0}),
    "key-value heads by default": ({"num_attention_heads": 8}, {"num_attention_heads": 8, "num_key_value_heads": 8}),
    "key-value heads of its own": (
        {"num_attention_heads": 8, "num_key_value_heads": 2},
        {"num_attention_heads": 8, "num_key_value_heads": 2},
    ),
    "states of Mamba by other words": (
        {"mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 16, "mamba_d_conv": 4, "mamba_n_groups": 1},
        {"hybrid": {"mamba_num_heads": 4, "mamba_head_dim": 8, "ssm_state_size": 16, "conv_kernel": 4, "n_groups": 1}},
    ),
    "heads that follow from the width": (
        {"hidden_size": 64, "mamba_n_heads": "auto", "mamba_d_head": 16, "mamba_expand": 2},
        {"hidden_size": 64, "hybrid": {"mamba_head_dim": 16, "mamba_num_heads": 8}},
    ),
    "states of the first Mamba": (
        {"mamba_d_state": 16, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_dt_rank": 256, "attn_layer_period": 8},
        {
            "hybrid": {
                "attn_layer_period": 8,
                "mamba_d_state": 16,
                "mamba_d_conv": 4,
                "mamba_expand": 2,
                "mamba_dt_rank": 256,
            }
        },
    ),
    "delta attention": (
        {
            "linear_attn_config": {
                "num_heads": 4,
                "head_dim": 8,
                "short_conv_kernel_size": 4,
                "full_attn_layers": [4],
                "kda_layers": [1, 2, 3],
            }
        },
        {
            "hybrid": {"delta_num_heads": 4, "delta_head_dim": 8, "short_conv_kernel_size": 4},
            "layer_type_counts": {"full_attention": 1, "kda": 3},
        },
    ),
    "attention in some layers": (
        {"num_hidden_layers": 4, "attn_layer_indices": [1]},
        {"num_hidden_layers": 4, "layer_type_counts": {"full_attention": 1, "mamba": 3}},
    ),
    "lightning": ({"attn_type_list": [0, 1]}, {"layer_type_counts": {"full_attention": 1, "lightning_attention": 1}}),
    "types without a window": (
        {"layer_types": ["linear_attention", "full_attention"]},
        {"layer_type_counts": {"full_attention": 1, "linear_attention": 1}},
    ),
    "types that are all one": ({"layer_types": ["full_attention", "full_attention"]}, {}),
    "layers that read another's cache": (
        {
            "num_kv_shared_layers": 1,
            "sliding_window": 512,
            "layer_types": ["sliding_attention", "full_attention", "full_attention"],
        },
        {
            "num_kv_shared_layers": 1,
            "sliding": {"window": 512, "layer_type_counts": {"full_attention": 1, "sliding_attention": 1}},
        },
    ),
    "layers for drafting": ({"num_nextn_predict_layers": 1}, {"num_nextn_predict_layers": 1}),
    "experts by yet other words": (
        {
            "num_hidden_layers": 4,
            "moe_num_experts": [8, 8],
            "moe_k": 2,
            "moe_num_shared_experts": 1,
            "mlp_only_layers": [0],
        },
        {
            "num_hidden_layers": 4,
            "moe": {"n_shared_experts": 1, "num_experts": 8, "num_experts_per_tok": 2, "first_k_dense_replace": 1},
        },
    ),
    "experts beside a dense network": (
        {"num_experts": 8, "top_k_experts": 2, "enable_moe_block": True},
        {"moe": {"num_experts": 8, "num_experts_per_tok": 2, "beside_dense": True}},
    ),
    "a frequency by layer": (
        {"n_routed_experts": 8, "moe_layer_freq": [0, 1, 1]},
        {"moe": {"n_routed_experts": 8, "first_k_dense_replace": 1}},
    ),
    "a model in a model": (
        {"thinker_config": {"text_config": {"hidden_size": 3}, "hidden_size": 2}},
        {"hidden_size": 3},
    ),
    "a width by layer": ({"intermediate_size": [64, 64]}, {"intermediate_size": 64}),
    "one key and value head": (
        {"num_attention_heads": 8, "multi_query": True},
        {"num_attention_heads": 8, "num_key_value_heads": 1},
    ),
    "the first architecture": ({"architectures": ["A", "B"]}, {"architecture": "A"}),
    "a newer word for the dtype": ({"dtype": "bfloat16"}, {"torch_dtype": "bfloat16"}),
    "the older word first": ({"dtype": "float16", "torch_dtype": "bfloat16"}, {"torch_dtype": "bfloat16"}),
    "tied": ({"tie_word_embeddings": True}, {"tie_word_embeddings": True}),
    "not tied": ({"tie_word_embeddings": False}, {"tie_word_embeddings": False}),
    "a language model inside": (
        {"model_type": "outer", "hidden_size": 1, "text_config": {"model_type": "inner", "hidden_size": 2}},
        {"model_type": "outer", "hidden_size": 2},
    ),
    "another word for it": ({"llm_config": {"hidden_size": 2}}, {"hidden_size": 2}),
    "a third": ({"language_config": {"hidden_size": 2}}, {"hidden_size": 2}),
    "tied by the outer words": (
        {"tie_word_embeddings": True, "text_config": {"hidden_size": 2}},
        {"tie_word_embeddings": True, "hidden_size": 2},
    ),
    "experts": (EXPERTS, {"moe": EXPERTS}),
    "experts by another word": ({"num_local_experts": 4}, {"moe": {"num_local_experts": 4}}),
    "experts that are routed to": ({"n_routed_experts": 4}, {"moe": {"n_routed_experts": 4}}),
    "no experts": ({"num_experts": 0, "num_experts_per_tok": 2}, {}),
    "latent attention": (LATENT, {"mla": LATENT}),
    "no latent attention": ({"kv_lora_rank": None, "v_head_dim": 128}, {}),
    "states of Mamba": ({"mamba_num_heads": 4, "n_groups": 2}, {"hybrid": {"mamba_num_heads": 4, "n_groups": 2}}),
    "states of linear attention": ({"linear_num_value_heads": 4}, {"hybrid": {"linear_num_value_heads": 4}}),
    "linear scaling": (
        {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
    ),
    "linear scaling by the older word": (
        {"rope_scaling": {"type": "linear", "factor": 4}},
        {"rope_scaling": {"rope_type": "linear", "factor": 4}},
    ),
    "another scaling": ({"rope_scaling": {"rope_type": "yarn", "factor": 4}}, {}),
    "a window": ({"sliding_window": 4096}, {"sliding": {"window": 4096}}),
    "a window that is off": ({"sliding_window": 4096, "use_sliding_window": False}, {}),
    "a chunk": ({"attention_chunk_size": 8192}, {"sliding": {"chunk": 8192}}),
    "a window and its pattern": (
        {"sliding_window": 512, "sliding_window_pattern": 5},
        {"sliding": {"window": 512, "pattern": 5}},
    ),
    "a window and its layers": (
        {"sliding_window": 512, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
        {"sliding": {"window": 512, "layer_type_counts": {"full_attention": 1, "sliding_attention": 2}}},
    ),
    **{
        f"the pattern of {family}": (
            {"model_type": family, "sliding_window": 512},
            {"model_type": family, "sliding": {"window": 512, "pattern": pattern}},
        )
        for family, pattern in {
            "gemma2": 2,
            "gemma3": 6,
            "gemma3_text": 6,
            "cohere2": 4,
            "gpt_oss": 2,
            "llama4_text": 4,
        }.items()
    },
}


@pytest.mark.parametrize("case", CONFIGS)
def test_dimensions(case: str, tmp_path: Path) -> None:
    config, expected = CONFIGS[case]
    assert entry(tmp_path, config) == {"quantization": "", "config": expected}


def test_a_file_of_its_own_says_how_weights_are_stored(tmp_path: Path) -> None:
    """ModelOpt's checkpoints before quantization_config: hf_quant_config.json."""
    said = {
        "producer": {"name": "modelopt"},
        "quantization": {"quant_algo": "NVFP4", "exclude_modules": ["*self_attn*"]},
    }
    (tmp_path / "hf_quant_config.json").write_text(json.dumps(said), "utf-8")
    found = entry(tmp_path, {"num_hidden_layers": 4})
    assert (found["quantization"], mapping(found["config"])["stored"]) == ("nvfp4", {"attention": ""})


@pytest.mark.parametrize(("files", "weights"), [(("a.gguf",), {"GGUF": 3}), (("a.gguf", "b.gguf"), None)])
def test_one_gguf_file_is_the_weights_and_of_several_nobody_knows(
    files: tuple[str, ...], weights: JsonValue, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"abc")
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 8}), "utf-8")
    found = entry_of(Folder(tmp_path), "hf://acme/model")
    assert found.get("weightBytes") == weights
    assert mapping(found["config"]).get("quant_method") == ("gguf" if weights else None)
