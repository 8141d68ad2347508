"""An InferenceService with canaries in; findings out where they cannot stand beside the stable predictor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._settings import MODE, annotation
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/canary",
    title="A canary cannot stand beside the stable predictor",
    why="KServe v0.20 runs canaries in mode Standard only, beside a stable predictor that has a model with a "
    "storageUri. Each has a name of its own and fixed replicas, no more than the stable one's; together they get at "
    "most 100 percent of the traffic.",
    fix="Give each canary a predictor.name, and leave scaling to the stable predictor.",
    bad="canary: [{trafficPercent: 10, predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}}]",
    good="canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: sklearn}, "
    "storageUri: s3://b/new}}}]",
    upstream=("kserve rules, section 11", "KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go"),
)

_WHOLE: Final = 100
_FIXED: Final = ("workerSpec", "maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    spec = mapping(resource.doc.get("spec"))
    canaries = spec.get("canary")
    if not canaries or context.is_019 or not isinstance(canaries, list):
        return
    stable = mapping(spec.get("predictor"))
    yield from _surroundings(resource, stable)
    yield from _traffic(canaries)
    names = {text(stable.get("name")): "conflicts with stable predictor name"}
    for index, canary in enumerate(canaries):
        path = ("spec", "canary", index, "predictor")
        predictor = mapping(mapping(canary).get("predictor"))
        yield from _name(path, predictor, names)
        yield from _fixed(path, predictor, stable)


def _surroundings(resource: Resource, stable: JsonObject) -> Iterator[Finding]:
    mode = annotation(resource, MODE)
    if mode != "Standard":
        message = f"canaries are supported in mode Standard only, not in {mode or 'Knative'}"
        yield Finding(rule=META.id, path=("spec", "canary"), message=message, hint=META.fix, seen=mode, at_key=True)
    model = stable.get("model")
    if not isinstance(model, dict) or not model.get("storageUri"):
        message = "canaries need a stable predictor that has a model with a storageUri"
        yield Finding(rule=META.id, path=("spec", "predictor"), message=message, hint=META.fix, at_key=True)


def _traffic(canaries: JsonArray) -> Iterator[Finding]:
    total = 0
    for index, canary in enumerate(canaries):
        percent = integer(mapping(canary).get("trafficPercent")) or 0
        total += percent
        if not 0 <= percent <= _WHOLE:
            path = ("spec", "canary", index, "trafficPercent")
            message = "canary trafficPercent must be between 0 and 100"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=str(percent))
    if total > _WHOLE:
        message = f"sum of canary trafficPercent values ({total}) must be <= 100"
        yield Finding(rule=META.id, path=("spec", "canary"), message=message, hint="Lower them.", seen=str(total))


def _name(path: Path, predictor: JsonObject, names: dict[str, str]) -> Iterator[Finding]:
    name = text(predictor.get("name"))
    where = (*path, "name")
    if not name:
        message = f"canary[{path[2]}] predictor.name is required"
        yield Finding(rule=META.id, path=where, message=message, hint=META.fix, at_key=True)
    elif name in names:
        message = f'canary predictor.name "{name}" {names[name]}'
        yield Finding(rule=META.id, path=where, message=message, hint="Choose another name.", seen=name)
    names.setdefault(name, "is duplicated")


def _fixed(path: Path, predictor: JsonObject, stable: JsonObject) -> Iterator[Finding]:
    name = text(predictor.get("name"))
    for field in _FIXED:
        value = predictor.get(field)
        if value is not None and not (field == "maxReplicas" and value == 0):
            message = f'canary "{name}" must not set {field} (canary uses fixed replicas)'
            yield Finding(rule=META.id, path=(*path, field), message=message, hint="Remove it.", at_key=True)
    least = integer(predictor.get("minReplicas"))
    most = 1 if stable.get("minReplicas") is None else integer(stable.get("minReplicas"))
    if least is not None and most is not None and least > most:
        message = f'canary "{name}" minReplicas {least} is above the stable predictor\'s {most}'
        where = (*path, "minReplicas")
        yield Finding(rule=META.id, path=where, message=message, hint=META.fix, seen=str(least), allowed=str(most))


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
