"""The tables of `facts/` as they are written: a folder in, what they hold out; each is read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct

from kservegen.checks.gpu.model import (
    GIB,
    MIB,
    EngineFacts,
    Gpu,
    GraphMemory,
    SamplerMemory,
    Seconds,
    StartFacts,
)
from kservegen.checks.gpu.siblings import by_tail
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern

_MAKERS: Final = lazy_pattern(r"\b(nvidia|geforce|amd|intel|instinct|tesla)\b")
# Of vLLM: `0.11.2`, `v0.8.5.post1`, `0.15.2rc1` or `0.10.1.2.dev0`.
_VERSION: Final = lazy_pattern(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)")


class GpuInstance(Struct, frozen=True):
    """A shape of machine: which GPU it has and how many; `part_of` such machines share one, 0 where none do."""

    name: str
    gpu: str
    number: int
    part_of: int


class FactTables:
    """What `models.json`, `gpus.json` and `vllm.json` of one folder hold, read once for all environments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def start(self) -> StartFacts:
        """What recorded starts of servers took."""
        said = mapping(self.vllm.get("start"))
        slowest, fastest = (_gib(value) for value in sequence(said.get("diskGiBPerSecond")))
        return StartFacts(
            compile=_span(said.get("compileSeconds")),
            graphs=_span(said.get("graphSeconds")),
            other=_span(said.get("otherSeconds")),
            disk=(slowest, fastest),
            initializer=_gib(said.get("initializerGiB")),
            initializer_memory=_gib(said.get("initializerMemoryGiB")),
        )

    @cached_property
    def instances(self) -> tuple[GpuInstance, ...]:
        """Every shape of machine of the table, in its order."""
        shapes = mapping(self.read("gpus.json").get("instances"))
        return tuple(
            GpuInstance(
                name,
                text(mapping(words).get("gpu")),
                _number(mapping(words), "count"),
                _number(mapping(words), "partOf"),
            )
            for name, words in shapes.items()
        )

    @cached_property
    def model_entries(self) -> dict[str, tuple[str, JsonObject]]:
        """Names and words of models, by the name in lower case."""
        models = mapping(self.read("models.json").get("models"))
        return {name.lower(): (name, mapping(entry)) for name, entry in models.items()}

    @cached_property
    def tails(self) -> dict[str, str]:
        """Names of repositories, by what stands after the owner."""
        return by_tail(name for name, _ in self.model_entries.values())

    @cached_property
    def gpus(self) -> dict[str, Gpu]:
        """GPUs and MIG slices, by every spelling that is folded."""
        found: dict[str, Gpu] = {}
        for name, entry in mapping(self.read("gpus.json").get("gpus")).items():
            said = (*sequence(mapping(entry).get("names")), *_labels(mapping(entry)))
            names = [name, *map(text, said)]
            for gpu in _read_gpu(name, mapping(entry)):
                slice_name = gpu.name.partition("/")[2]
                found.update({plain_gpu_name(f"{n}/{slice_name}" if slice_name else n): gpu for n in names})
        return found

    @cached_property
    def products(self) -> dict[str, str]:
        """Names of GPUs, by the node label that means them."""
        entries = mapping(self.read("gpus.json").get("gpus"))
        return {text(label): name for name, entry in entries.items() for label in _labels(mapping(entry))}

    @cached_property
    def vllm(self) -> JsonObject:
        """What is known of versions of vLLM."""
        return self.read("vllm.json")

    @cached_property
    def engines(self) -> tuple[EngineFacts, ...]:
        """What holds from a version on, the oldest first."""
        changes: JsonObject = {}
        engines = []
        for version, entry in mapping(self.vllm.get("versions")).items():
            changes = {**changes, **mapping(entry)}
            engines.append(_read_engine(version, changes))
        return tuple(sorted(engines, key=lambda engine: engine.since))

    def read(self, name: str) -> JsonObject:
        """Return a table; GeneratorError for one that cannot be read."""
        path = self._folder / name
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as problem:
            raise GeneratorError(f"cannot read a table of facts: {problem}", subject=str(path)) from problem
        return mapping(document)


def plain_gpu_name(name: str) -> str:
    """Fold the spellings of a GPU: makers and series are no part of it, nor are spaces and dashes."""
    return "".join(c for c in _MAKERS.sub("", name.lower()) if c.isalnum() or c in "/.+")


def _labels(entry: JsonObject) -> Iterable[JsonValue]:
    return (label for labels in mapping(entry.get("labels")).values() for label in sequence(labels))


def _number(entry: JsonObject, key: str) -> int:
    return integer(entry.get(key)) or 0


def _read_gpu(name: str, entry: JsonObject) -> Iterable[Gpu]:
    capability = _number(entry, "capability")
    unified, nvswitch = entry.get("unified") is True, entry.get("nvswitch") is True
    low, high = (_gib(item) for item in sequence(entry.get("memoryGiB")))
    yield Gpu(
        name=name,
        memory=low,
        capability=capability,
        spread=high - low,
        unified=unified,
        nvswitch=nvswitch,
        maker=text(entry.get("maker")),
    )
    for profile, size in mapping(entry.get("mig")).items():
        least, most = (_gib(item) for item in sequence(mapping(size).get("memoryGiB")))
        yield Gpu(name=f"{name}/{profile}", memory=least, capability=capability, spread=most - least)


def _span(said: JsonValue) -> Seconds:
    least, most = (integer(value) or 0 for value in sequence(said))
    return Seconds(least, most)


def _gib(value: JsonValue) -> int:
    return round(value * GIB) if isinstance(value, (int, float)) else 0


def _read_engine(version: str, entry: Mapping[str, JsonValue]) -> EngineFacts:
    sequences, tokens = sequence(entry["maxSequences"]), sequence(entry["batchedTokens"])
    second = float(str(entry["runnerV2SamplerBytes"]))
    return EngineFacts(
        since=parse_version(version),
        utilization=float(str(entry["utilization"])),
        profiled=entry["v1"] is True,
        groups=entry["groups"] is True,
        tokens_by_concurrency=entry["tokensByConcurrency"] is True,
        graphs_in_budget=entry["graphsInBudget"] is True,
        graphs=_graph_memory(mapping(entry["graphsMiB"])),
        workspace_share={name: float(str(share)) for name, share in mapping(entry["workspaceShare"]).items()},
        workspace_kept=entry["workspaceKept"] is True,
        sampler=SamplerMemory(
            float(str(entry["samplerBytes"])), float(str(entry["samplerOtherBytes"])), entry["samplerRows"] is True
        ),
        runner_v2=frozenset(text(name) for name in sequence(entry["runnerV2"])),
        runner_v2_sampler=SamplerMemory(second, second, rows=False),
        runner_v2_graphs=float(str(entry["runnerV2Graphs"])),
        state_gate=entry["stateGate"] is True,
        non_torch=_by_ranks(entry["nonTorchGiB"]),
        non_torch_plain=_by_ranks(entry["nonTorchPlainGiB"]),
        vision={name: _gib(value) for name, value in mapping(entry["visionGiB"]).items()},
        encoder_tokens=_tokens(entry["encoderTokens"]),
        prefix_tokens=_tokens(entry["prefixTokens"]),
        in_flight=integer(entry["inFlight"]) or 1,
        encoders_seen=tuple(text(name) for name in sequence(entry["encodersSeen"])),
        latent_padding=integer(entry["latentPadding"]) or 1,
        latent_as_heads=entry["latentAsHeads"] is True,
        latent_blocks={int(least): integer(size) or 0 for least, size in mapping(entry["latentBlockTokens"]).items()},
        max_sequences=(integer(sequences[0]) or 0, integer(sequences[1]) or 0),
        batched_tokens=(integer(tokens[0]) or 0, integer(tokens[1]) or 0, integer(tokens[2]) or 0),
    )


def _graph_memory(said: JsonObject) -> GraphMemory:
    bases = {int(least): (integer(size) or 0) * MIB for least, size in mapping(said.get("base")).items()}
    return GraphMemory(bases, _number(said, "layer") * MIB, _number(said, "experts") * MIB)


def _tokens(said: JsonValue) -> dict[str, int]:
    return {name: integer(value) or 0 for name, value in mapping(said).items()}


def _by_ranks(said: JsonValue) -> dict[int, int]:
    return {int(size): _gib(value) for size, value in mapping(said).items()}


def parse_version(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version; empty for what is none."""
    match = _VERSION.match(version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
