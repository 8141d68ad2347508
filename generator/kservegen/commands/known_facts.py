"""What the shipped tables know: words to look for in; models, GPUs and versions of engines, and their age, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, Gpu, ModelFacts
from kservegen.checks.gpu.weights import count


class KnownFact(NamedTuple):
    """One entry of a table: what it says in a clause, and where that comes from; `gap` is what it lacks."""

    table: str
    name: str
    summary: str
    source: str
    gap: str = ""


class KnownTable(NamedTuple):
    """One table: the day up to which it was kept, how many entries it has, and how many of these lack something."""

    name: str
    as_of: str
    entries: int
    gaps: int


def tables_of(facts: FactStore) -> tuple[KnownTable, ...]:
    """Sum up every table."""
    entries = [*all_facts(facts)]
    return tuple(
        KnownTable(
            name,
            facts.as_of(name),
            sum(entry.table == name for entry in entries),
            sum(entry.table == name and bool(entry.gap) for entry in entries),
        )
        for name in ("models", "gpus", "vllm")
    )


def find_facts(facts: FactStore, words: Sequence[str]) -> tuple[KnownFact, ...]:
    """Return the entries whose names hold every one of the words, in any case."""
    wanted = [word.lower() for word in words]
    return tuple(entry for entry in all_facts(facts) if all(word in entry.name.lower() for word in wanted))


def all_facts(facts: FactStore) -> Iterator[KnownFact]:
    """Yield every entry of every table, in the order of the table."""
    for name in facts.model_names:
        model = facts.model(name)
        if model is not None:
            yield KnownFact("models", name, _of_model(model), "; ".join(model.sources), model.gap)
    for gpu in facts.gpus:
        yield KnownFact("gpus", gpu.name, _of_gpu(gpu), facts.gpu_source(gpu.name))
    for version in facts.engine_versions:
        yield KnownFact("vllm", f"vLLM {version}", ", ".join(facts.engine_changes(version)), "facts/vllm.json: sources")


def _of_model(model: ModelFacts) -> str:
    if model.gap:
        return ""
    stored = model.quantization or {2: "16 bits", 4: "32 bits"}[model.element_bytes]
    size = f", files {model.weight_bytes / GIB:.2f} GiB" if model.weight_bytes else ""
    return f"{count(model).total / 1e9:.1f} billion parameters, {stored}{size}"


def _of_gpu(gpu: Gpu) -> str:
    capability = f", compute capability {gpu.capability // 10}.{gpu.capability % 10}" if gpu.capability else ""
    return f"{gpu.memory / GIB:.2f} GiB{capability}"
