"""What many objects have in common is one change; what differs between them is cut off behind a slash."""

from __future__ import annotations

import pytest

from kservegen.changes.plan.model import ABSENT, FieldChange, PlanSide
from kservegen.report.folding import fold_key, folded_field

# Two changes of one field, and what they are together; None where they are two.
CASES: dict[str, tuple[tuple[PlanSide, PlanSide], tuple[PlanSide, PlanSide], tuple[PlanSide, PlanSide] | None]] = {
    "the same values": ((1, 2), (1, 2), (1, 2)),
    "the same texts": (("s3://a/x", "s3://b/x"), ("s3://a/x", "s3://b/x"), ("s3://a/x", "s3://b/x")),
    "another bucket": (("s3://a/x", "s3://b/x"), ("s3://a/y/z", "s3://b/y/z"), ("s3://a/…", "s3://b/…")),
    "another scheme": (("s3://a/x", "gs://a/x"), ("s3://a/y", "gs://a/y"), ("s3://a/…", "gs://a/…")),
    "a longer bucket": (("s3://m/x", "s3://m-prod/x"), ("s3://m/y", "s3://m-prod/y"), ("s3://m/…", "s3://m-prod/…")),
    "other values": ((1, 2), (1, 3), None),
    "1 and true": ((1, 2), (True, 2), None),
    "other heads": (("s3://a/x", "s3://b/x"), ("s3://a/x", "s3://c/x"), None),
    "other tails": (("s3://a/x", "s3://a/x2"), ("s3://a/y", "s3://a/y2"), None),
    "maps": (({"a": [1]}, ABSENT), ({"a": [1]}, ABSENT), ({"a": [1]}, ABSENT)),
}


@pytest.mark.parametrize("case", CASES)
def test_two_changes_are_one_or_not(case: str) -> None:
    one, other, together = CASES[case]
    first, second = FieldChange("f", *one), FieldChange("f", *other)
    assert (fold_key(first) == fold_key(second)) is (together is not None)
    assert fold_key(first) != fold_key(second._replace(path="g"))
    if together is not None:
        assert folded_field([first, second]) == FieldChange("f", *together)
