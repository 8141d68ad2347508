"""`kservegen.dataclass` is held against the standard library's: the same class body, the same behaviour."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.dataclass import dataclass

Decorator = Callable[..., Callable[[type], Any]]


def bodies(decorate: Decorator) -> dict[str, Any]:
    """Declare one class of every shape with the given decorator."""

    @decorate(frozen=True, slots=True, kw_only=True)
    class Value:
        name: str
        path: tuple[str, ...] = ()
        note: str = field(default="", compare=False)
        hidden: int = field(default=0, repr=False)

    @decorate(frozen=True, slots=True, kw_only=True)
    class Extended(Value):
        more: str = "more"

    @decorate(frozen=True, slots=True, order=True)
    class Place:
        file: str
        line: int = 1

    @decorate(slots=True)
    class Bag:
        items: list[int] = field(default_factory=list)
        count: int = field(init=False, default=3)

    @decorate(slots=True, eq=False)
    class Only:
        one: int

    @decorate(frozen=True, slots=True)
    class Derived:
        number: int
        double: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "double", 2 * self.number)

    @decorate(frozen=True, slots=True)
    class Empty:
        pass

    return {c.__name__: c for c in (Value, Extended, Place, Bag, Only, Derived, Empty)}


OURS, STANDARD = bodies(dataclass), bodies(dataclasses.dataclass)
CALLS: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("Value", (), {"name": "a"}),
    ("Value", (), {"name": "a", "path": ("b",), "note": "c", "hidden": 7}),
    ("Value", (), {}),
    ("Value", ("a",), {}),
    ("Value", (), {"name": "a", "nmae": "b"}),
    ("Extended", (), {"name": "a", "more": "b"}),
    ("Extended", (), {"more": "b"}),
    ("Place", ("a",), {}),
    ("Place", ("a", 2), {}),
    ("Place", ("a", 2, 3), {}),
    ("Place", (), {"line": 2}),
    ("Bag", (), {}),
    ("Bag", ([1],), {}),
    ("Bag", ([1], 2), {}),
    ("Only", (1,), {}),
    ("Derived", (4,), {}),
    ("Empty", (), {}),
    ("Empty", (1,), {}),
]


def outcome(call: Callable[[], object]) -> object:
    """Return what a call returns, or the exception it ends in, comparable across the two worlds."""
    try:
        return call()
    except (TypeError, FrozenInstanceError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(("name", "values", "named"), CALLS)
def test_instances_are_made_alike(name: str, values: tuple[object, ...], named: dict[str, object]) -> None:
    ours = outcome(lambda: repr(OURS[name](*values, **named)))
    assert ours == outcome(lambda: repr(STANDARD[name](*values, **named)))


@pytest.mark.parametrize("name", OURS)
def test_a_class_looks_alike(name: str) -> None:
    ours, standard = OURS[name], STANDARD[name]
    assert ours.__slots__ == standard.__slots__
    assert ours.__match_args__ == standard.__match_args__
    assert (ours.__hash__ is None) == (standard.__hash__ is None)
    assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(standard)]


@given(st.text(max_size=2), st.integers(0, 3), st.text(max_size=2), st.integers(0, 3))
def test_instances_compare_and_hash_alike(file: str, line: int, other_file: str, other_line: int) -> None:
    ours = OURS["Place"](file, line), OURS["Place"](other_file, other_line)
    standard = STANDARD["Place"](file, line), STANDARD["Place"](other_file, other_line)
    for operation in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(ours[0], operation)(ours[1]) == getattr(standard[0], operation)(standard[1])
    assert hash(ours[0]) == hash(standard[0])


def test_what_is_not_compared_tells_nothing_apart() -> None:
    value = OURS["Value"](name="a", note="b")
    assert value == OURS["Value"](name="a", note="c")
    assert value != OURS["Value"](name="a", hidden=1)
    assert value != OURS["Extended"](name="a", note="b")
    assert OURS["Only"](1) != OURS["Only"](1)


@pytest.mark.parametrize("name", ["Value", "Extended"])
def test_a_frozen_instance_stays_as_it_is(name: str) -> None:
    def assign(instance: Any) -> None:  # noqa: ANN401 - of either class
        instance.name = "b"

    def delete(instance: Any) -> None:  # noqa: ANN401
        del instance.name

    ours, standard = OURS[name](name="a"), STANDARD[name](name="a")
    assert outcome(lambda: assign(ours)) == outcome(lambda: assign(standard))
    assert outcome(lambda: delete(ours)) == outcome(lambda: delete(standard))
    assert outcome(lambda: replace(ours, name="b").name) == "b"
    assert ours.name == "a"


def test_each_instance_has_its_own_default() -> None:
    first, second = OURS["Bag"](), OURS["Bag"]()
    first.items.append(1)
    assert second.items == []
