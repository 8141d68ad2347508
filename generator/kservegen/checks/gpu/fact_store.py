"""The tables of `facts/`: a folder in, models, GPUs and engines by name out; each is read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kservegen.checks.gpu.fact_tables import FactTables, GpuInstance, parse_version, plain_gpu_name
from kservegen.checks.gpu.locked import locked_models
from kservegen.checks.gpu.model import EngineFacts, Gpu, ModelFacts, StartFacts
from kservegen.checks.gpu.model_reader import read_model
from kservegen.checks.gpu.siblings import sibling_of
from kservegen.checks.gpu.weights import beyond_text
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.releases import Releases

# Cards that nobody offers for a cluster: of early generations, or for desks.
_OFFERED_LEAST: Final = 80
_DESKTOP: Final = ("RTX-", "GB10")
_TAKEN: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})
_NEAR: Final = 0.7
_LONGEST: Final = 100
_MODELS: Final = "facts/models.json"


class FactStore:
    """Reads `models.json`, `gpus.json` and `vllm.json` of one folder; releases of KServe know what is in an image."""

    def __init__(self, folder: Path, releases: Releases) -> None:
        self._tables = FactTables(folder)
        self._releases = releases
        self._models: dict[str, ModelFacts | None] = {}
        self._engines: dict[str, EngineFacts] = {}
        self._locked: Mapping[str, ModelFacts] = {}
        self._lock_file = ""

    def under(self, lock: JsonObject, file: str) -> FactStore:
        """Return this store as an environment sees it: what its lock, a file, says of models comes before the table."""
        locked = locked_models(lock)
        if not locked:
            return self
        above = copy(self)
        above._locked, above._lock_file = locked, file  # noqa: SLF001 - a copy of itself
        return above

    def known_from(self, name: str, address: str = "") -> str:
        """Return the file that tells what is known of a model, where anything is."""
        return self._lock_file if (address or f"hf://{name}") in self._locked else _MODELS

    def model(self, name: str, address: str = "") -> ModelFacts | None:
        """Return what is known of a model, by its address in the lock, or by the name of its repository in any case.

        What neither holds may be a quantised checkpoint of a model that the table has: then `sibling` names that.
        """
        locked = self._locked.get(address or f"hf://{name}")
        if locked is not None:
            return locked
        key = name.lower()
        if key not in self._models:
            entry = self._tables.model_entries.get(key)
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
        found = sibling_of(name, self._tables.tails) if name else None
        base = self.model(found.name) if found is not None else None
        if found is None or base is None:
            return None
        if found.quantization in {"", base.quantization}:
            return replace(base, name=name, sibling=base.name)
        stored = replace(base, name=name, sibling=base.name, quantization=found.quantization, stored=None)
        return replace(stored, weight_bytes=None, towers=beyond_text(base))

    def gpu(self, name: str) -> Gpu | None:
        """Return a GPU or a MIG slice (`A100-80GB/1g.10gb`) by its name in any case."""
        return self._tables.gpus.get(plain_gpu_name(name))

    def product(self, label: str) -> str:
        """Return the name of the GPU that a node label nvidia.com/gpu.product means; blank for one unknown."""
        return self._tables.products.get(label, "")

    def gpu_like(self, name: str) -> str:
        """Suggest the GPU or the MIG slice whose name was probably meant; blank where none is near."""
        known = {_alike(gpu.name): gpu.name for gpu in (*self._tables.gpus.values(), *self.gpus)}
        near = _nearest(_alike(name), known)
        return f"Did you mean {near}?" if near else ""

    def slices(self, name: str) -> tuple[Gpu, ...]:
        """Return the MIG slices of a GPU, in the order of the table."""
        card = self.gpu(name)
        found = {gpu.name: gpu for gpu in self._tables.gpus.values() if card and gpu.name.startswith(f"{card.name}/")}
        return tuple(found.values())

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """Every whole GPU, smallest first."""
        return tuple(
            sorted({g for g in self._tables.gpus.values() if "/" not in g.name}, key=lambda g: (g.memory, g.name))
        )

    @property
    def offered(self) -> tuple[Gpu, ...]:
        """GPUs that clusters have, smallest first."""
        return tuple(g for g in self.gpus if g.capability >= _OFFERED_LEAST and not g.name.startswith(_DESKTOP))

    def engine(self, version: str) -> EngineFacts:
        """Return what holds at a version of vLLM; blank means the version that is assumed where none is known."""
        if version not in self._engines:
            wanted = parse_version(version) or parse_version(self.assumed_version)
            found = next(engine for engine in reversed(self._tables.engines) if engine.since <= wanted)
            self._engines[version] = found if parse_version(version) else replace(found, assumed=True)
        return self._engines[version]

    @property
    def start(self) -> StartFacts:
        """What recorded starts of servers took."""
        return self._tables.start

    @property
    def assumed_version(self) -> str:
        """The version that is assumed where none is known."""
        return text(self._tables.vllm.get("assumed"))

    def image_version(self, image: str) -> str:
        """Return the version of vLLM in an image; blank where no release knows it."""
        return self._releases.server_version(image)

    def as_of(self, table: str) -> str:
        """Return the day up to which a table was kept: `models`, `gpus` or `vllm`."""
        return text(self._tables.read(f"{table}.json").get("asOf"))

    @property
    def model_names(self) -> tuple[str, ...]:
        """The names of all models in the table."""
        return tuple(name for name, _ in self._tables.model_entries.values())

    def gpu_source(self, name: str) -> str:
        """Return where the memory of a GPU or a MIG slice was read; blank for one that is not in the table."""
        table = self._tables.read("gpus.json")
        card, _, profile = name.partition("/")
        entry = mapping(mapping(table.get("gpus")).get(card))
        if not profile:
            return text(entry.get("source"))
        derived = mapping(mapping(entry.get("mig")).get(profile)).get("derived") is True
        return text(mapping(table.get("migSources")).get("derived" if derived else "read"))

    @property
    def instances(self) -> tuple[GpuInstance, ...]:
        """Every shape of machine of the table, in its order."""
        return self._tables.instances

    @property
    def instance_source(self) -> str:
        """Where the shapes of machines were read."""
        return text(self._tables.read("gpus.json").get("instanceSource"))

    @property
    def engine_versions(self) -> tuple[str, ...]:
        """The versions of vLLM from which on something is different."""
        return tuple(mapping(self._tables.vllm.get("versions")))

    def engine_changes(self, version: str) -> tuple[str, ...]:
        """Name what is different from a version on, in the words of the table."""
        return tuple(mapping(mapping(self._tables.vllm.get("versions")).get(version)))


def _alike(name: str) -> str:
    """Fold what is taken for each other in the name of a GPU, too: `H1OO` and `H100`, `L4` and `I4`."""
    return plain_gpu_name(name).translate(_TAKEN)


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """Return the name whose folded form is nearest; digits tell cards apart, so that H100 is no H200."""
    if name in known:
        return known[name]
    if len(name) >= _LONGEST:
        return ""
    from difflib import get_close_matches  # noqa: PLC0415 - where a name is not written as it is known

    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    return known[near[0]] if near else ""
