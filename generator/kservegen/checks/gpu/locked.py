"""What an environment's lock holds of models in; their facts by address out.

An entry without dimensions pins a revision and says nothing to the estimate: the shipped table is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from kservegen.checks.gpu.model import GIB, ModelFacts
from kservegen.checks.gpu.model_reader import read_model
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject


def locked_models(models: JsonObject, file: str) -> Mapping[str, ModelFacts]:
    """Return the facts of every model that the lock has dimensions of, by its address as written and as rendered."""
    found: dict[str, ModelFacts] = {}
    for address, value in models.items():
        entry = mapping(value)
        config = mapping(entry.get("config"))
        if not config:
            continue
        sizes = [size for item in mapping(entry.get("weightBytes")).values() if (size := integer(item)) is not None]
        name = address.partition("://")[2].partition(":")[0]
        words = {**config, "quantization": text(entry.get("quantization")), "safetensors_weight_gib": sum(sizes) / GIB}
        facts = replace(read_model(name, words), known_from=file)
        revision = text(entry.get("revision"))
        found.update({address: facts, f"{address}:{revision}" if revision else address: facts})
    return found
