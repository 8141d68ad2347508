"""A canary cannot stand beside the stable predictor.

KServe v0.20 runs canaries in mode Standard only, beside a stable predictor that has a model. Each has a name of its own
and fixed replicas, no more than the stable one's; together they get at most 100 percent of the traffic.

Fix: Give each canary a predictor.name, and leave scaling to the stable predictor.
Bad:
    canary: [{trafficPercent: 10, predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}}]
Good:
    canary: [{trafficPercent: 10, predictor: {name: v2, model: {modelFormat: {name: sklearn}, storageUri: s3://b/new}}}]
Upstream: kserve rules, section 11; KServe v0.20 pkg/apis/serving/v1beta1/inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._settings import MODE, annotation
from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path

_WHOLE: Final = 100
_FIXED: Final = ("workerSpec", "maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, context: Context) -> Problems:
    spec = mapping(resource.doc.get("spec"))
    canaries = spec.get("canary")
    if not canaries or not context.release.capabilities.canary or not isinstance(canaries, list):
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


def _surroundings(resource: Resource, stable: JsonObject) -> Problems:
    mode = annotation(resource, MODE)
    if mode != "Standard":
        message = f"canaries are supported in mode Standard only, not in {mode or 'Knative'}"
        yield Problem(("spec", "canary"), message, seen=mode, at_key=True)
    if not isinstance(stable.get("model"), dict) and not any(map(_names_model, sequence(stable.get("containers")))):
        message = "canaries need a stable predictor that has a model"
        yield Problem(("spec", "predictor"), message, at_key=True)


def _names_model(container: JsonValue) -> bool:
    """Whether a container of one's own says in its environment which model it serves."""
    return any(mapping(item).get("name") == "STORAGE_URI" for item in sequence(mapping(container).get("env")))


def _traffic(canaries: JsonArray) -> Problems:
    total = 0
    for index, canary in enumerate(canaries):
        percent = integer(mapping(canary).get("trafficPercent")) or 0
        total += percent
        if not 0 <= percent <= _WHOLE:
            path = ("spec", "canary", index, "trafficPercent")
            yield Problem(path, "canary trafficPercent must be between 0 and 100", seen=str(percent))
    if total > _WHOLE:
        message = f"sum of canary trafficPercent values ({total}) must be <= 100"
        yield Problem(("spec", "canary"), message, seen=str(total), hint="Lower them.")


def _name(path: Path, predictor: JsonObject, names: dict[str, str]) -> Problems:
    name = text(predictor.get("name"))
    where = (*path, "name")
    if not name:
        yield Problem(where, f"canary[{path[2]}] predictor.name is required", at_key=True)
    elif name in names:
        yield Problem(where, f'canary predictor.name "{name}" {names[name]}', seen=name, hint="Choose another name.")
    names.setdefault(name, "is duplicated")


def _fixed(path: Path, predictor: JsonObject, stable: JsonObject) -> Problems:
    name = text(predictor.get("name"))
    for field in _FIXED:
        value = predictor.get(field)
        if value is not None and not (field == "maxReplicas" and value == 0):
            message = f'canary "{name}" must not set {field} (canary uses fixed replicas)'
            yield Problem((*path, field), message, hint="Remove it.", at_key=True)
    least = integer(predictor.get("minReplicas"))
    most = 1 if stable.get("minReplicas") is None else integer(stable.get("minReplicas"))
    if least is not None and most is not None and least > most:
        message = f'canary "{name}" minReplicas {least} is above the stable predictor\'s {most}'
        other = Counterpart(("spec", "predictor", "minReplicas"), "the stable predictor's minReplicas is set here")
        yield Problem((*path, "minReplicas"), message, seen=str(least), allowed=str(most), other=other)
