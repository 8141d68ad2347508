"""Whether a name that nobody knows is a slip of one that is known, or the name of a sibling."""

from __future__ import annotations

import pytest

from kservegen.core.suggest import is_slip


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("model-readr", "model-reader"),
        ("model-raeder", "model-reader"),
        ("model-readerr", "model-reader"),
        ("model-reeder", "model-reader"),
        ("modelreader", "model-reader"),
        ("model-reader", "model_reader"),
        ("hf-tokens", "hf-token"),
        ("storage-confg-2", "storage-config-2"),
        ("premium-rxw-class", "premium-rxw-clas"),
    ],
)
def test_a_letter_inside_a_word_is_a_slip(name: str, known: str) -> None:
    assert is_slip(name, ["other", known])
    assert is_slip(known, [name])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("sa-1", "sa-2"),
        ("storage-secret-1", "storage-secret-2"),
        ("storage-secret1", "storage-secret2"),
        ("model-weights-10", "model-weights-100"),
        ("team-a-registry", "team-b-registry"),
        ("registry-credentials-dev", "registry-credentials-qa"),
        ("registry-credentials-prd", "registry-credentials-prod"),
        ("bucket-credentials-eu", "bucket-credentials-us"),
        ("bucket-credentials-east", "bucket-credentials-west"),
        ("model-reader", "model-writer"),
        ("readr-1", "reader-2"),
        ("hf-token", "hf"),
        ("a", ""),
        ("\u00e9", "\u00e8"),
        ("x" * 300, "x" * 299),
    ],
)
def test_siblings_are_no_slips(name: str, known: str) -> None:
    assert not is_slip(name, [known])


def test_a_name_is_no_slip_of_itself() -> None:
    assert not is_slip("model-reader", ["model-reader"])
