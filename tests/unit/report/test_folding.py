"""What many objects have in common is one change; what differs between them is cut off behind a slash."""

from __future__ import annotations

import pytest

from kservegen.changes.plan.model import ABSENT, EnvironmentPlan, FieldChange, ObjectChange, ObjectKey, PlanSide, Verb
from kservegen.report.folding import fold_key, folded_field
from kservegen.report.plan_words import environment_groups

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


def plan_of(name: str, application: str, value: str = "1") -> EnvironmentPlan:
    key = ObjectKey("argoproj.io", "Application", "argocd", application)
    fields = (FieldChange("spec.source.path", ABSENT, {"at": [f"rendered/{name}", value]}),)
    change = ObjectChange(verb=Verb.CHANGED, key=key, file=f"sync/{application}.yaml", fields=fields)
    return EnvironmentPlan(name=name, objects=(change,))


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        pytest.param([("dev", "dev-crds"), ("prod", "prod-crds")], [("dev, prod (ENV: the name of each)", "ENV-crds")]),
        pytest.param([("dev", "dev-crds"), ("prod", "dev-crds")], [("dev", "dev-crds"), ("prod", "dev-crds")]),
        pytest.param([("dev", "developer"), ("prod", "prodeloper")], [("dev", "developer"), ("prod", "prodeloper")]),
        pytest.param([("dev", "dev-ENV"), ("prod", "prod-ENV")], [("dev", "dev-ENV"), ("prod", "prod-ENV")]),
        pytest.param([("dev", "dev-crds"), ("prod", "prod-crds", "2")], [("dev", "dev-crds"), ("prod", "prod-crds")]),
        pytest.param([("dev", "dev-crds")], [("dev", "dev-crds")]),
    ],
)
def test_environments_that_differ_in_their_names_alone_are_one(
    plans: list[tuple[str, ...]], said: list[tuple[str, str]]
) -> None:
    made = [plan_of(*words) for words in plans]
    groups = list(environment_groups(made, folds=True))
    assert [(names, plan.objects[0].key.name) for names, plan in groups] == said
    if "ENV" in said[0][0]:
        assert groups[0][1].objects[0].fields[0].new == {"at": ["rendered/ENV", "1"]}
    assert [names for names, _ in environment_groups(made, folds=False)] == [plan.name for plan in made]
