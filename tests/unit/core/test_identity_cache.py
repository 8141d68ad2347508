"""What is kept of objects by which they are."""

from __future__ import annotations

from kservegen.core.identity_cache import IdentityCache


def test_what_was_found_is_of_these_very_objects_and_no_more_are_kept() -> None:
    cache, found = IdentityCache[str](2), list[str]()

    def of(name: str, *subjects: object) -> str:
        def find() -> str:
            found.append(name)
            return name

        return cache.get(subjects, find)

    one, like_it, other = ["x"], ["x"], ["y"]
    assert [of("one", one), of("again", one), of("like it", like_it), of("again", one)] == [
        "one",
        "one",
        "like it",
        "one",
    ]
    assert [of("both", one, other), of("again", one, other)] == ["both", "both"]
    assert of("one", one) == "one"
    assert found == ["one", "like it", "both", "one"]


def test_no_other_object_takes_the_identity_of_one_that_is_kept() -> None:
    cache = IdentityCache[int](1_000)
    assert [cache.get(([number],), lambda: number) for number in range(500)] == list(range(500))  # noqa: B023
