"""What an environment's lock holds of models in; their facts by address out.

An entry without dimensions pins a revision and says nothing to the estimate: the shipped table is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from kservegen.checks.gpu.model import GIB, ModelFacts
from kservegen.checks.gpu.model_reader import read_model
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject


def locked_models(models: JsonObject) -> Mapping[str, ModelFacts]:
    """Return the facts of every model that the lock has dimensions of, by its address as written and as rendered.

    What several locks say alike of a model is one: what was counted of it is known.
    """
    found: dict[str, ModelFacts] = {}
    for address, value in models.items():
        entry = mapping(value)
        config = mapping(entry.get("config"))
        if not config:
            continue
        sizes = [size for item in mapping(entry.get("weightBytes")).values() if (size := integer(item)) is not None]
        name = address.partition("://")[2].partition(":")[0]
        words = {**config, "quantization": text(entry.get("quantization")), "safetensors_weight_gib": sum(sizes) / GIB}
        facts = _read(_Said(name, words, repr(words)))
        revision = text(entry.get("revision"))
        found.update({address: facts, f"{address}:{revision}" if revision else address: facts})
    return found


class _Said(Struct, frozen=True, eq=False):
    """What a lock says of a model; what is written alike is equal, as 1 is not true there."""

    name: str
    words: JsonObject
    written: str

    def __hash__(self) -> int:
        return hash((self.name, self.written))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and (self.name, self.written) == (other.name, other.written)


@lru_cache(maxsize=4096)
def _read(said: _Said) -> ModelFacts:
    return read_model(said.name, said.words)
