"""What entries share is said once, and merges to what each of them said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.catalog.editing.compact_text import compact_text
from kservegen.catalog.merge import merge_values
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.yaml.load import load_strict
from kservegen.render.compact.factoring import (
    common_words,
    layered,
    shared_profiles,
    uri_prefixes,
    with_uris,
    words_beside,
)

ODD = st.sampled_from(["a\nb\n", "no", "1", ": #"])
SCALARS = st.one_of(
    st.booleans(), st.integers(-9, 9), st.text(max_size=4), st.sampled_from(["a\nb\n", "no", "1", ": #"])
)
ITEM = st.fixed_dictionaries({"name": st.sampled_from("abcd"), "value": SCALARS})
ENV = st.lists(ITEM, max_size=4, unique_by=lambda item: str(item["name"]))
BELOW = st.dictionaries(st.sampled_from(["x", "y", "z"]), SCALARS, max_size=3)
NESTED = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3), max_leaves=12
)
WORDS = st.fixed_dictionaries(
    {}, optional={"minReplicas": SCALARS, "env": ENV, "labels": BELOW, "args": st.lists(SCALARS, max_size=2)}
)


@given(st.dictionaries(st.sampled_from(["dev", "staging", "prod"]), WORDS, min_size=1))
def test_each_environment_merges_to_what_it_said(by_environment: dict[str, JsonObject]) -> None:
    said = layered(by_environment)
    for name, words in by_environment.items():
        assert merge_values(said.words, said.overlays.get(name, {})) == words


@given(st.lists(WORDS, min_size=1, max_size=3))
def test_what_is_common_and_what_is_beside_it_are_the_whole(values: list[JsonObject]) -> None:
    common = common_words(values)
    for own in values:
        assert merge_values(common, words_beside(own, common)) == own


@given(st.dictionaries(st.text(min_size=1, max_size=6), NESTED, min_size=1))
def test_a_file_says_what_it_was_made_of(words: JsonObject) -> None:
    text = compact_text(words)
    loaded = load_strict(text.encode(), "file")
    assert not loaded.diagnostics
    assert loaded.value == words


@pytest.mark.parametrize(
    ("pairs", "others", "expected"),
    [
        ([("s3://dev/a", "s3://prod/a"), ("s3://dev/b", "s3://prod/b"), ("s3://dev/c", "s3://prod/c")], [], True),
        ([("s3://dev/a", "s3://prod/a"), ("s3://dev/b", "s3://prod/b")], [], False),  # too few to be a rule
        ([("s3://dev/a", "s3://prod/a"), ("s3://dev/b", "s3://prod/b"), ("s3://dev/c", "s3://x/d")], [], False),
        ([(f"s3://dev/{n}", f"s3://prod/{n}") for n in "abc"] + [("s3://dev/d", "s3://dev/d")], [], False),
        ([(f"s3://dev/{n}", f"s3://prod/{n}") for n in "abc"], ["s3://dev/e"], False),  # would be rewritten
        ([(f"s3://dev/{n}", f"s3://prod/{n}") for n in "abc"], ["s3://prod/e"], True),
    ],
)
def test_a_prefix_of_uris_explains_all_or_none(pairs: list[tuple[str, str]], others: list[str], expected: bool) -> None:
    assert uri_prefixes(pairs, others) == ({"s3://dev/": "s3://prod/"} if expected else {})


def test_the_order_of_keys_says_nothing() -> None:
    """Who wrote them sorts keys as he likes."""
    one: JsonObject = {"resources": {"requests": {"cpu": "1", "memory": "2Gi"}}, "env": [{"name": "A", "value": "b"}]}
    other: JsonObject = {"env": [{"value": "b", "name": "A"}], "resources": {"requests": {"memory": "2Gi", "cpu": "1"}}}
    assert layered({"dev": one, "prod": other}).overlays == {}
    assert common_words([one, other]) == one
    entries = {("ns", str(n)): {"storageUri": str(n), **(one if n % 2 else other)} for n in range(4)}
    assert list(shared_profiles(entries).profiles.values()) == [one]


def test_uris_stand_for_what_the_environment_makes_of_them() -> None:
    words: JsonObject = {
        "storageUri": "s3://prod/a",
        "model": {"uri": "s3://prod/b"},
        "env": [{"name": "STORAGE_URI", "value": "s3://prod/c"}, {"name": "OTHER", "value": "s3://prod/d"}],
    }
    assert with_uris(words, {"s3://dev/": "s3://prod/"}) == {
        "storageUri": "s3://dev/a",
        "model": {"uri": "s3://dev/b"},
        "env": [{"name": "STORAGE_URI", "value": "s3://dev/c"}, {"name": "OTHER", "value": "s3://prod/d"}],
    }


def test_a_profile_is_what_three_entries_say_alike() -> None:
    common: JsonObject = {"minReplicas": 1, "serviceAccountName": "reader"}
    entries = {("ns", name): {"modelFormat": "sklearn", "storageUri": name, **common} for name in "abc"}
    shared = shared_profiles({**entries, ("ns", "d"): {"modelFormat": "sklearn", "minReplicas": 1}})
    assert shared.profiles == {"sklearn": common}
    assert shared.taken == dict.fromkeys(entries, "sklearn")
    assert shared_profiles({key: entries[key] for key in list(entries)[:2]}).profiles == {}
