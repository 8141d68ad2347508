"""Written waivers cover what is open, nothing else, and are few; who answers for each, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.project import DEV, Project

from kservegen.catalog.resolve import Entry
from kservegen.catalog.sections import KINDS
from kservegen.checks.waivers import model
from kservegen.checks.waivers.apply import Clock
from kservegen.checks.waivers.model import Waiver, read_waivers
from kservegen.checks.waivers.write import NewWaiver, new_waivers, promise
from kservegen.commands.validate import validate
from kservegen.commands.write_waivers import write_waivers
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject

TODAY: Final = Clock(date(2027, 3, 1))
BY_OWNERS: Final = promise(owner="", reason="adopted", ttl="30d", today=TODAY.day)


def entry(key: str, owner: str, section: str = "models", kind: str = "InferenceService") -> Entry:
    namespace, _, name = key.rpartition("/")
    return Entry(
        section=section,
        key=key,
        info=KINDS[kind],
        namespace=namespace or "ns",
        name=name,
        words={"owner": owner} if owner else {},
        fragments=(),
        defaulted=frozenset(),
    )


def found(rule: str, *keys: str) -> list[Diagnostic]:
    return [
        Diagnostic(rule=rule, severity=Severity.ERROR, message="m", location=Location("f"), entries=(k,)) for k in keys
    ]


def written(
    diagnostics: Iterable[Diagnostic], entries: list[Entry], promised: NewWaiver = BY_OWNERS
) -> dict[str, JsonObject]:
    waivers = new_waivers(diagnostics, entries, promised, ())
    return {str(path[1]): mapping(waiver) for path, waiver in waivers.items()}


def chosen(waivers: dict[str, JsonObject]) -> dict[str, JsonObject]:
    """Leave out who, why and until when."""
    return {
        name: {word: value for word, value in words.items() if word not in {"reason", "expires"}}
        for name, words in waivers.items()
    }


A, B, C = "policy/a", "policy/b", "gpu/c"
TEAMS: Final = [
    entry("growth/a", "growth"),
    entry("growth/b", "growth"),
    entry("search/a", "search"),
    entry("search/b", "search"),
    entry("search/c", "growth"),
    entry("d", "ml"),
]


@pytest.mark.parametrize(
    ("diagnostics", "expected"),
    [
        (found(A, "d"), {"a-d": {"rule": A, "model": "d", "owner": "ml"}}),
        (
            [*found(A, "d"), *found(B, "d")],
            {"2-rules-d": {"rules": [A, B], "model": "d", "owner": "ml"}},
        ),
        (
            [*found(A, "growth/a", "growth/b"), *found(C, "growth/b", "growth/a")],
            {"2-rules-growth": {"rules": [C, A], "models": "growth/*", "owner": "growth"}},
        ),
        (
            found(A, "growth/a", "growth/b", "search/c"),
            {"a-growth": {"rule": A, "models": {"owner": "growth"}, "owner": "growth"}},
        ),
        (
            found(A, "growth/a", "search/c"),
            {"a-growth": {"rule": A, "models": ["growth/a", "search/c"], "owner": "growth"}},
        ),
        (
            found(A, "growth/a", "search/a"),
            {
                "a-growth-a": {"rule": A, "model": "growth/a", "owner": "growth"},
                "a-search-a": {"rule": A, "model": "search/a", "owner": "search"},
            },
        ),
        (
            [*found(A, "growth/a", "growth/b", "search/c"), *found(B, "growth/a", "growth/b"), *found(C, "growth/a")],
            {
                "3-rules-growth-a": {"rules": [C, A, B], "model": "growth/a", "owner": "growth"},
                "2-rules-growth": {"rules": [A, B], "models": "growth/*", "owner": "growth"},
                "a-growth": {"rule": A, "models": {"owner": "growth"}, "owner": "growth"},
            },
        ),
    ],
    ids=["one", "two rules", "a namespace", "an owner", "a list", "an owner each", "stairs"],
)
def test_as_few_as_cover(diagnostics: list[Diagnostic], expected: dict[str, JsonObject]) -> None:
    assert chosen(written(diagnostics, TEAMS)) == dict(sorted(expected.items()))


def test_one_who_answers_for_all_takes_all_together() -> None:
    given_owner = promise(owner="platform", reason="r", ttl="30d", today=TODAY.day)
    diagnostics = found(A, "growth/a", "growth/b", "search/a", "search/b", "search/c")
    assert chosen(written(diagnostics, TEAMS, given_owner)) == {
        "a-platform": {"rule": A, "models": ["growth/*", "search/*"], "owner": "platform"}
    }


def test_a_budget_is_no_model() -> None:
    given_owner = promise(owner="platform", reason="r", ttl="30d", today=TODAY.day)
    diagnostics = [*found("budget/exceeded", "growth", "search"), *found(A, "d")]
    assert chosen(written(diagnostics, TEAMS, given_owner)) == {
        "a-d": {"rule": A, "model": "d", "owner": "platform"},
        "exceeded-growth": {"rule": "budget/exceeded", "budget": "growth", "owner": "platform"},
        "exceeded-search": {"rule": "budget/exceeded", "budget": "search", "owner": "platform"},
    }


def test_a_rule_of_budgets_about_a_model_is_waived_for_the_model() -> None:
    """`budget/queue-full` is said of the largest model that waits in the queue."""
    given_owner = promise(owner="platform", reason="r", ttl="30d", today=TODAY.day)
    diagnostics = [*found("budget/queue-full", "growth/a", "growth/b"), *found("budget/exceeded", "growth")]
    assert chosen(written(diagnostics, TEAMS, given_owner)) == {
        "queue-full-growth": {"rule": "budget/queue-full", "models": "growth/*", "owner": "platform"},
        "exceeded-growth": {"rule": "budget/exceeded", "budget": "growth", "owner": "platform"},
    }
    assert chosen(written(diagnostics[:1], TEAMS)) == {
        "queue-full-growth-a": {"rule": "budget/queue-full", "model": "growth/a", "owner": "growth"}
    }


def test_nobody_answers_for_what_nobody_owns() -> None:
    with pytest.raises(GeneratorError, match="needs somebody who answers") as refused:
        written(found(A, *(f"x{number}" for number in range(5))), [entry(f"x{number}", "") for number in range(5)])
    assert refused.value.subject == "x0, x1, x2 and 2 more"


KEYS: Final = [each.key for each in TEAMS]
ISSUES: Final = st.dictionaries(st.sampled_from([A, B, C, "policy/d"]), st.sets(st.sampled_from(KEYS), min_size=1))


def covered(waivers: tuple[Waiver, ...]) -> set[tuple[str, str]]:
    return {(rule, key) for waiver in waivers for rule in waiver.rule_ids for key in waiver.keys}


@given(ISSUES, st.sampled_from(["", "platform"]))
@example(  # the largest blocks first are four
    {A: {"growth/a", "growth/b", "search/a"}, B: {"growth/a", "growth/b", "search/c"}, C: {"search/a", "search/b"}},
    "platform",
)
def test_waivers_cover_what_was_found_and_nothing_else(issues: dict[str, set[str]], owner: str) -> None:
    promised = promise(owner=owner, reason="r", ttl="12w", today=TODAY.day)
    diagnostics = [item for rule, keys in issues.items() for item in found(rule, *sorted(keys))]
    words = written(diagnostics, TEAMS, promised)
    waivers = read_waivers({**words}, TEAMS)
    assert covered(waivers) == {(rule, key) for rule, keys in issues.items() for key in keys}
    owners = {each.key: owner or each.words["owner"] for each in TEAMS}
    assert all(owners[key] == waiver.owner for waiver in waivers for key in waiver.keys)
    rows = {(rule, owners[key]) for rule, keys in issues.items() for key in keys}
    columns = {key for keys in issues.values() for key in keys}
    assert len(waivers) <= min(len(rows), len(columns)), "never more than one for each rule, or for each model"
    assert words == written(reversed(diagnostics), TEAMS[::-1], promised)


@given(st.integers(1, 180), st.integers(1, 60))
def test_ends_are_apart_and_never_soon(days: int, count: int) -> None:
    promised = promise(owner="o", reason="r", ttl=f"{days}d", today=TODAY.day)
    ends = [(promised.expires(number) - TODAY.day).days for number in range(count)]
    assert ends[0] == days
    assert all(days <= 2 * end <= 2 * days for end in ends)
    step = 7 if days >= 14 else 1
    assert all((days - end) % step == 0 for end in ends)
    slots = days // 2 // step + 1
    assert len(set(ends)) == min(count, slots)
    assert max(map(ends.count, ends)) == -(-count // slots), "no day has more than its part"


BOUND: Final = DEV + "policies: {bindings: {pinned-revision: {actions: [Deny]}}}  # agreed in March\n"
PROD: Final = BOUND.replace("name: dev", "name: prod")


def test_adopting_a_catalog(project: Project) -> None:
    """What is open in one environment alone is waived there alone, though both take it from one line."""
    project.models(
        "defaults: {namespace: ns, owner: ml}\n"
        "profiles: {p: {storageUri: hf://org/qwen}}\n"
        "models:\n  a: {modelFormat: huggingface, profile: p}\n"
        "  b: {modelFormat: huggingface, profile: p}\n"
        "  c: {modelFormat: huggingface, profile: p, environments: [dev]}\n"
    )
    text = (project.root / "models.yaml").read_text("utf-8").replace("defaults: {namespace: ns}\n", "", 1)
    project.write("models.yaml", text)
    project.write("environments/dev.yaml", BOUND)
    pinned = f"models: {{b: {{storageUri: 'hf://org/qwen:{'0' * 40}'}}}}\n"
    project.write("environments/prod.yaml", PROD + pinned)
    assert write_waivers(project.repository, BY_OWNERS, TODAY) == {
        "environments/dev.yaml": ("2027-03-31",),
        "environments/prod.yaml": ("2027-03-31",),
    }
    dev, prod = ((project.root / "environments" / f"{name}.yaml").read_text("utf-8") for name in ("dev", "prod"))
    assert dev.startswith(BOUND)
    assert "  pinned-revision-ml:\n    rule: policy/pinned-revision\n    models: {owner: ml}\n" in dev
    assert prod.startswith(PROD + pinned)
    assert "  pinned-revision-a:\n    rule: policy/pinned-revision\n    model: a\n" in prod
    told = validate(project.repository, clock=TODAY).diagnostics
    assert {(d.rule, d.waived is not None) for d in told} == {("policy/pinned-revision", True)}
    assert write_waivers(project.repository, BY_OWNERS, TODAY) == {}
    day = TODAY.day + timedelta(days=31)
    assert {d.rule for d in validate(project.repository, clock=Clock(day)).diagnostics if d.severity is Severity.ERROR}


def test_patterns_are_held_against_models_of_their_namespaces_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a thousand waivers of a thousand models take a million comparisons."""
    compared: list[str] = []

    def counted(name: str, pattern: str) -> bool:
        compared.append(name)
        return name.startswith(pattern.removesuffix("*"))

    monkeypatch.setattr(model, "fnmatchcase", counted)
    entries = [entry(f"n{place}/m{number}", "x") for place in "abcde" for number in range(20)]
    said = {"rule": A, "owner": "x", "reason": "r", "expires": "2030-01-01"}
    patterns = read_waivers({place: {**said, "models": f"n{place}/m1*"} for place in "abcde"}, entries)
    assert all(waiver.keys == {f"n{waiver.name}/m{n}" for n in (1, *range(10, 20))} for waiver in patterns)
    assert len(compared) == 5 * (5 + 20)
    compared.clear()
    named = read_waivers({place: {**said, "models": f"n{place}/m1"} for place in "abcde"}, entries)
    assert all(waiver.keys == {f"n{waiver.name}/m1"} for waiver in named)
    assert compared == []
