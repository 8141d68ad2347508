"""Whether a name that nobody knows is a slip of one that is known, or the name of a sibling."""

from __future__ import annotations

import pytest

from kservegen.core.suggest import did_you_mean, is_slip, suggest_entry


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


POD = "ranker-v2-predictor-7c9d8b5f6d-x2x9k"


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("rankr", ["ranker", "ranker"], "Did you mean ranker?"),
        (
            POD,
            ["ranker", "ranker-v2", "wine"],
            f"Did you mean ranker-v2? What a pod or a Service comes from: kservegen find {POD}",
        ),
        ("zzz", ["a", "b"], "Known: a, b."),
        ("zzz", [f"m{i}" for i in range(23)], f"Known: {', '.join(f'm{i}' for i in range(20))} and 3 more."),
        ("zzz", [], "Known: nothing."),
    ],
)
def test_an_entry_is_suggested_for_what_is_made_of_it(name: str, known: list[str], said: str) -> None:
    assert suggest_entry(name, known, "Known") == said
    assert did_you_mean(name, [*known, *known], most=3) in ("", said)
