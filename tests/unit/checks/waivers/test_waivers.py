"""Waivers through the whole check: what they cover, what they may not, and when they end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project

from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.write import promise
from kservegen.commands.validate import validate
from kservegen.core.diagnostics import Diagnostic, Severity
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


@pytest.mark.parametrize("ttl", ["181d", "26w", "0d", "1y", "", "9999999d"])
def test_a_promise_is_short(ttl: str) -> None:
    with pytest.raises(GeneratorError, match=r"time to live|longer"):
        promise(owner="ml", reason="", ttl=ttl, today=TODAY.day)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            GOOD.replace("rule: policy/", "policy: "),
            ("schema/unknown-field", "Did you mean `rule` or `rules`? That field is missing here."),
        ),
        (GOOD.replace("rule: policy/pinned-revision", "rule: ''"), ("waiver/unknown-rule", "waiver w names no rule")),
    ],
)
def test_a_waiver_of_no_rule_is_one_finding(unpinned: Project, words: str, told: tuple[str, str]) -> None:
    waive(unpinned, words)
    (found,) = (d for d in validate(unpinned.repository, clock=TODAY).diagnostics if "dev.yaml" in d.location.file)
    assert found.rule == told[0]
    assert told[1] in {found.message, found.hint}


TEAMS = """\
models:
  growth/a: {modelFormat: huggingface, storageUri: hf://org/a, owner: growth}
  growth/b: {modelFormat: huggingface, storageUri: hf://org/b, owner: search}
  c: {modelFormat: huggingface, storageUri: hf://org/c, namespace: growth, owner: growth}
  search/d: {modelFormat: huggingface, storageUri: hf://org/d, owner: search}
  search/e: {modelFormat: sklearn, storageUri: s3://b/e, owner: growth}
"""
TEAMS_BOUND = BOUND.replace("namespaces: {ns: {}}", "namespaces: {growth: {}, search: {}}").replace(
    "{actions: [Deny]}}}", "{actions: [Deny]}, storage-scheme: {actions: [Deny], params: {schemes: [oci]}}}}"
)
RULES = PIN, LIMIT = "policy/pinned-revision", "policy/storage-scheme"
ALL = set(
    {(PIN, key) for key in ("growth/a", "growth/b", "c", "search/d")}
    | {(LIMIT, key) for key in ("growth/a", "growth/b", "c", "search/d", "search/e")}
)


@pytest.fixture
def teams(project: Project) -> Project:
    project.models(TEAMS)
    return project


def with_waiver(project: Project, words: str) -> tuple[Diagnostic, ...]:
    rest = "reason: later, owner: ml, expires: 2027-06-30"
    project.write("environments/dev.yaml", f"{TEAMS_BOUND}waivers:\n  w: {{{words}, {rest}}}\n")
    return validate(project.repository, clock=TODAY).diagnostics


def pairs(found: Iterable[Diagnostic], *, waived: bool) -> set[tuple[str, str]]:
    return {(d.rule, key) for d in found if (d.waived is not None) == waived and d.rule in RULES for key in d.entries}


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("rule: policy/pinned-revision, models: growth/*", "growth/a growth/b c"),
        ("rule: policy/pinned-revision, models: '*/[ab]'", "growth/a growth/b"),
        ("rule: policy/pinned-revision, models: [growth/?, search/d]", "growth/a growth/b c search/d"),
        ("rule: policy/pinned-revision, models: [c, growth/a]", "c growth/a"),
        ("rule: policy/pinned-revision, models: c", "c"),
        ("rule: policy/pinned-revision, models: [growth/c, growth/a]", "c growth/a"),
        ("rule: policy/pinned-revision, model: c, models: search/*", "c search/d"),
        ("rule: policy/pinned-revision, models: {owner: growth}", "growth/a c"),
        ("rules: [policy/pinned-revision], models: {owner: search}", "growth/b search/d"),
    ],
)
def test_models_by_pattern_and_by_owner(words: str, keys: str, teams: Project) -> None:
    found = with_waiver(teams, words)
    covered = {(PIN, key) for key in keys.split()}
    assert (pairs(found, waived=True), pairs(found, waived=False)) == (covered, ALL - covered)
    assert not [d for d in found if d.rule.startswith(("waiver/", "schema/"))]


def test_rules_of_one_waiver(teams: Project) -> None:
    found = with_waiver(teams, f"rule: {PIN}, rules: [{LIMIT}], models: {{owner: growth}}")
    covered = {(PIN, "growth/a"), (PIN, "c"), *((LIMIT, key) for key in ("growth/a", "c", "search/e"))}
    assert (pairs(found, waived=True), pairs(found, waived=False)) == (covered, ALL - covered)


def test_a_pattern_is_for_models(teams: Project) -> None:
    """A runtime of the namespace is another thing; its own key waives it."""
    container = "{name: kserve-container, image: 'a:1', securityContext: {privileged: true}}"
    runtime = f"containers: [{container}], supportedModelFormats: [{{name: x}}], owner: growth"
    teams.models(f"{TEAMS}runtimes: {{growth/r: {{{runtime}}}}}\n")
    words = "rule: policy/no-privileged, models: {}"
    bound = TEAMS_BOUND.replace("bindings: {", "bindings: {no-privileged: {actions: [Deny]}, ")
    rest = "reason: later, owner: ml, expires: 2027-06-30"
    for models, waived in (("growth/*", False), ("{owner: growth}", False), ("[growth/*, growth/r]", True)):
        teams.write("environments/dev.yaml", f"{bound}waivers: {{w: {{{words.format(models)}, {rest}}}}}\n")
        found = [d for d in validate(teams.repository, clock=TODAY).diagnostics if d.rule == "policy/no-privileged"]
        assert [(d.entries, d.waived is not None) for d in found] == [(("growth/r",), waived)]


@pytest.mark.parametrize(
    "words",
    [
        "rules: [policy/pinned-revision, policy/gpu-whole], models: growth/*",
        "rule: policy/pinned-revision, models: [growth/*, search/e]",
        "rule: policy/pinned-revision, models: [growth/*, other/*]",
        "rule: policy/pinned-revision, models: {owner: growht}",
        "rule: policy/gpu-whole, models: growth/*",
        "rules: [policy/*], models: growth/*",
        "rules: [], models: growth/*",
        "rules: [policy/pined-revision, schema/unknown-field], models: growth/*",
        "rule: policy/pinned-revision, models: growth*",
        "rule: policy/pinned-revision, models: a/b/*",
        "rule: policy/pinned-revision, models: [growth/z, growth/*]",
        "rule: policy/pinned-revision, models: []",
        "rule: policy/pinned-revision, models: {owner: ''}",
        "rule: policy/pinned-revision, models: {owner: growth, namespace: search}",
        "rule: policy/pinned-revision, models: 3",
        "rule: policy/pinned-revision, models: [[growth/*]]",
        "rules: policy/pinned-revision, models: growth/*",
    ],
)
def test_each_part_of_a_waiver_is_held_to_cover_something(
    words: str, teams: Project, snapshot: SnapshotAssertion
) -> None:
    own = [d for d in with_waiver(teams, words) if d.location.file == "environments/dev.yaml"]
    said = [f"{d.location.line}:{d.location.column} {d.severity} {d.rule}: {d.message} | {d.hint}" for d in own]
    assert said == snapshot
    assert said
