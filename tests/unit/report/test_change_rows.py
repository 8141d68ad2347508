"""The tables of a change: one row for what is the same, numbers before and after, links to files."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kservegen.changes.impact.model import Cause, Impact, Restart
from kservegen.changes.plan.model import (
    BudgetChange,
    EnvironmentPlan,
    Fate,
    FieldChange,
    ModelChange,
    ModelFit,
    ModelUse,
    ObjectChange,
    ObjectKey,
    Plan,
    PoolChange,
    PoolSide,
    Presence,
    Verb,
)
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.resource import ResourceId
from kservegen.formats.templates import PageTemplates
from kservegen.report.change_rows import budget_change_rows, model_change_rows
from kservegen.report.links import links_to
from kservegen.report.plan_markdown import plan_as_markdown
from kservegen.report.plan_words import pool_line

KEY = ObjectKey("serving.kserve.io", "InferenceService", "team", "a")
TWO = ModelUse(1, 2, {"h100": Fraction(2)}, Fraction(200))
COMES = ModelChange(KEY.subject, None, ModelUse(2, 4, {"h100": Fraction(4)}, Fraction(400)), ("hf://o/m",))
GONE = ModelChange(KEY.subject, TWO, None)
FOUR = ModelUse(2, 4, {"h100": Fraction(4)}, Fraction(400))


def change(verb: Verb, name: str = "a", **more: object) -> ObjectChange:
    words = {"file": f"models/team/{name}.yaml", **more}
    return ObjectChange(verb=verb, key=KEY._replace(name=name), **words)  # type: ignore[arg-type]


def plan_of(*environments: EnvironmentPlan) -> Plan:
    return Plan(base="main", environments=environments)


def test_a_row_has_what_a_model_takes_before_and_after_and_the_pods_that_restart() -> None:
    fields = (FieldChange("spec.predictor.maxReplicas", 2, 4),)
    restart = Restart(subject=KEY.subject, pods=2, accelerators={"h100": 2}, causes=(Cause(),))
    environment = EnvironmentPlan(
        name="prod",
        objects=(change(Verb.CHANGED, fields=fields),),
        models=(ModelChange(KEY.subject, TWO, FOUR, owner="ml"),),
        impact=Impact(restarts=(restart,)),
        gpus={"h100": "H100"},
    )
    (row,) = model_change_rows(plan_of(environment))
    assert (row.name, row.about, row.verb) == ("a", "InferenceService in team, owner: ml", "changes")
    assert (row.restarts, row.accelerators, row.cost) == ("2", "2 → 4 H100", "200 → 400")
    assert (row.file, row.fields) == ("rendered/prod/models/team/a.yaml", fields)


@pytest.mark.parametrize(
    ("item", "model", "said", "numbers"),
    [
        (change(Verb.ADDED), COMES, ("new", "hf://o/m", "2 to 4 replicas"),
         ("-", "0 → 4 h100", "0 → 400")),
        (change(Verb.ADDED), ModelChange(KEY.subject, None, ModelUse(1, 1, {}), ()), ("new", "1 replica"),
         ("-", "-", "-")),
        (change(Verb.REMOVED, fate=Fate.DELETED), GONE, ("removed", "deleted from the cluster"),
         ("-", "2 → 0 h100", "200 → 0")),
        (change(Verb.REMOVED, fate=Fate.LEFT), GONE, ("removed", "stays in the cluster"),
         ("-", "2 → 0 h100", "200 → 0")),
        (change(Verb.RENAMED, old_key=KEY._replace(name="b")), ModelChange(KEY.subject, TWO, TWO),
         ("renamed", "was InferenceService team/b"), ("-", "2 h100", "200")),
    ],
)  # fmt: skip
def test_a_row_says_what_becomes_of_a_model(
    item: ObjectChange, model: ModelChange, said: tuple[str, ...], numbers: tuple[str, ...]
) -> None:
    (row,) = model_change_rows(plan_of(EnvironmentPlan(name="prod", objects=(item,), models=(model,))))
    assert (row.verb, *row.said) == said
    assert (row.restarts, row.accelerators, row.cost) == numbers


L4 = "18.0 of 19.8 GiB of L4"


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (ModelFit("fits", L4, "fits"), (f"memory: fits, {L4}", "nodes: found")),
        (ModelFit("uncertain", L4, "unsure"), (f"memory: uncertain, {L4}", "nodes: not certain")),
        (ModelFit("not estimated", "which GPU this runs on", "full"),
         ("memory: not estimated, which GPU this runs on", "nodes: not enough")),
        (ModelFit(), ("no GPU", "nodes: not known")),
        (None, ("-",)),
    ],
)  # fmt: skip
def test_a_row_says_whether_a_model_that_comes_fits_and_who_answers_for_it(
    fit: ModelFit | None, said: tuple[str, ...]
) -> None:
    model = COMES._replace(fit=fit)
    (row,) = model_change_rows(plan_of(EnvironmentPlan(name="prod", objects=(change(Verb.ADDED),), models=(model,))))
    assert (row.fits, row.about) == (said, "InferenceService in team, owner: not stated")


def test_models_that_come_alike_say_how_many_of_them_fit() -> None:
    fits = (ModelFit("fits", L4), ModelFit("fits", L4, "full"), None)
    objects = tuple(change(Verb.ADDED, name) for name in "abc")
    models = tuple(
        ModelChange(item.key.subject, None, TWO, owner=owner, fit=fit)
        for item, owner, fit in zip(objects, ("x", "y", "x"), fits, strict=True)
    )
    (row,) = model_change_rows(
        plan_of(EnvironmentPlan(name="prod", presence=Presence.NEW, objects=objects, models=models))
    )
    assert row.about == "owner: x, y"
    assert row.fits == (
        f"2 x memory: fits, {L4}", "1 x nodes: not known", "1 x nodes: not enough"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        (PoolSide(1, 0, 4), PoolSide(4, 2, 4), ("node pool l4, 2 pods without one", "1", "4", "4", "100 %")),
        (PoolSide(1, 0, 2), PoolSide(1, 0, 4), ("node pool l4", "1", "1", "4 (was 2)", "25 %")),
        (None, PoolSide(3, 0, None), ("node pool l4", "0", "3", "-", "")),
        (PoolSide(3, 0, None), None, ("node pool l4", "3", "0", "-", "")),
    ],
)
def test_a_pool_is_a_row_of_the_nodes_that_it_fills(
    before: PoolSide | None, after: PoolSide | None, row: tuple[str, ...]
) -> None:
    environment = EnvironmentPlan(
        name="prod", objects=(change(Verb.CHANGED),), pools=(PoolChange("l4", before, after),)
    )
    (found,) = budget_change_rows(plan_of(environment))
    share = f"{round(found.share * 100)} %" if found.share is not None else ""
    said = (found.name, found.written(found.before), found.written(found.after), found.limit, share)
    assert said == row
    assert f"node pool l4: {before.filled if before else 'nothing'} -> " in pool_line(environment.pools[0])


def test_what_only_restarts_is_a_row_with_what_it_holds_and_its_reason() -> None:
    why = Cause("ClusterServingRuntime x", ("spec.image",), certain=False)
    restart = Restart(subject=KEY.subject, pods=3, accelerators={"h100": 3}, causes=(why,))
    runtime = ObjectChange(
        verb=Verb.CHANGED, key=ObjectKey("serving.kserve.io", "ClusterServingRuntime", "", "x"), file="platform/x.yaml"
    )
    (row,) = model_change_rows(
        plan_of(EnvironmentPlan(name="prod", objects=(runtime,), impact=Impact(restarts=(restart,))))
    )
    assert (row.verb, row.said, row.restarts) == ("unchanged", ("ClusterServingRuntime x",), "3 may")
    assert (row.accelerators, row.file) == ("3 h100", "")


def test_equal_environments_are_one_row_and_others_are_not() -> None:
    def environment(name: str, after: ModelUse) -> EnvironmentPlan:
        budget = BudgetChange(
            "gpus", "accelerators", Fraction(2), sum(after.accelerators.values(), Fraction(0)), None, Fraction(8)
        )
        return EnvironmentPlan(
            name=name,
            objects=(change(Verb.CHANGED),),
            models=(ModelChange(KEY.subject, TWO, after),),
            budgets=(budget,),
        )

    plan = plan_of(environment("dev", TWO), environment("eu", FOUR), environment("us", FOUR))
    assert [row.environments for row in model_change_rows(plan)] == [("dev",), ("eu", "us")]
    assert model_change_rows(plan)[1].file == "rendered/eu/models/team/a.yaml"
    assert [row.environments for row in budget_change_rows(plan)] == [("dev",), ("eu", "us")]


@pytest.mark.parametrize(
    ("presence", "verb"),
    [(Presence.NEW, "new, with the environment"), (Presence.GONE, "removed, with the environment")],
)
def test_an_environment_that_comes_or_goes_is_one_row(presence: Presence, verb: str) -> None:
    objects = tuple(change(Verb.ADDED, name) for name in "abc")
    models = tuple(ModelChange(item.key.subject, None, TWO) for item in objects)
    (row,) = model_change_rows(plan_of(EnvironmentPlan(name="prod", presence=presence, objects=objects, models=models)))
    assert (row.name, row.names, row.verb, row.accelerators) == (
        "all models", ("team/a", "team/b", "team/c"), verb, "0 → 6 h100",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "granted", "bar", "share"),
    [
        (2, 5, 10, "████▓▓▓▓▓▓░░░░░░░░░░", 50),
        (5, 2, 10, "████▒▒▒▒▒▒░░░░░░░░░░", 20),
        (5, 10, 8, "██████████▓▓▓▓▓▓▏▓▓▓▓", 125),
        (0, 0, 8, "░" * 20, 0),
    ],
)
def test_a_bar_shows_what_is_added_freed_left_and_too_much(
    before: int, after: int, granted: int, bar: str, share: int
) -> None:
    budget = BudgetChange("b", "accelerators", *map(Fraction, (before, after, granted, granted)))
    (row,) = budget_change_rows(plan_of(EnvironmentPlan(name="prod", budgets=(budget,))))
    assert (row.bar, row.share) == (bar, Fraction(share, 100))


def test_what_nothing_limits_has_no_bar() -> None:
    budget = BudgetChange("h100", "accelerators", Fraction(1), Fraction(2), None, None)
    (row,) = budget_change_rows(plan_of(EnvironmentPlan(name="prod", budgets=(budget,), gpus={"h100": "H100"})))
    assert (row.name, row.bar, row.share, row.limit) == ("H100", "", None, "-")


def test_the_page_links_files_at_the_commit() -> None:
    found = Diagnostic(
        rule="kserve/replicas",
        severity=Severity.ERROR,
        message="two at most",
        location=Location("models/team (a).yaml", 7, 5),
        hint="Write 2.",
    )
    plan = plan_of(EnvironmentPlan(name="prod", objects=(change(Verb.CHANGED),)))
    result = Result(command="check", diagnostics=(found,))
    page = plan_as_markdown(result, plan, PageTemplates(own={}), links_to("https://forge.example/o/r/blob/abc/"))
    assert "[`a`](https://forge.example/o/r/blob/abc/rendered/prod/models/team/a.yaml)" in page
    assert "[`models/team (a).yaml:7:5`](https://forge.example/o/r/blob/abc/models/team%20%28a%29.yaml#L7)" in page
    assert "\n  - Write 2.\n" in page
    assert "](" not in plan_as_markdown(result, plan, PageTemplates(own={}))


@pytest.mark.parametrize("prefix", ["forge.example/o", "javascript:alert(1)", "https://a b", "https://a)b", "https://"])
def test_what_is_no_address_of_files_is_refused(prefix: str) -> None:
    with pytest.raises(GeneratorError) as raised:
        links_to(prefix)
    assert "no address of files" in raised.value.message


def test_the_page_says_what_people_do_after_the_merge() -> None:
    root = ObjectChange(
        verb=Verb.CHANGED, key=ObjectKey("argoproj.io", "Application", "argocd", "prod"), file="sync/prod.yaml"
    )
    page = plan_as_markdown(
        Result(command="plan"), plan_of(EnvironmentPlan(name="prod", objects=(root,))), PageTemplates(own={})
    )
    assert "#### What to do after the merge\n\n- apply rendered/prod/sync/prod.yaml by hand" in page.replace("\\", "")
    assert ResourceId("Application", "argocd", "prod").name in page
