"""What the shipped tables know: words to look for in; models, GPUs and versions of engines, and their age, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import GIB, Gpu, ModelFacts
from kservegen.checks.gpu.weights import count
from kservegen.core.errors import GeneratorError
from kservegen.core.suggest import did_you_mean

TABLES: Final = ("models", "gpus", "vllm", "instances")
_LOCK: Final = "kservegen facts lists tables; kservegen lock reads what is missing from the Hub, a folder or a file."


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
            facts.as_of("gpus" if name == "instances" else name),
            sum(entry.table == name for entry in entries),
            sum(entry.table == name and bool(entry.gap) for entry in entries),
        )
        for name in TABLES
    )


def find_facts(facts: FactStore, words: Sequence[str]) -> tuple[KnownFact, ...]:
    """Return the entries whose names hold every one of the words, in any case; GeneratorError where none does."""
    wanted = [word.lower() for word in words]
    entries = [*all_facts(facts)]
    found = tuple(entry for entry in entries if all(word in entry.name.lower() for word in wanted))
    if not found:
        asked = " ".join(words)
        near = facts.gpu_like(asked) or did_you_mean(asked.lower(), _spellings(entries), _LOCK)
        raise GeneratorError(f"nothing is known of {asked}", hint=near)
    return found


def _spellings(entries: Iterable[KnownFact]) -> Iterator[str]:
    """Yield names in small letters, with their owners and without."""
    for entry in entries:
        name = entry.name.lower()
        yield name
        yield name.rpartition("/")[2]


def all_facts(facts: FactStore) -> Iterator[KnownFact]:
    """Yield every entry of every table, in the order of the table."""
    for name in facts.model_names:
        model = facts.model(name)
        if model is not None:
            yield KnownFact("models", name, _of_model(model), "; ".join(model.sources), model.gap)
    for gpu in facts.gpus:
        for one in (gpu, *facts.slices(gpu.name)):
            yield KnownFact("gpus", one.name, _of_gpu(one), facts.gpu_source(one.name))
    for version in facts.engine_versions:
        yield KnownFact("vllm", f"vLLM {version}", ", ".join(facts.engine_changes(version)), "facts/vllm.json: sources")
    for shape in facts.instances:
        part = f"a part of one {shape.gpu}, which {shape.part_of} of them share"
        whole = f"{shape.number} x {shape.gpu}"
        yield KnownFact("instances", shape.name, part if shape.part_of else whole, facts.instance_source)


def _of_model(model: ModelFacts) -> str:
    if model.gap:
        return ""
    stored = model.quantization or {2: "16 bits", 4: "32 bits"}[model.element_bytes]
    size = f", files {model.weight_bytes / GIB:.2f} GiB" if model.weight_bytes else ""
    return f"{count(model).total / 1e9:.1f} billion parameters, {stored}{size}"


def _of_gpu(gpu: Gpu) -> str:
    capability = f", compute capability {gpu.capability // 10}.{gpu.capability % 10}" if gpu.capability else ""
    most = f" to {(gpu.memory + gpu.spread) / GIB:.2f}" if gpu.spread else ""
    unknown = f", how servers use the memory of {gpu.maker} devices is not known" if gpu.maker else ""
    return f"{gpu.memory / GIB:.2f}{most} GiB{capability}{unknown}"
