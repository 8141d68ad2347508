"""The models of one host need more memory than it has.

The controller loads a TrainedModel only while the memory of all models of the same InferenceService stays within the
memory limit that stands in its predictor. A limit of the runtime does not count, and no limit counts as none at all.

Fix: Raise the predictor's memory limit, or give some models a host of their own.
Bad:
    model: {memory: 8Gi, framework: sklearn, storageUri: gs://b/m}   # the host is limited to 2Gi
Good:
    model: {memory: 1Gi, framework: sklearn, storageUri: gs://b/m}
Upstream: TM-C3; controller v1alpha1 trainedmodel/controller.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._lookup import find
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.view import of_kind
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.quantity import Quantity, parse_quantity


@rule(Stage.DEPLOYMENT, "TrainedModel", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    parent = text(mapping(resource.doc.get("spec")).get("inferenceService"))
    host = find(context, kind="InferenceService", namespace=namespace(resource), name=parent) if parent else None
    if host is None:
        return
    siblings = [model for model in of_kind(context, "TrainedModel") if _is_of(model, parent, namespace(resource))]
    needed = [quantity for model in siblings if (quantity := _quantity(_model(model).get("memory")))]
    limit = _limit(host)
    if not needed or limit is None:
        return
    if sum(quantity.value for quantity in needed) > limit.value:
        yield Problem(
            ("spec", "model", "memory"),
            f"the TrainedModels of {parent} need more memory together than its limit of {limit.text}"
            if limit.value
            else f"{parent} states no memory limit, so its controller puts no TrainedModel in",
            seen=text(_model(resource).get("memory")),
            allowed=f"{limit.text} for all models of {parent} together",
        )


def _is_of(model: Resource, parent: str, here: str) -> bool:
    return namespace(model) == here and mapping(model.doc.get("spec")).get("inferenceService") == parent


def _model(resource: Resource) -> JsonObject:
    return mapping(mapping(resource.doc.get("spec")).get("model"))


def _limit(host: Resource) -> Quantity | None:
    """Return the memory limit that stands in the host itself: its runtime's does not count."""
    predictor = mapping(mapping(host.doc.get("spec")).get("predictor"))
    model = predictor.get("model")
    containers = sequence(predictor.get("containers"))
    if not isinstance(model, dict) and not containers:
        return None
    server = model if isinstance(model, dict) else mapping(containers[0])
    return _quantity(mapping(mapping(server.get("resources")).get("limits")).get("memory", "0"))


def _quantity(value: JsonValue) -> Quantity | None:
    return parse_quantity(value) if isinstance(value, (str, int, float)) else None
