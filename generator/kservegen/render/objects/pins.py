"""What a lock holds in; the addresses of models with their revision written out.

KServe's storage initializer reads `hf://owner/model:revision`; without one it downloads whatever is newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

HUB: Final = "hf://"
# By kind: the field that says which model is served.
PINNED: Final[Mapping[str, Path]] = {
    "InferenceService": ("spec", "predictor", "model", "storageUri"),
    "LLMInferenceService": ("spec", "model", "uri"),
}


def served_addresses(spec: JsonValue) -> tuple[str, ...]:
    """List the addresses of models that an object's spec names, in its order, each once: adapters and copies, too."""
    return tuple(dict.fromkeys(address for address in map(text, _addresses(spec)) if "://" in address))


def _addresses(value: JsonValue) -> Iterator[JsonValue]:
    """Walk for the fields that KServe's kinds hold addresses of models in."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key in {"storageUri", "uri"} and isinstance(child, str):
                yield child
            else:
                yield from _addresses(child)
        if value.get("name") == "STORAGE_URI":
            yield value.get("value")
    elif isinstance(value, list):
        for child in value:
            yield from _addresses(child)


def pins_of(locked: JsonObject) -> Mapping[str, str]:
    """Return the revision of every address on the Hub that the lock holds and that states none itself."""
    revisions = {address: text(mapping(entry).get("revision")) for address, entry in locked.items()}
    return {a: revision for a, revision in revisions.items() if revision and is_unpinned(a)}


def is_unpinned(address: str) -> bool:
    """Whether an address is one on the Hub without a revision."""
    return address.startswith(HUB) and ":" not in address.removeprefix(HUB)


def pin(doc: JsonObject, pins: Mapping[str, str]) -> None:
    """Write the locked revision into the address of a finished object's model, in place."""
    path = PINNED.get(text(doc.get("kind")))
    if path is None:
        return
    holder = doc
    for part in path[:-1]:
        holder = mapping(holder.get(str(part)))
    address = text(holder.get(str(path[-1])))
    if address in pins:
        holder[str(path[-1])] = f"{address}:{pins[address]}"
