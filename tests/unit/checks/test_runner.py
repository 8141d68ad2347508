"""The one place that judges an object: what its layers find, and what becomes of the object by their stages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.support.platforms import reference, release

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.registry import manuals
from kservegen.checks.rules.base import Context, Problem, Problems, Rule, Scope, Stage
from kservegen.checks.rules.discover import Discovered, RuleSet
from kservegen.checks.runner import Checker, ObjectVerdict, is_misshapen
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted

CONTEXT = Context(
    environment="test",
    release=release("v0.19.0"),
    deployment_mode="Standard",
    platform=reference("v0.19.0"),
    resources={},
)


def service(spec: JsonObject) -> Resource:
    name = ResourceId("InferenceService", "ns", "a")
    doc: JsonObject = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "a", "namespace": "ns"},
        "spec": spec,
    }
    return Resource(id=name, api_version="serving.kserve.io/v1beta1", doc=doc, file="a.yaml")


def rule(slug: str, stage: Stage, scope: Scope, severity: Severity = Severity.ERROR) -> Discovered:
    meta = RuleMeta(id=f"kserve/{slug}", title="A title", why="Why.", fix="Fix.", severity=severity)

    def check(resource: Resource, _context: Context) -> Problems:
        yield Problem(("spec",), resource.id.name)

    return Discovered(id=meta.id, rule=Rule(check=check, stage=stage, scope=scope), read=lambda: meta)


RULES = RuleSet(
    (
        rule("refused", Stage.ADMISSION, Scope.OBJECT),
        rule("idle", Stage.DEPLOYMENT, Scope.ENVIRONMENT),
        rule("doubtful", Stage.ADMISSION, Scope.OBJECT, Severity.WARNING),
        rule("crashing", Stage.RUN, Scope.OBJECT),
    )
)
MANUALS = {**manuals(), **{found.id: found.meta for found in RULES.rules}}
CHECKER = Checker(BuiltinEngine(SchemaStore([packaged_data() / "schemas"])), RULES, MANUALS)

VERDICTS: tuple[tuple[tuple[str, ...], ObjectVerdict], ...] = (
    ((), ObjectVerdict(admitted=True, deployable=True, runs=True)),
    (("kserve/doubtful",), ObjectVerdict(admitted=True, deployable=True, runs=True)),
    (("kserve/crashing", "internal/rule-crashed"), ObjectVerdict(admitted=True, deployable=True, runs=False)),
    (("kserve/idle",), ObjectVerdict(admitted=True, deployable=False, runs=False)),
    (("kserve/refused",), ObjectVerdict(admitted=False, deployable=False, runs=False)),
    (("schema/unknown-field", "kserve/idle"), ObjectVerdict(admitted=False, deployable=False, runs=False)),
    (("yaml/syntax",), ObjectVerdict(admitted=False, deployable=False, runs=False)),
)


@pytest.mark.parametrize(("rules", "verdict"), VERDICTS)
def test_the_stages_of_the_errors_say_what_becomes_of_an_object(rules: tuple[str, ...], verdict: ObjectVerdict) -> None:
    assert CHECKER.verdict(Finding(rule=name, path=(), message="") for name in rules) == verdict


def test_a_findings_own_severity_goes_before_its_rules() -> None:
    mild = Finding(rule="kserve/refused", path=(), message="", severity=Severity.INFO)
    assert CHECKER.severity(mild) is Severity.INFO
    assert CHECKER.verdict([mild]) == ObjectVerdict(admitted=True, deployable=True, runs=True)


def test_rules_look_at_objects_of_the_right_shape_only() -> None:
    sound, misshapen = (
        Defaulted(written=r, resource=r) for r in (service({"predictor": {}}), service({"predictors": {}}))
    )
    first, second = CHECKER.alone([sound, misshapen], CONTEXT)
    assert [finding.rule for _, finding in first] == ["kserve/refused", "kserve/doubtful", "kserve/crashing"]
    assert [finding.rule for _, finding in second] == ["schema/unknown-field"]
    assert (is_misshapen(first), is_misshapen(second)) == (False, True)
    assert [[finding.rule for _, finding in found] for found in CHECKER.around([sound], CONTEXT)] == [["kserve/idle"]]


def test_an_object_that_is_being_deleted_is_not_judged_when_it_is_updated() -> None:
    leaving = service({"predictor": {}})
    leaving.doc["metadata"] = {"name": "a", "namespace": "ns", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    item = Defaulted(written=leaving, resource=leaving)
    update = replace(CONTEXT, old={leaving.id: leaving})
    assert CHECKER.alone([item], CONTEXT) != [()]
    assert CHECKER.alone([item], update) == [()]
    assert CHECKER.around([item], update) == [[]]
