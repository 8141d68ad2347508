"""Recorded starts of vLLM: a CSV file in, rows as the estimate takes them out.

A row states enough where its model is in the table and GPU memory, utilization, tensor parallel size, dtype and
max_model_len are known. Version, sequences and batched tokens take the estimate's defaults where a row is silent.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, EngineFacts, Gpu, ModelFacts
from kservegen.kserve.releases import Releases

ROOT: Final = Path(__file__).parents[2]
MEASUREMENTS: Final = ROOT / "tests" / "gpu" / "measurements.csv"
FRESH_MEASUREMENTS: Final = ROOT / "tests" / "gpu" / "measurements-2026.csv"
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
    "Mamba cache blocks",
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
    def answered(self) -> bool:
        """Whether an estimate is made at all: model and card are known."""
        return self.model is not None and not self.model.gap and self.gpu is not None

    @property
    def states_enough(self) -> bool:
        """Whether the row says what an estimate has to know."""
        said = ("gpu_mem_gib", "gpu_memory_utilization", "tp", "dtype_or_quant", "max_model_len")
        return self.model is not None and not self.model.gap and all(self.cells[column] for column in said)

    @property
    def drafts_unsaid(self) -> bool:
        """Whether the row drafts tokens without saying how many, or with a model that it does not name."""
        notes = self.cells["notes"]
        return bool(self.server.draft) or ("MTP" in notes and not self.server.lookahead)

    @property
    def states_outcome(self) -> bool:
        """Whether the row says what its outcome hangs on; what it leaves out takes the engine's default."""
        return bool(self.cells["tp"] and self.cells["dtype_or_quant"] and (self.gpu or self.cells["gpu_mem_gib"]))

    @property
    def origin(self) -> str:
        """Who published the row: a repository, or the number of a log; rows of one origin share a setup."""
        return re.split(r"[:#]", self.cells["source"])[0].removesuffix("@a95e9f62")

    @property
    def held_out(self) -> bool:
        """Whether no constant was set by the source of this row from the day of the rule on: by a digit of its hash.

        The rule was written down before anything was derived from vLLM's source; constants of before had been set
        while all of the second bank was looked at.
        """
        return int(hashlib.sha256(self.origin.encode()).hexdigest()[0], 16) % 2 == 1

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
        block_tokens=_noted(r"block size (\d+)", notes),
        context_parallel=_noted(r"(?:dcp|decode.context.parallel\S*)\D{0,3}(\d+)", notes) or 1,
        lookahead=_noted(r"MTP (\d+)", notes) or 0,
        draft="a draft model" if re.search(r"\bdraft\b", notes) else "",
        eager=bool(re.search(r"\beager\b", notes)),
        chunked=False if "no chunking" in notes else None,
        across_machines="two nodes" in notes,
        longer_allowed=model is None or bool(_names().get(name)),
    )
    free = re.search(r"free memory at startup ([\d.]+)", cells["outcome"])
    return Row(cells, model, _gpu(cells), server, STORE.engine(version), round(float(free[1]) * GIB) if free else None)


def _gpu(cells: dict[str, str]) -> Gpu | None:
    known = STORE.gpu(cells["gpu_name"])
    if not cells["gpu_mem_gib"]:
        return known
    if known is not None:
        return replace(known, name=cells["gpu_name"], memory=round(float(cells["gpu_mem_gib"]) * GIB), spread=0)
    return Gpu(name=cells["gpu_name"], memory=round(float(cells["gpu_mem_gib"]) * GIB), capability=80)


def _quantization(dtype: str, model: ModelFacts | None) -> str:
    method = _QUANTIZED.get(dtype, "")
    return "" if model is None or model.quantization == method else method


def _noted(pattern: str, notes: str) -> int | None:
    found = re.search(pattern, notes)
    return int(found[1]) if found else None
