"""Waivers through the whole check: what they cover, what they may not, and when they end."""

from __future__ import annotations

from datetime import date

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project

from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.write import promise
from kservegen.commands.render import validate
from kservegen.commands.write_waivers import write_waivers
from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError

TODAY = Clock(date(2027, 3, 1))
MODEL = "models:\n  qwen: {modelFormat: huggingface, storageUri: hf://org/qwen}\n"
BOUND = DEV + "policies: {bindings: {pinned-revision: {actions: [Deny]}}}\n"
GOOD = "rule: policy/pinned-revision, model: qwen, reason: tutorial, owner: ml, expires: 2027-03-31"


def problems(project: Project, clock: Clock | None = TODAY) -> list[str]:
    found = validate(project.repository, clock=clock).diagnostics
    return [f"{d.location} {d.severity} {d.rule}{' waived' if d.waived else ''}" for d in found]


@pytest.fixture
def unpinned(project: Project) -> Project:
    project.models(MODEL)
    project.write("environments/dev.yaml", BOUND)
    return project


def waive(project: Project, words: str) -> None:
    project.write("environments/dev.yaml", BOUND + f"waivers:\n  w: {{{words}}}\n")


FOUND = "models.yaml:4:48 error policy/pinned-revision"
WAIVED = "models.yaml:4:48 info policy/pinned-revision waived"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (GOOD, [WAIVED]),
        (GOOD.replace("2027-03-31", "2027-03-01"), ["environments/dev.yaml:14:88 warning waiver/expires-soon", WAIVED]),
        (GOOD.replace("2027-03-31", "2027-02-28"), ["environments/dev.yaml:14:88 error waiver/expired", FOUND]),
        (GOOD.replace("2027-03-31", "2027-02-30"), ["environments/dev.yaml:14:88 error waiver/bad-date", FOUND]),
        (GOOD.replace("pinned", "pined"), ["environments/dev.yaml:14:13 error waiver/unknown-rule", FOUND]),
        (GOOD.replace("model: qwen", "model: qwne"), ["environments/dev.yaml:14:44 error waiver/unknown-model", FOUND]),
        (
            GOOD.replace("policy/pinned-revision", "schema/unknown-field"),
            ["environments/dev.yaml:14:13 error waiver/not-waivable", FOUND],
        ),
        (
            GOOD.replace("policy/pinned-revision", "kserve/replicas"),
            ["environments/dev.yaml:14:3 warning waiver/unused", FOUND],
        ),
    ],
    ids=["holds", "last day", "a day late", "no such day", "no such rule", "no such model", "a fact", "unused"],
)
def test_a_waiver(words: str, expected: list[str], unpinned: Project, snapshot: SnapshotAssertion) -> None:
    waive(unpinned, words)
    assert sorted(problems(unpinned)) == sorted(expected)
    told = [d for d in validate(unpinned.repository, clock=TODAY).diagnostics if d.rule.startswith("waiver/")]
    assert [(d.message, d.seen, d.allowed, d.hint) for d in told] == snapshot


def test_what_is_rendered_does_not_depend_on_the_day(unpinned: Project) -> None:
    waive(unpinned, GOOD.replace("2027-03-31", "2001-01-01"))
    rendered = unpinned.render()
    assert rendered.exit_code == 0
    assert rendered.plan is not None
    assert rendered.plan.applied
    assert "waiver/expired" in " ".join(problems(unpinned))


def test_waived_findings_are_counted_and_do_not_fail(unpinned: Project) -> None:
    waive(unpinned, GOOD)
    result = validate(unpinned.repository, clock=TODAY, fail_on=Severity.INFO)
    assert (result.exit_code, result.waived, result.count(Severity.INFO)) == (0, 1, 0)
    (found,) = result.diagnostics
    assert found.waived is not None
    assert (found.waived.waiver, found.waived.owner, found.waived.expires) == ("w", "ml", "2027-03-31")


def test_the_same_finding_waived_in_one_environment_and_open_in_another(unpinned: Project) -> None:
    waive(unpinned, GOOD)
    unpinned.write("environments/prod.yaml", BOUND.replace("name: dev", "name: prod"))
    found = {(d.environments, d.waived is not None) for d in validate(unpinned.repository, clock=TODAY).diagnostics}
    assert found == {(("dev",), True), (("prod",), False)}


def test_an_error_of_kserve_cannot_be_waived(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/c, minReplicas: 3, maxReplicas: 2}\n")
    words = GOOD.replace("policy/pinned-revision", "kserve/replicas").replace("model: qwen", "model: iris")
    project.write("environments/dev.yaml", DEV + f"waivers:\n  w: {{{words}}}\n")
    assert [line.split()[1:] for line in problems(project)] == [
        ["warning", "waiver/unused"],
        ["error", "kserve/replicas"],
    ]


def test_adopting_a_catalog(unpinned: Project) -> None:
    given = promise(owner="ml", reason="adopted", ttl="30d", today=TODAY.day)
    assert write_waivers(unpinned.repository, given, TODAY) == {"environments/dev.yaml": 1}
    text = (unpinned.root / "environments" / "dev.yaml").read_text("utf-8")
    assert text.startswith(BOUND)
    assert "  pinned-revision-qwen:\n    rule: policy/pinned-revision\n    model: qwen\n" in text
    assert problems(unpinned) == [WAIVED]
    assert write_waivers(unpinned.repository, given, TODAY) == {}


@pytest.mark.parametrize("ttl", ["181d", "26w", "0d", "1y", "", "9999999d"])
def test_a_promise_is_short(ttl: str) -> None:
    with pytest.raises(GeneratorError, match=r"time to live|longer"):
        promise(owner="ml", reason="", ttl=ttl, today=TODAY.day)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            GOOD.replace("rule: policy/", "policy: "),
            ("schema/unknown-field", "Did you mean `rule`? That field is missing here."),
        ),
        (GOOD.replace("rule: policy/pinned-revision", "rule: ''"), ("waiver/unknown-rule", "waiver w names no rule")),
    ],
)
def test_a_waiver_of_no_rule_is_one_finding(unpinned: Project, words: str, told: tuple[str, str]) -> None:
    waive(unpinned, words)
    (found,) = (d for d in validate(unpinned.repository, clock=TODAY).diagnostics if "dev.yaml" in d.location.file)
    assert found.rule == told[0]
    assert told[1] in {found.message, found.hint}
