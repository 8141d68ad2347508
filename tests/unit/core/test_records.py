"""`dataclass` of `core/records.py` against the standard library's: what one class does, the other does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from kservegen.core import records


def shapes(dataclass: Callable[..., Any]) -> dict[str, Any]:
    """Make a class of each form that the package has."""

    @dataclass(frozen=True, slots=True)
    class Place:
        file: str
        line: int = 1
        notes: list[str] = dataclasses.field(default_factory=list, compare=False)

        def __str__(self) -> str:
            return f"{self.file}:{self.line}"

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        file: str
        line: int = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Words:
        name: str
        length: int = dataclasses.field(init=False, repr=False)
        kind: str = dataclasses.field(init=False, default="word")
        seen: set[str] = dataclasses.field(init=False, default_factory=set, compare=False)
        place: str = "here"

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.name))

    @dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
    class Same:
        name: str

    @dataclass(slots=True)
    class Changing:
        count: int = 0
        items: list[str] = dataclasses.field(default_factory=list)

    @dataclass(frozen=True, kw_only=True)
    class Loose:
        name: str

        @cached_property
        def upper(self) -> str:
            return self.name.upper()

    @dataclass(frozen=True, slots=True)
    class Longer(Place):
        end: int = 9

    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    made = (Place, Ordered, Words, Same, Changing, Loose, Longer, Nothing)
    return {each.__name__: each for each in made}


OURS, STANDARD = shapes(records.dataclass), shapes(dataclasses.dataclass)


def outcome(of: Callable[[dict[str, Any]], Any], classes: dict[str, Any]) -> str:
    """Return what comes of it, or the error."""
    try:
        return repr(of(classes))
    except (TypeError, AttributeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    "of",
    [
        lambda c: c["Place"]("a"),
        lambda c: c["Place"](line=3, file="a", notes=["x"]),
        lambda c: str(c["Place"]("a")),
        lambda c: c["Place"](),
        lambda c: c["Place"]("a", 1, [], 2),
        lambda c: c["Place"]("a", column=1),
        lambda c: c["Place"]("a") == c["Place"]("a", notes=["x"]),
        lambda c: c["Place"]("a") == c["Place"]("b"),
        lambda c: c["Place"]("a") == c["Ordered"]("a"),
        lambda c: c["Place"]("a") == "a",
        lambda c: hash(c["Place"]("a", 2)) == hash(("a", 2)),
        lambda c: len({c["Place"]("a"), c["Place"]("a", 1), c["Place"]("a", 2)}),
        lambda c: c["Place"]("a") < c["Place"]("b"),
        lambda c: sorted([c["Ordered"]("b"), c["Ordered"]("a", 2), c["Ordered"]("a")]),
        lambda c: [c["Ordered"]("a") <= c["Ordered"]("a"), c["Ordered"]("a") > c["Ordered"]("a")],
        lambda c: c["Ordered"]("a") >= c["Place"]("a"),
        lambda c: c["Place"].__match_args__,
        lambda c: c["Words"].__match_args__,
        lambda c: c["Words"]("a"),
        lambda c: c["Words"](name="four"),
        lambda c: c["Words"](name="four").length,
        lambda c: c["Words"](name="four", length=1),
        lambda c: c["Words"](name="a") == c["Words"](name="a"),
        lambda c: c["Words"](name="a").seen is c["Words"](name="a").seen,
        lambda c: setattr(c["Place"]("a"), "file", "b"),
        lambda c: delattr(c["Place"]("a"), "file"),
        lambda c: c["Place"].file,
        lambda c: dataclasses.replace(c["Words"](name="a", place="x"), name="bb"),
        lambda c: dataclasses.replace(c["Words"](name="a"), kind="b"),
        lambda c: [(each.name, each.type) for each in dataclasses.fields(c["Words"])],
        lambda c: dataclasses.asdict(c["Longer"]("a", 1, ["x"])),
        lambda c: c["Longer"]("a", 2, [], 3),
        lambda c: c["Longer"]("a") == c["Place"]("a"),
        lambda c: str(c["Longer"]("a", 2)),
        lambda c: c["Longer"].__slots__,
        lambda c: c["Same"]("a") == c["Same"]("a"),
        lambda c: hash(c["Same"]("a")) == hash("a"),
        lambda c: weakref.ref(c["Same"]("a"))(),
        lambda c: weakref.ref(c["Place"]("a")),
        lambda c: hash(c["Changing"]()),
        lambda c: c["Changing"]() == c["Changing"](0, []),
        lambda c: setattr(c["Changing"](), "other", 1),
        lambda c: vars(c["Changing"]()),
        lambda c: c["Loose"](name="a").upper,
        lambda c: setattr(c["Loose"](name="a"), "name", "b"),
        lambda c: c["Nothing"]() == c["Nothing"](),
        lambda c: c["Nothing"](1),
        lambda c: copy.copy(c["Words"](name="a")),
        lambda c: copy.deepcopy(c["Changing"](2, ["a"])),
    ],
)
def test_it_is_as_the_standard_one(of: Callable[[dict[str, Any]], Any]) -> None:
    assert outcome(of, OURS) == outcome(of, STANDARD)


@records.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What goes to another process."""

    name: str
    size: int = 1


def test_it_is_sent_to_other_processes() -> None:
    written = pickle.dumps(Sent(name="a"))
    assert pickle.loads(written) == Sent(name="a")  # noqa: S301 - written above
    assert hash(pickle.loads(written)) == hash(Sent(name="a"))  # noqa: S301
