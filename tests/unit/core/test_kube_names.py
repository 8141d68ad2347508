"""Names as the API server judges them."""

from __future__ import annotations

import pytest

from kservegen.core.names import (
    annotations_error,
    label_error,
    label_value_error,
    path_segment_error,
    qualified_name_error,
    subdomain_error,
)


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a" * 63, "1a"])
def test_labels_that_are_taken(name: str) -> None:
    assert label_error(name) is None
    assert subdomain_error(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "it is empty"),
        ("a" * 64, "it has 64 characters, at most 63 are allowed"),
        ("A", "lower-case"),
        ("-a", "at both ends"),
        ("a-", "at both ends"),
        ("a.b", "lower-case"),
        ("a_b", "lower-case"),
        ("ä", "lower-case"),
        ("a\n", "lower-case"),
    ],
)
def test_labels_that_are_refused(name: str, reason: str) -> None:
    assert reason in (label_error(name) or "")


@pytest.mark.parametrize("name", ["a.b", "a" * 253, "1.2.3", "x-y.z"])
def test_subdomains_that_are_taken(name: str) -> None:
    assert subdomain_error(name) is None


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a.", "a.-b", "A.b", "a" * 254, "a/b", "a b"])
def test_subdomains_that_are_refused(name: str) -> None:
    assert subdomain_error(name)


@pytest.mark.parametrize("key", ["a", "A_b.c-D", "example.com/a", "x" * 63, f"{'p' * 253}/x", "1"])
def test_keys_that_are_taken(key: str) -> None:
    assert qualified_name_error(key) is None


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is empty"),
        ("a/", "is empty"),
        ("/a", "the prefix before '/'"),
        ("a/b/c", "the prefix before '/'"),
        ("Up.com/a", "the prefix before '/'"),
        (f"{'p' * 254}/x", "254 characters"),
        ("x" * 64, "64 characters"),
        ("a b", "letters, digits"),
        ("_a", "at both ends"),
        ("a.", "at both ends"),
    ],
)
def test_keys_that_are_refused(key: str, reason: str) -> None:
    assert reason in (qualified_name_error(key) or "")


@pytest.mark.parametrize("value", ["", "a", "A_b.c-D", "1", "x" * 63])
def test_label_values_that_are_taken(value: str) -> None:
    assert label_value_error(value) is None


@pytest.mark.parametrize("value", ["x" * 64, "a b", "-a", "a-", "ä", "a\n"])
def test_label_values_that_are_refused(value: str) -> None:
    assert label_value_error(value)


@pytest.mark.parametrize(
    ("name", "taken"), [("system:a b", True), ("", False), (".", False), ("a/b", False), ("%", False)]
)
def test_path_segments(name: str, taken: bool) -> None:
    assert (path_segment_error(name) is None) is taken


def test_annotations_share_a_limit_in_bytes() -> None:
    limit = 256 * 1024
    assert annotations_error({"a": "x" * (limit - 1)}) is None
    assert annotations_error({"a": "x" * (limit // 2), "b": "x" * (limit // 2)}) is not None
    assert str(limit + 1) in (annotations_error({"a": "ä" * (limit // 2)}) or "")
