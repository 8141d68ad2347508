"""Configurations as models publish them, against arithmetic by hand: parameters, keys and values, states, and gaps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from kservegen.catalog.lock.entry import described
from kservegen.catalog.lock.sense import senseless
from kservegen.checks.gpu.arguments import Server
from kservegen.checks.gpu.cache import plan_kv_cache
from kservegen.checks.gpu.fact_store import FactStore
from kservegen.checks.gpu.model import Layers, ModelFacts
from kservegen.checks.gpu.model_reader import read_model
from kservegen.checks.gpu.weights import count
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.releases import Releases

ROOT = Path(__file__).parents[4]
TABLE: dict[str, JsonObject] = json.loads((ROOT / "tests/gpu/configurations.json").read_text("utf-8"))["configurations"]
ENGINE = FactStore(ROOT / "facts", Releases([])).engine("0.24.0")
KNOWN = [name for name, entry in TABLE.items() if not entry.get("gap")]


def read(name: str) -> ModelFacts:
    entry = described(mapping(TABLE[name]["config"]))
    words = mapping(entry["config"])
    assert list(senseless(words)) == []
    return read_model(name, {**words, "quantization": entry["quantization"]})


def token_bytes(model: ModelFacts, kept: Layers) -> int:
    """Return the bytes of one token over some layers, from the blocks that the cache is cut into."""
    some = replace(model, layers=kept, state=None)
    cut = plan_kv_cache(some, Server(cache_dtype="bfloat16"), ENGINE, model.depth)
    tokens = 16 * 64
    return cut.blocks_for(tokens, 1 << 40) * cut.block_bytes // tokens if kept.attending else 0


def test_there_are_enough() -> None:
    assert len(TABLE) >= 60


@pytest.mark.parametrize("name", KNOWN)
def test_what_a_configuration_says_is_what_a_hand_counts(name: str) -> None:
    model, said = read(name), TABLE[name]
    assert not model.gap
    billions = float(str(said["billions"]))
    assert not billions or count(model).total / 1e9 == pytest.approx(billions, rel=0.02)
    assert token_bytes(model, Layers(full=model.layers.full)) == said["fullBytes"]
    # A window that no request outgrows keeps every token, and one block more.
    windowed = model.layers.windowed and token_bytes(
        replace(model, global_heads=None), Layers(full=model.layers.windowed)
    )
    assert windowed == said["windowedBytes"]
    state = model.state
    each = state.convolution * model.element_bytes + state.recurrent * state.recurrent_bytes if state else 0
    assert each * model.layers.state == integer(said["stateBytes"])


@pytest.mark.parametrize("name", [name for name, entry in TABLE.items() if entry.get("gap")])
def test_what_is_not_understood_is_a_gap_that_says_which_word(name: str) -> None:
    assert text(TABLE[name]["gap"]) in read(name).gap
