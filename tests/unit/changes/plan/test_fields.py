"""Which fields differ between two documents, and what is not said of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kservegen.changes.plan.fields import compare_fields, is_same
from kservegen.changes.plan.model import ABSENT, FieldChange
from kservegen.core.jsontypes import JsonObject
from kservegen.core.secrets import HIDDEN

CASES: dict[str, tuple[Any, Any, list[tuple[Any, ...]]]] = {
    "nothing": ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
    "a number is the same however it is written": ({"a": 1}, {"a": 1.0}, []),
    "true is not 1": ({"a": 1}, {"a": True}, [("a", 1, True)]),
    "text is no number": ({"a": "1"}, {"a": 1}, [("a", "1", 1)]),
    "the order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    "a value": ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
    "comes": ({}, {"a": {"b": 1}}, [("a", ABSENT, {"b": 1})]),
    "goes": ({"a": 1}, {}, [("a", 1, ABSENT)]),
    "null is a value": ({"a": None}, {}, [("a", None, ABSENT)]),
    "another kind of value": ({"a": [1]}, {"a": {"b": 1}}, [("a", [1], {"b": 1})]),
    "a key with a dot": ({"m": {"a.b/c": 1}}, {"m": {"a.b/c": 2}}, [('m["a.b/c"]', 1, 2)]),
    "env by name": (
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"env": [{"name": "C", "value": "3"}, {"name": "B", "value": "4"}]},
        [
            ("env[C]", ABSENT, {"name": "C", "value": "3"}),
            ("env[B].value", "2", "4"),
            ("env[A]", {"name": "A", "value": "1"}, ABSENT),
        ],
    ),
    "env within containers": (
        {"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]},
        {"containers": [{"name": "main", "env": [{"name": "A", "value": "2"}]}]},
        [("containers[main].env[A].value", "1", "2")],
    ),
    "the order of env alone": (
        {"env": [{"name": "A"}, {"name": "B"}]},
        {"env": [{"name": "B"}, {"name": "A"}]},
        [("env (order)", ["A", "B"], ["B", "A"])],
    ),
    "ports by number and protocol": (
        {"ports": [{"containerPort": 80, "name": "a"}]},
        {"ports": [{"containerPort": 80, "name": "b", "protocol": "TCP"}]},
        [("ports[80/TCP].name", "a", "b"), ("ports[80/TCP].protocol", ABSENT, "TCP")],
    ),
    "a key that stands twice is no key": (
        {"env": [{"name": "A"}, {"name": "A"}]},
        {"env": [{"name": "A"}, {"name": "B"}]},
        [("env[1].name", "A", "B")],
    ),
    "args of one length by place": ({"args": ["--a", "--b"]}, {"args": ["--a", "--c"]}, [("args[1]", "--b", "--c")]),
    "an argument more": ({"args": ["--a", "--c"]}, {"args": ["--a", "--b", "--c"]}, [("args[1]", ABSENT, "--b")]),
    "an argument less": ({"args": ["--a", "--b", "--c"]}, {"args": ["--b", "--c"]}, [("args[0]", "--a", ABSENT)]),
    "arguments that change and one more": (
        {"args": ["--a", "--b", "--c"]},
        {"args": ["--a", "--x", "--y", "--z", "--c"]},
        [("args[1]", "--b", "--x"), ("args[2]", ABSENT, "--y"), ("args[3]", ABSENT, "--z")],
    ),
    "arguments that change and one less": (
        {"args": ["--a", "--x", "--y", "--z", "--c"]},
        {"args": ["--a", "--b", "--c"]},
        [("args[1]", "--x", "--b"), ("args[2]", "--y", ABSENT), ("args[3]", "--z", ABSENT)],
    ),
    "one argument goes and another one comes": (
        {"args": ["--a", "--b", "--c"]},
        {"args": ["--b", "--c", "--d"]},
        [("args[0]", "--a", ABSENT), ("args[2]", ABSENT, "--d")],
    ),
    "health checks by what they are": (
        {"healthChecks": [{"kind": "K", "namespace": "n", "name": "a"}, {"kind": "K", "namespace": "n", "name": "c"}]},
        {"healthChecks": [{"kind": "K", "namespace": "n", "name": name} for name in "abc"]},
        [("healthChecks[K/n/b]", ABSENT, {"kind": "K", "namespace": "n", "name": "b"})],
    ),
    "destinations by what they are": (
        {"destinations": [{"server": "s", "namespace": "a"}, {"server": "s", "namespace": "b"}]},
        {"destinations": [{"server": "s", "namespace": "b"}, {"server": "s", "namespace": "c"}]},
        [
            ("destinations[s/c]", ABSENT, {"server": "s", "namespace": "c"}),
            ("destinations[s/a]", {"server": "s", "namespace": "a"}, ABSENT),
        ],
    ),
    "what else a named item says": (
        {"dependsOn": [{"name": "a", "x": 1}, {"name": "b", "x": 1}]},
        {"dependsOn": [{"name": "b", "x": 2}]},
        [("dependsOn[b].x", 1, 2), ("dependsOn[a]", {"name": "a", "x": 1}, ABSENT)],
    ),
    "one name in place of another": (
        {"backendRefs": [{"name": "a", "port": 80}]},
        {"backendRefs": [{"name": "b", "port": 80}]},
        [("backendRefs[0].name", "a", "b")],
    ),
    "items without a name by place": (
        {"rules": [{"matches": [1]}, {"matches": [2]}]},
        {"rules": [{"matches": [1]}, {"matches": [3]}]},
        [("rules[1].matches[0]", 2, 3)],
    ),
    "a long list of one length by place": ({"l": [0] * 500}, {"l": [*[0] * 499, 1]}, [("l[499]", 0, 1)]),
    "a long list": ({"l": [0] * 500}, {"l": [0] * 501}, [("l", [0] * 500, [0] * 501)]),
}


@pytest.mark.parametrize("case", CASES)
def test_fields_that_differ(case: str) -> None:
    old, new, expected = CASES[case]
    assert compare_fields(old, new) == tuple(FieldChange(*fields) for fields in expected)


HIDES: dict[str, tuple[JsonObject, JsonObject, Any, Any]] = {
    "env by its name": (
        {"env": [{"name": "HF_TOKEN", "value": "hf_1"}]},
        {"env": [{"name": "HF_TOKEN", "value": "hf_2"}]},
        HIDDEN,
        HIDDEN,
    ),
    "a whole item": (
        {"env": []},
        {"env": [{"name": "dbPassword", "value": "x"}]},
        ABSENT,
        {"name": "dbPassword", "value": HIDDEN},
    ),
    "an argument": ({"args": ["--api-key=a"]}, {"args": ["--api-key=b"]}, f"--api-key={HIDDEN}", f"--api-key={HIDDEN}"),
    "an address": ({"u": "s3://me:pw@h/a"}, {"u": "s3://me:pw@h/b"}, f"s3://me:{HIDDEN}@h/a", f"s3://me:{HIDDEN}@h/b"),
    "data of a Secret": ({"kind": "Secret", "data": {"a": "eA=="}}, {"kind": "Secret", "data": {}}, HIDDEN, ABSENT),
    "no secret: a number of tokens": ({"max-num-batched-tokens": "1"}, {"max-num-batched-tokens": "2"}, "1", "2"),
    "no secret: where one stands": ({"secretName": "a"}, {"secretName": "b"}, "a", "b"),
    "no secret: a reference": (
        {"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "a"}}}]},
        {"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "b"}}}]},
        "a",
        "b",
    ),
}


@pytest.mark.parametrize("case", HIDES)
def test_what_may_be_a_secret_is_not_repeated(case: str) -> None:
    old, new, left, right = HIDES[case]
    (change,) = compare_fields(old, new)
    assert (change.old, change.new) == (left, right)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["env", "name", "x"]), inner, max_size=3)
    ),
)
DOCUMENTS = st.dictionaries(st.sampled_from(["env", "containers", "spec"]), JSON, max_size=3)


@given(DOCUMENTS)
def test_nothing_differs_from_itself(document: JsonObject) -> None:
    assert compare_fields(document, json.loads(json.dumps(document))) == ()


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_not_the_same_has_a_field_that_says_so(old: JsonObject, new: JsonObject) -> None:
    assert (compare_fields(old, new) == ()) is is_same(old, new)


@given(DOCUMENTS, DOCUMENTS)
@example({"env": [[], []]}, {"env": [None, [], None]})
def test_the_way_back_swaps_old_and_new(old: JsonObject, new: JsonObject) -> None:
    there, back = compare_fields(old, new), compare_fields(new, old)
    assert sorted(map(repr, map(tuple, map(_placeless, back)))) == sorted(
        repr((c.path, c.new, c.old)) for c in map(_placeless, there)
    )


def _placeless(change: FieldChange) -> FieldChange:
    """Leave out places in lists: of an item that moves and changes, the place after is told."""
    return change._replace(path=re.sub(r"\[\d+\]", "[]", change.path))
