"""What vLLM will be told: the words of a command line and the environment in, the settings that matter here out.

vLLM takes `--flag=value`, `--flag value`, dashes or underscores, short names, `--flag.key=value` for JSON settings,
and switches with `--no-` before them; the last one said counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.values import whole_number


class Server(Struct, frozen=True, kw_only=True):
    """The settings of one server; None stands for vLLM's own default. Sizes are bytes, `max_length` is tokens."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert_parallel: bool = False
    context_parallel: int = 1
    dtype: str = "auto"
    quantization: str = ""
    prepared: str = ""  # the method of --quantization that a checkpoint has to be prepared for: awq, gptq
    cache_dtype: str = "auto"
    max_length: int | None = None
    fitted_length: bool = False  # --max-model-len=-1 or auto: vLLM takes what fits
    max_sequences: int | None = None
    batched_tokens: int | None = None
    utilization: float | None = None
    block_tokens: int | None = None
    eager: bool = False  # no CUDA graphs at all
    full_graphs: bool = True  # graphs of whole decode batches, for which hybrids need a block for each sequence
    lora_adapters: int = 0
    lora_rank: int = 16
    lookahead: int = 0
    draft: str = ""
    prefix_caching: bool = False  # told so; it matters for hybrids alone, which do not do it of themselves
    cache_bytes: int | None = None
    blocks: int | None = None
    offload_bytes: int = 0
    chunked: bool | None = None
    graphs_estimated: bool = True
    longer_allowed: bool = False
    text_only: bool = False  # pictures and sound are switched off, and no encoder is profiled
    flashinfer_sampler: bool | None = None  # VLLM_USE_FLASHINFER_SAMPLER
    second_runner: bool | None = None  # VLLM_USE_V2_MODEL_RUNNER
    across_machines: bool = False  # ranks of one tensor group lie in several pods
    overrides: bool = False  # --hf-overrides or --rope-scaling: dimensions may differ from the table's


class StatedOptions(Struct, frozen=True):
    """One option as it was written: its value, and the index of the word that holds it (-1: not from the words)."""

    value: str
    index: int


_SHORT: Final = {
    "tp": "tensor-parallel-size",
    "pp": "pipeline-parallel-size",
    "dp": "data-parallel-size",
    "dcp": "decode-context-parallel-size",
    "ep": "enable-expert-parallel",
    "q": "quantization",
    "O": "optimization-level",
    "max_length": "max-model-len",  # huggingfaceserver's old name
}
_SWITCHES: Final = frozenset(
    "enforce-eager enable-lora enable-expert-parallel enable-prefix-caching enable-chunked-prefill trust-remote-code "
    "disable-log-requests disable-log-stats enable-auto-tool-choice calculate-kv-scales disable-custom-all-reduce "
    "enable-sleep-mode async-scheduling enable-log-requests disable-hybrid-kv-cache-manager language-model-only".split()
)


def read_options(words: Sequence[str]) -> dict[str, StatedOptions]:
    """Return the options among `words` by their long name with dashes; a switch has the value `true` or `false`."""
    found: dict[str, StatedOptions] = {}
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-") or word in {"-", "--"} or _is_number(word):
            index += 1
            continue
        name, equals, value = word.partition("=")
        name = long_name(name)
        at = index
        index += 1
        if not equals:
            if name in _SWITCHES or index >= len(words) or _is_option(words[index]):
                value = "true"
            else:
                value, at = words[index], index
                index += 1
        if name.startswith("no-"):
            name, value = name[3:], "false"
        base, dot, key = name.partition(".")
        if dot:
            value = _with_key(found.get(base), key, value)
        found[base] = StatedOptions(value, at)
    return found


def _is_number(word: str) -> bool:
    return word[1:2].isdigit()


def _is_option(word: str) -> bool:
    return word.startswith("-") and not _is_number(word) and word != "-"


def long_name(flag: str) -> str:
    """Return the long name of an option, with dashes and without those before it: `tp` is tensor-parallel-size."""
    bare = flag.lstrip("-")
    name, dot, key = bare.partition(".")
    name = _SHORT.get(name, name)
    return name.replace("_", "-") + dot + key


def _with_key(before: StatedOptions | None, key: str, value: str) -> str:
    known = dict(_json(before.value)) if before else {}
    known[key] = _scalar(value)
    return json.dumps(known)


def _scalar(value: str) -> JsonValue:
    try:
        read: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read


def _json(value: str) -> JsonObject:
    return mapping(_scalar(value)) if value else {}


def read_server(options: Mapping[str, StatedOptions], environment: Mapping[str, str]) -> Server:
    """Turn options and environment variables into settings; what cannot be read counts as not said."""
    said = {name: item.value for name, item in options.items()}
    length = said.get("max-model-len", "")
    automatic = length in {"-1", "auto"}
    speculative, graphs = _json(said.get("speculative-config", "")), _graph_mode(said)
    server = Server(
        tensor=_count(said, "tensor-parallel-size"),
        pipeline=_count(said, "pipeline-parallel-size"),
        data=_count(said, "data-parallel-size"),
        context_parallel=_count(said, "decode-context-parallel-size"),
        expert_parallel=_on(said, "enable-expert-parallel"),
        dtype=said.get("dtype", "auto"),
        quantization=_method(said.get("quantization", "")),
        prepared=_PREPARED.get(said.get("quantization", ""), ""),
        cache_dtype=said.get("kv-cache-dtype", "auto"),
        max_length=None if automatic else _human(length),
        fitted_length=automatic,
        max_sequences=_human(said.get("max-num-seqs", "")),
        batched_tokens=_human(said.get("max-num-batched-tokens", "")),
        utilization=_share(said.get("gpu-memory-utilization", "")),
        block_tokens=_human(said.get("block-size", "")) or None,
        eager=_on(said, "enforce-eager") or graphs == "NONE",
        full_graphs=graphs != "PIECEWISE",
        lookahead=integer(speculative.get("num_speculative_tokens")) or 0,
        draft=text(speculative.get("model")),
        prefix_caching=_on(said, "enable-prefix-caching"),
        cache_bytes=_human(said.get("kv-cache-memory-bytes", said.get("kv-cache-memory", ""))),
        blocks=_human(said.get("num-gpu-blocks-override", "")),
        text_only=_on(said, "language-model-only") or _no_items(said.get("limit-mm-per-prompt", "")),
        overrides="hf-overrides" in said or "rope-scaling" in said,
    )
    if _on(said, "enable-lora"):
        server = replace(
            server, lora_adapters=_count(said, "max-loras"), lora_rank=_human(said.get("max-lora-rank", "")) or 16
        )
    offload = _share(said.get("cpu-offload-gb", "")) or 0
    chunked = said.get("enable-chunked-prefill")
    return replace(
        server,
        offload_bytes=int(offload * (1 << 30)),
        chunked=None if chunked is None else chunked.lower() == "true",
        graphs_estimated=environment.get("VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS", "1") != "0",
        longer_allowed=environment.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "0") == "1",
        flashinfer_sampler=_switched(environment.get("VLLM_USE_FLASHINFER_SAMPLER", "")),
        second_runner=_switched(environment.get("VLLM_USE_V2_MODEL_RUNNER", "")),
    )


def _switched(value: str) -> bool | None:
    """Read a switch of the environment: vLLM takes whole numbers; None where nothing, or no number, is said."""
    number = whole_number(value)
    return None if number is None else number != 0


def _no_items(limits: str) -> bool:
    """Tell whether --limit-mm-per-prompt allows nothing: pictures and video are named, and every number is 0.

    It was written as `image=0,video=0` before it was JSON.
    """
    said = _json(limits)
    if not said and "=" in limits:
        pairs = (part.partition("=") for part in limits.split(","))
        said = {name.strip(): whole_number(number.strip()) for name, _, number in pairs}
    return {"image", "video"} <= said.keys() and all(value == 0 for value in said.values())


def _graph_mode(said: Mapping[str, str]) -> str:
    """Return the mode of CUDA graphs that is asked for, as vLLM names it; blank where it is left to vLLM."""
    config = _json(said.get("compilation-config", ""))
    if said.get("optimization-level") == "0" or config.get("mode") in {0, "NONE"} or config.get("level") == 0:
        return "NONE"
    return text(config.get("cudagraph_mode")).upper()


def _count(said: Mapping[str, str], name: str) -> int:
    return max(_human(said.get(name, "")) or 1, 1)


def _on(said: Mapping[str, str], name: str) -> bool:
    return said.get(name, "false").lower() in {"true", "1"}


def _human(value: str) -> int | None:
    """Read a whole number as vLLM does: `8192`, `16k` (thousands), `16K` (of 1024), `1.5m`."""
    if not value:
        return None
    scale, number = _SCALES.get(value[-1]), value[:-1]
    if scale is None:
        return whole_number(value)
    if len(number) > _LONGEST_NUMBER or not number.isascii() or not number.replace(".", "", 1).isdigit():
        return None
    return int(Decimal(number) * scale)


_LONGEST_NUMBER: Final = 18
# Neither a share of memory nor gigabytes to move off the GPU are ever as large; nor are they infinite, or no number.
_LARGEST_SHARE: Final = 1 << 20
_SCALES: Final = {"k": 10**3, "m": 10**6, "g": 10**9, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _share(value: str) -> float | None:
    try:
        share = float(value)
    except ValueError:
        return None
    return share if 0 <= share < _LARGEST_SHARE else None


# vLLM's names of methods -> how the weights are stored; a method of the checkpoint itself changes nothing.
_METHODS: Final = {"fp8": "fp8", "bitsandbytes": "bitsandbytes", "mxfp8": "fp8", "ptpc_fp8": "fp8", "int8": "int8"}


# Methods that read what a checkpoint states, and by which kernel.
_PREPARED: Final = {"awq": "awq", "awq_marlin": "awq", "gptq": "gptq", "gptq_marlin": "gptq"}


def _method(value: str) -> str:
    return _METHODS.get(value, "")
