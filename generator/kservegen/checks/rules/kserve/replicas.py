"""A service in; findings out where the numbers of its replicas contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import components_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/replicas",
    title="The numbers of replicas are negative or contradict each other",
    why="KServe's webhook refuses negative numbers and a minimum above the maximum. An absent minReplicas counts as 1, "
    "a maxReplicas of 0 as no maximum. An LLM workload has replicas or scaling, not both.",
    fix="Raise maxReplicas or lower minReplicas; with scaling, leave replicas out.",
    bad="predictor: {minReplicas: 3, maxReplicas: 2}",
    good="predictor: {minReplicas: 2, maxReplicas: 3}",
    upstream=("ISVC-38", "ISVC-39", "ISVC-40", "LLM-17", "LLM-18", "pkg/apis/serving/v1beta1/component.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    if resource.kind == "InferenceService":
        for path, _, component in components_of(resource):
            yield from _component(path, component)
        return
    spec = mapping(resource.doc.get("spec"))
    yield from _llm(("spec",), spec)
    yield from _llm(("spec", "prefill"), mapping(spec.get("prefill")))


def _component(path: Path, component: JsonObject) -> Iterator[Finding]:
    least, most = component.get("minReplicas"), component.get("maxReplicas")
    for field, value in (("minReplicas", least), ("maxReplicas", most)):
        number = integer(value)
        if number is not None and number < 0:
            yield Finding(
                rule=META.id,
                path=(*path, field),
                message=f"'{field[0].upper()}{field[1:]}' cannot be less than 0",
                hint=META.fix,
                seen=str(number),
                allowed="0 and more",
            )
    yield from _order(path, least=1 if least is None else integer(least), most=integer(most) or None)


def _order(path: Path, *, least: int | None, most: int | None) -> Iterator[Finding]:
    if least is not None and most is not None and least > most >= 0:
        yield Finding(
            rule=META.id,
            path=(*path, "maxReplicas"),
            message=f"'MinReplicas' cannot be greater than MaxReplicas: minReplicas is {least}, maxReplicas {most}",
            hint=META.fix,
            seen=str(most),
            allowed=f"{least} and more",
        )


def _llm(path: Path, workload: JsonObject) -> Iterator[Finding]:
    scaling = workload.get("scaling")
    if not isinstance(scaling, dict):
        return
    if workload.get("replicas") is not None:
        message = "scaling and replicas are mutually exclusive"
        yield Finding(rule=META.id, path=(*path, "replicas"), message=message, hint=META.fix, at_key=True)
    least = scaling.get("minReplicas")
    yield from _order(
        (*path, "scaling"), least=1 if least is None else integer(least), most=integer(scaling.get("maxReplicas"))
    )


RULE: Final = Rule(
    meta=META,
    check=check,
    kinds=frozenset({"InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig"}),
)
