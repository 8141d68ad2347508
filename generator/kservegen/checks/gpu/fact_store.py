"""The tables of `facts/`: a folder in, models, GPUs and engines by name out; each is read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import copy
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from kservegen.checks.gpu.model import (
    GIB,
    MIB,
    EngineFacts,
    Gpu,
    GraphMemory,
    ModelFacts,
    SamplerMemory,
    Seconds,
    StartFacts,
)
from kservegen.checks.gpu.model_reader import read_model
from kservegen.checks.gpu.siblings import by_tail, sibling_of
from kservegen.checks.gpu.weights import beyond_text
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.kserve.releases import Releases

# Cards that nobody offers for a cluster: of early generations, or for desks.
_OFFERED_LEAST: Final = 80
_DESKTOP: Final = ("RTX-", "GB10")
_TAKEN: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})
_NEAR: Final = 0.7
_LONGEST: Final = 100
_MAKERS: Final = lazy_pattern(r"\b(nvidia|geforce|amd|intel|instinct|tesla)\b")
# Of vLLM: `0.11.2`, `v0.8.5.post1`, `0.15.2rc1` or `0.10.1.2.dev0`.
_VERSION: Final = lazy_pattern(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)")


class GpuInstance(NamedTuple):
    """A shape of machine: which GPU it has and how many; `part_of` such machines share one, 0 where none do."""

    name: str
    gpu: str
    number: int
    part_of: int


class FactStore:
    """Reads `models.json`, `gpus.json` and `vllm.json` of one folder; releases of KServe know what is in an image."""

    def __init__(self, folder: Path, releases: Releases) -> None:
        self._folder = folder
        self._releases = releases
        self._models: dict[str, ModelFacts | None] = {}
        self._locked: Mapping[str, ModelFacts] = {}

    def under(self, lock: Mapping[str, ModelFacts]) -> FactStore:
        """Return this store as an environment sees it: what its lock holds comes before the table."""
        if not lock:
            return self
        above = copy(self)
        above._locked = lock  # noqa: SLF001 - a copy of itself
        return above

    def model(self, name: str, address: str = "") -> ModelFacts | None:
        """Return what is known of a model, by its address in the lock, or by the name of its repository in any case.

        What neither holds may be a quantised checkpoint of a model that the table has: then `sibling` names that.
        """
        locked = self._locked.get(address or f"hf://{name}")
        if locked is not None:
            return locked
        key = name.lower()
        if key not in self._models:
            entry = self._model_entries.get(key)
            self._models[key] = self._listed(*entry) if entry is not None else self._sibling(name)
        return self._models[key]

    def _listed(self, name: str, entry: JsonObject) -> ModelFacts:
        """Read an entry; one with the dimensions of another model has its towers, too."""
        read, base = read_model(name, entry), text(entry.get("dimensions_from"))
        if not base or read.weight_bytes is not None or read.towers or base.lower() == name.lower():
            return read
        known = self.model(base)
        return read if known is None else replace(read, towers=beyond_text(known))

    def _sibling(self, name: str) -> ModelFacts | None:
        found = sibling_of(name, self._tails) if name else None
        base = self.model(found.name) if found is not None else None
        if found is None or base is None:
            return None
        if found.quantization in {"", base.quantization}:
            return replace(base, name=name, sibling=base.name)
        stored = replace(base, name=name, sibling=base.name, quantization=found.quantization, stored=None)
        return replace(stored, weight_bytes=None, towers=beyond_text(base))

    def gpu(self, name: str) -> Gpu | None:
        """Return a GPU or a MIG slice (`A100-80GB/1g.10gb`) by its name in any case."""
        return self._gpus.get(_plain(name))

    def product(self, label: str) -> str:
        """Return the name of the GPU that a node label nvidia.com/gpu.product means; blank for one unknown."""
        return self._products.get(label, "")

    def gpu_like(self, name: str) -> str:
        """Suggest the GPU or the MIG slice whose name was probably meant; blank where none is near."""
        known = {_alike(gpu.name): gpu.name for gpu in (*self._gpus.values(), *self.gpus)}
        near = _nearest(_alike(name), known)
        return f"Did you mean {near}?" if near else ""

    def slices(self, name: str) -> tuple[Gpu, ...]:
        """Return the MIG slices of a GPU, in the order of the table."""
        card = self.gpu(name)
        found = {gpu.name: gpu for gpu in self._gpus.values() if card and gpu.name.startswith(f"{card.name}/")}
        return tuple(found.values())

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """Every whole GPU, smallest first."""
        return tuple(sorted({g for g in self._gpus.values() if "/" not in g.name}, key=lambda g: (g.memory, g.name)))

    @property
    def offered(self) -> tuple[Gpu, ...]:
        """GPUs that clusters have, smallest first."""
        return tuple(g for g in self.gpus if g.capability >= _OFFERED_LEAST and not g.name.startswith(_DESKTOP))

    def engine(self, version: str) -> EngineFacts:
        """Return what holds at a version of vLLM; blank means the version that is assumed where none is known."""
        wanted = parse_version(version) or parse_version(self.assumed_version)
        found = next(engine for engine in reversed(self._engines) if engine.since <= wanted)
        return found if parse_version(version) else replace(found, assumed=True)

    @cached_property
    def start(self) -> StartFacts:
        """What recorded starts of servers took."""
        said = mapping(self._vllm.get("start"))
        slowest, fastest = (_gib(value) for value in sequence(said.get("diskGiBPerSecond")))
        return StartFacts(
            compile=_span(said.get("compileSeconds")),
            graphs=_span(said.get("graphSeconds")),
            other=_span(said.get("otherSeconds")),
            disk=(slowest, fastest),
            initializer=_gib(said.get("initializerGiB")),
            initializer_memory=_gib(said.get("initializerMemoryGiB")),
        )

    @property
    def assumed_version(self) -> str:
        """The version that is assumed where none is known."""
        return text(self._vllm.get("assumed"))

    def image_version(self, image: str) -> str:
        """Return the version of vLLM in an image; blank where no release knows it."""
        return self._releases.server_version(image)

    def as_of(self, table: str) -> str:
        """Return the day up to which a table was kept: `models`, `gpus` or `vllm`."""
        return text(self._read(f"{table}.json").get("asOf"))

    @property
    def model_names(self) -> tuple[str, ...]:
        """The names of all models in the table."""
        return tuple(name for name, _ in self._model_entries.values())

    def gpu_source(self, name: str) -> str:
        """Return where the memory of a GPU or a MIG slice was read; blank for one that is not in the table."""
        table = self._read("gpus.json")
        card, _, profile = name.partition("/")
        entry = mapping(mapping(table.get("gpus")).get(card))
        if not profile:
            return text(entry.get("source"))
        derived = mapping(mapping(entry.get("mig")).get(profile)).get("derived") is True
        return text(mapping(table.get("migSources")).get("derived" if derived else "read"))

    @cached_property
    def instances(self) -> tuple[GpuInstance, ...]:
        """Every shape of machine of the table, in its order."""
        shapes = mapping(self._read("gpus.json").get("instances"))
        return tuple(
            GpuInstance(
                name,
                text(mapping(words).get("gpu")),
                _number(mapping(words), "count"),
                _number(mapping(words), "partOf"),
            )
            for name, words in shapes.items()
        )

    @property
    def instance_source(self) -> str:
        """Where the shapes of machines were read."""
        return text(self._read("gpus.json").get("instanceSource"))

    @property
    def engine_versions(self) -> tuple[str, ...]:
        """The versions of vLLM from which on something is different."""
        return tuple(mapping(self._vllm.get("versions")))

    def engine_changes(self, version: str) -> tuple[str, ...]:
        """Name what is different from a version on, in the words of the table."""
        return tuple(mapping(mapping(self._vllm.get("versions")).get(version)))

    @cached_property
    def _model_entries(self) -> dict[str, tuple[str, JsonObject]]:
        models = mapping(self._read("models.json").get("models"))
        return {name.lower(): (name, mapping(entry)) for name, entry in models.items()}

    @cached_property
    def _tails(self) -> dict[str, str]:
        return by_tail(name for name, _ in self._model_entries.values())

    @cached_property
    def _gpus(self) -> dict[str, Gpu]:
        found: dict[str, Gpu] = {}
        for name, entry in mapping(self._read("gpus.json").get("gpus")).items():
            said = (*sequence(mapping(entry).get("names")), *_labels(mapping(entry)))
            names = [name, *map(text, said)]
            for gpu in _read_gpu(name, mapping(entry)):
                slice_name = gpu.name.partition("/")[2]
                found.update({_plain(f"{n}/{slice_name}" if slice_name else n): gpu for n in names})
        return found

    @cached_property
    def _products(self) -> dict[str, str]:
        entries = mapping(self._read("gpus.json").get("gpus"))
        return {text(label): name for name, entry in entries.items() for label in _labels(mapping(entry))}

    @cached_property
    def _vllm(self) -> JsonObject:
        return self._read("vllm.json")

    @cached_property
    def _engines(self) -> tuple[EngineFacts, ...]:
        changes: JsonObject = {}
        engines = []
        for version, entry in mapping(self._vllm.get("versions")).items():
            changes = {**changes, **mapping(entry)}
            engines.append(_read_engine(version, changes))
        return tuple(sorted(engines, key=lambda engine: engine.since))

    def _read(self, name: str) -> JsonObject:
        path = self._folder / name
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as problem:
            raise GeneratorError(f"cannot read a table of facts: {problem}", subject=str(path)) from problem
        return mapping(document)


def _plain(name: str) -> str:
    """Fold the spellings of a GPU: makers and series are no part of it, nor are spaces and dashes."""
    return "".join(c for c in _MAKERS.sub("", name.lower()) if c.isalnum() or c in "/.+")


def _alike(name: str) -> str:
    """Fold what is taken for each other in the name of a GPU, too: `H1OO` and `H100`, `L4` and `I4`."""
    return _plain(name).translate(_TAKEN)


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """Return the name whose folded form is nearest; digits tell cards apart, so that H100 is no H200."""
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1, cutoff=_NEAR) if len(name) < _LONGEST else []
    return known[near[0]] if near else ""


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
