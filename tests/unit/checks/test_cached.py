"""What rules find is kept: a function in, one that finds the same of the same object out."""

from __future__ import annotations

from msgspec import Struct

from kservegen.checks.rules._cached import cached, cached_by_context, cached_by_object, forget


class Subject(Struct, eq=False, dict=True):
    """An object, or a context; `asked` counts how often it was looked at."""

    name: str
    asked: int = 0


def _find(subject: Subject) -> str:
    subject.asked += 1
    return subject.name


def _find_in(subject: Subject, context: Subject) -> str:
    context.asked += 1
    return subject.name + context.name


def test_an_object_is_looked_at_once_and_goes_by_identity() -> None:
    find, one, other = cached_by_object(_find), Subject("a"), Subject("a")
    assert [find(one), find(other), find(one), find(other)] == ["a"] * 4
    assert (one.asked, other.asked) == (1, 1)
    assert [find(Subject(str(number))) for number in range(2000)] == list(map(str, range(2000)))
    assert find(one) == "a"


def test_a_context_keeps_what_was_found_in_it() -> None:
    find, one, other = cached_by_context(_find), Subject("a"), Subject("b")
    assert [find(one), find(other), find(one)] == ["a", "b", "a"]
    assert (one.asked, other.asked) == (1, 1)


def test_an_object_is_looked_at_anew_in_another_context_and_after_a_run() -> None:
    find, subject, one, other = cached(_find_in), Subject("a"), Subject("b"), Subject("c")
    assert [find(subject, one), find(subject, one), find(subject, other)] == ["ab", "ab", "ac"]
    forget()
    assert find(subject, other) == "ac"
    assert (one.asked, other.asked) == (1, 2)
