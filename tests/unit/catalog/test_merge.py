"""The merge law as a table, as properties, and the way back from a merged value to its layer."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.catalog.merge import MERGE_KEYS, MergedPlace, MergeLayer, locate_merged, merge_values
from kservegen.core.jsontypes import JsonObject, Path

TABLE: list[tuple[str, JsonObject, JsonObject, JsonObject]] = [
    ("maps merge", {"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
    ("scalars replace", {"a": 1}, {"a": 2}, {"a": 2}),
    ("a map replaces a scalar", {"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ("a scalar replaces a map", {"a": {"x": 1}}, {"a": 1}, {"a": 1}),
    ("null deletes", {"a": 1, "b": 2}, {"a": None}, {"b": 2}),
    ("null deletes inside", {"a": {"x": 1, "y": 2}}, {"a": {"x": None}}, {"a": {"y": 2}}),
    ("null leaves no trace", {}, {"a": {"x": None, "y": 1}}, {"a": {"y": 1}}),
    ("plain lists replace", {"args": ["a", "b"]}, {"args": ["c"]}, {"args": ["c"]}),
    ("an empty list replaces", {"args": ["a"]}, {"args": []}, {"args": []}),
    (
        "env merges by name and keeps its order",
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]},
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]},
    ),
    (
        "an item is deleted by $patch",
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"env": [{"name": "A", "$patch": "delete"}]},
        {"env": [{"name": "B", "value": "2"}]},
    ),
    ("deleting what is not there", {}, {"env": [{"name": "A", "$patch": "delete"}]}, {"env": []}),
    (
        "mounts merge by path",
        {"volumeMounts": [{"mountPath": "/a", "name": "x"}]},
        {"volumeMounts": [{"mountPath": "/a", "readOnly": True}]},
        {"volumeMounts": [{"mountPath": "/a", "name": "x", "readOnly": True}]},
    ),
    (
        "ports merge by number and protocol, TCP where none is said",
        {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
        {"ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
        {
            "ports": [
                {"containerPort": 80, "protocol": "TCP", "name": "http"},
                {"containerPort": 80, "protocol": "UDP"},
            ]
        },
    ),
    (
        "a list of odd items replaces",
        {"env": [{"name": "A", "value": "1"}]},
        {"env": [{"value": "no name"}]},
        {"env": [{"value": "no name"}]},
    ),
    ("tolerations are atomic", {"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]},
     {"tolerations": [{"key": "b"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "base", "over", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_merge(name: str, base: JsonObject, over: JsonObject, expected: JsonObject) -> None:
    before = copy.deepcopy((base, over))
    assert merge_values(base, over) == expected, name
    assert (base, over) == before, "arguments are left as they were"


def test_kept_nulls_delete_when_they_meet_their_base() -> None:
    overlay = merge_values({"a": 1, "b": {"x": 1}}, {"a": None, "b": {"x": None}}, keep_nulls=True)
    assert overlay == {"a": None, "b": {"x": None}}
    assert merge_values({"a": 5, "b": {"x": 5, "y": 5}}, overlay) == {"b": {"y": 5}}


def test_an_environment_brings_back_what_the_defaults_removed() -> None:
    overlay = merge_values({"model": None}, {"model": {"minReplicas": 2}}, keep_nulls=True)
    assert overlay == {"model": {"minReplicas": 2}}


KEYS = st.sampled_from(["a", "b", "env", "args", "volumeMounts"])
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=3))
ITEMS = st.fixed_dictionaries({"name": st.sampled_from(["A", "B", "C"])}, optional={"value": SCALARS})


def _documents(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[JsonObject]:
    lists = st.one_of(st.lists(SCALARS, max_size=3), st.lists(ITEMS, max_size=3, unique_by=lambda item: item["name"]))
    values = st.recursive(
        st.one_of(leaves, lists), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
    )
    return st.dictionaries(KEYS, values, max_size=4)  # type: ignore[arg-type]


PLAIN = _documents(SCALARS)
WITH_NULLS = _documents(st.one_of(SCALARS, st.none()))


@given(PLAIN)
def test_merging_with_nothing_changes_nothing(document: JsonObject) -> None:
    assert merge_values(document, {}) == document
    assert merge_values({}, document) == document


@given(PLAIN)
def test_merging_with_itself_changes_nothing(document: JsonObject) -> None:
    assert merge_values(document, document) == document


@given(WITH_NULLS, WITH_NULLS)
def test_no_null_survives(base: JsonObject, over: JsonObject) -> None:
    def nulls(value: object) -> bool:
        if isinstance(value, dict):
            return any(nulls(item) for item in value.values())
        return value is None or (isinstance(value, list) and any(nulls(item) for item in value))

    assert not nulls(merge_values(merge_values({}, base), over))


@given(PLAIN, PLAIN, PLAIN)
def test_order_of_grouping_does_not_matter_without_deletions(a: JsonObject, b: JsonObject, c: JsonObject) -> None:
    kinds = [_shape(document) for document in (a, b, c)]
    if all(_compatible(kinds[i], kinds[j]) for i in range(3) for j in range(i)):
        assert merge_values(merge_values(a, b), c) == merge_values(a, merge_values(b, c))


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return "items" if value and all(isinstance(item, dict) for item in value) else "list"
    return "scalar"


def _compatible(one: object, other: object) -> bool:
    """Whether no path holds different kinds of values: replacing a map by a scalar does not commute with merging."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_compatible(one[key], other[key]) for key in one.keys() & other.keys())
    return one == other


def merge_all(layers: Sequence[MergeLayer]) -> JsonObject:
    """Merge layers in order; a layer that is null removes all before it."""
    out: JsonObject = {}
    for layer in layers:
        out = merge_values(out, layer.value) if isinstance(layer.value, dict) else {}
    return out


@given(WITH_NULLS, WITH_NULLS)
def test_every_value_is_found_in_the_layer_that_wrote_it(first: JsonObject, second: JsonObject) -> None:
    layers = [MergeLayer("first", first), MergeLayer("second", second)]
    merged = merge_all(layers)
    for path, value in _leaves(merged, ()):
        place = locate_merged(layers, merged, path)
        assert place.exact
        assert _at(layers[place.layer].value, place.path) == value


def _leaves(value: object, path: Path) -> list[tuple[Path, object]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [] if isinstance(value, dict | list) else [(path, value)]


def _at(value: object, path: Path) -> object:
    for part in path:
        value = value[part]  # type: ignore[index]
    return value


LAYERS = [
    MergeLayer("defaults", {"labels": {"team": "a"}, "env": [{"name": "A", "value": "1"}], "minReplicas": 1}),
    MergeLayer("model", {"env": [{"name": "B", "value": "2"}], "labels": {"tier": "x"}}),
    MergeLayer("prod", {"env": [{"name": "B", "value": "3"}], "minReplicas": 2}),
]

PLACES: list[tuple[Path, MergedPlace]] = [
    (("labels", "team"), MergedPlace(0, ("labels", "team"), exact=True)),
    (("labels", "tier"), MergedPlace(1, ("labels", "tier"), exact=True)),
    (("minReplicas",), MergedPlace(2, ("minReplicas",), exact=True)),
    (("env", 0, "value"), MergedPlace(0, ("env", 0, "value"), exact=True)),
    (("env", 1, "value"), MergedPlace(2, ("env", 0, "value"), exact=True)),
    (("env", 1, "name"), MergedPlace(2, ("env", 0, "name"), exact=True)),
    (("labels", "absent"), MergedPlace(1, ("labels",), exact=False)),
    (("absent", "deep"), MergedPlace(2, (), exact=False)),
]


@pytest.mark.parametrize(("path", "expected"), PLACES, ids=[str(p[0]) for p in PLACES])
def test_locate(path: Path, expected: MergedPlace) -> None:
    assert locate_merged(LAYERS, merge_all(LAYERS), path) == expected


def test_a_later_layer_that_deletes_and_one_that_sets_again() -> None:
    layers = [MergeLayer("a", {"x": {"y": 1}}), MergeLayer("b", {"x": None}), MergeLayer("c", {"x": {"z": 2}})]
    merged = merge_all(layers)
    assert merged == {"x": {"z": 2}}
    assert locate_merged(layers, merged, ("x", "z")) == MergedPlace(2, ("x", "z"), exact=True)


def test_no_merge_key_is_spelt_twice() -> None:
    assert list(MERGE_KEYS) == sorted(MERGE_KEYS)
