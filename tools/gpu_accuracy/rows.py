"""Recorded starts of vLLM: a CSV file in, rows as the estimate takes them out.

A row states enough where its model is in the table and GPU memory, utilization, tensor parallel size, dtype and
max_model_len are known. Version, sequences and batched tokens take the estimate's defaults where a row is silent.
"""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, EngineFacts, Gpu, ModelFacts
from kservegen.kserve.releases import Releases

ROOT: Final = Path(__file__).parents[2]
MEASUREMENTS: Final = ROOT / "tests" / "gpu" / "measurements.csv"
STORE: Final = FactStore(ROOT / "facts", Releases([]))

STARTS, MEMORY, CONFIGURATION = "starts", "refused for memory", "refused for configuration"

_QUANTIZED: Final = {
    "awq": "awq",
    "gptq": "gptq",
    "fp8": "fp8",
    "int8": "int8",
    "int4": "int4",
    "bnb": "bitsandbytes",
    "bitsandbytes": "bitsandbytes",
    "nvfp4": "nvfp4",
    "modelopt-nvfp4": "nvfp4",
    "mxfp4": "mxfp4",
}
_MEMORY_WORDS: Final = (
    "OOM",
    "larger than",
    "no available memory",
    "free memory at startup",
    "over KV capacity",
    "out of memory",
)
_CONFIGURATION_WORDS: Final = ("divisible", "heads", "vocabulary", "greater than the", "capability", "not supported")


class Row(NamedTuple):
    """One recorded start: what it was told as the estimate takes it, and the cells that were printed."""

    cells: dict[str, str]
    model: ModelFacts | None
    gpu: Gpu | None
    server: Server
    engine: EngineFacts
    free: int | None

    def number(self, column: str) -> float | None:
        """Return a cell as a number."""
        try:
            return float(self.cells[column])
        except ValueError:
            return None

    @property
    def states_enough(self) -> bool:
        """Whether the row says what an estimate has to know."""
        said = ("gpu_mem_gib", "gpu_memory_utilization", "tp", "dtype_or_quant", "max_model_len")
        return self.model is not None and not self.model.gap and all(self.cells[column] for column in said)

    @property
    def outcome(self) -> str:
        """The outcome folded to three; blank where it says nothing of memory or settings."""
        text = self.cells["outcome"]
        if text == "ok":
            return STARTS
        if "not memory" in text:
            return ""
        if any(word in text for word in _MEMORY_WORDS):
            return MEMORY
        return CONFIGURATION if any(word in text for word in _CONFIGURATION_WORDS) else ""


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads((ROOT / "tests" / "gpu" / "names.json").read_text("utf-8"))
    return names


def read_rows(path: Path) -> list[Row]:
    """Read recorded starts."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(cells) for cells in csv.DictReader(file)]


def _row(cells: dict[str, str]) -> Row:
    name = cells["model"]
    model = STORE.model(_names().get(name, name))
    notes = cells["notes"]
    version = cells["vllm_version"] or ("0.7" if re.search(r"\bV0\b", notes) else "")
    server = Server(
        tensor=int(cells["tp"] or 1),
        pipeline=int(cells["pp"] or 1),
        expert_parallel="EP on" in notes,
        quantization=_quantization(cells["dtype_or_quant"], model),
        dtype={"fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}.get(cells["dtype_or_quant"], "auto"),
        cache_dtype=cells["kv_cache_dtype"] or "auto",
        max_length=int(cells["max_model_len"]) if cells["max_model_len"] else None,
        max_sequences=_noted(r"max_num_seqs (\d+)", notes),
        batched_tokens=_noted(r"batched_tokens (\d+)", notes),
        utilization=float(cells["gpu_memory_utilization"]) if cells["gpu_memory_utilization"] else None,
        block_tokens=_noted(r"block size (\d+)", notes) or 16,
        context_parallel=_noted(r"(?:dcp|decode.context.parallel\S*)\D{0,3}(\d+)", notes) or 1,
        eager=bool(re.search(r"\beager\b", notes)),
        chunked=False if "no chunking" in notes else None,
        longer_allowed=model is None or bool(_names().get(name)),
    )
    free = re.search(r"free memory at startup ([\d.]+)", cells["outcome"])
    return Row(cells, model, _gpu(cells), server, STORE.engine(version), round(float(free[1]) * GIB) if free else None)


def _gpu(cells: dict[str, str]) -> Gpu | None:
    if not cells["gpu_mem_gib"]:
        return None
    known = STORE.gpu(cells["gpu_name"])
    capability = known.capability if known else 80
    return Gpu(name=cells["gpu_name"], memory=round(float(cells["gpu_mem_gib"]) * GIB), capability=capability)


def _quantization(dtype: str, model: ModelFacts | None) -> str:
    method = _QUANTIZED.get(dtype, "")
    return "" if model is None or model.quantization == method else method


def _noted(pattern: str, notes: str) -> int | None:
    found = re.search(pattern, notes)
    return int(found[1]) if found else None
