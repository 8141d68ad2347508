"""A model requests more than its runtime's limit, or is limited below its runtime's request.

KServe lays the model's resources over the runtime's, key by key. The charts' runtimes request and limit one cpu and
2Gi, so a request of 4 without a limit meets a limit of 1, and the Deployment is refused.

Fix: Give the resource under both requests and limits.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, resources: {requests: {cpu: "4"}}}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}, resources: {requests: {cpu: "4"}, limits: {cpu: "4"}}}}
Upstream: kserve rules, section 9; kserve charts, section 3.1
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import amounts_of, models_of, selection_of
from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import mapping, sequence, value_at
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.quantity import Quantity, parse_quantity
from kservegen.core.resource import ResourceId
from kservegen.kserve.workloads import SERVING_CONTAINER
from kservegen.kubernetes.resources import Amount


class Sides(Struct, frozen=True):
    """What a runtime requests and limits, by resource; `container` is where, none where no object states it."""

    runtime: ResourceId
    container: Path

    requests: dict[str, Quantity]
    limits: dict[str, Quantity]


_MODEL: Final = ("spec", "predictor", "model")


@rule(Stage.DEPLOYMENT, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    half = _half(resource)
    if half:
        sides = _sides(resource, context)
        if sides is not None:
            for amount in half:
                yield from _against(amount, sides)


@cached_by_object
def _half(resource: Resource) -> tuple[Amount, ...]:
    """List what has a request or a limit alone: what has both sides is its own business."""
    resources = mapping(value_at(resource.doc, (*_MODEL, "resources")))
    if mapping(resources.get("requests")).keys() == mapping(resources.get("limits")).keys():
        return ()
    amounts = [amount for amount in amounts_of(resource) if amount.at.path == _MODEL]
    whole = {amount.name for amount in amounts if amount.limit is not None}
    return tuple(amount for amount in amounts if amount.name not in whole)


def _against(amount: Amount, sides: Sides) -> Problems:
    name, given = amount.name, amount.quantity
    if given is None:
        return
    if amount.side == "requests":
        other = sides.limits.get(name)
        if other is not None and given.compare(other) > 0:
            yield _finding(
                amount, f"{name} is requested beyond the limit of {other.text} that {sides.runtime} sets", sides
            )
    else:
        other = sides.requests.get(name)
        if other is not None and given.compare(other) < 0:
            yield _finding(
                amount, f"{name} is limited below the request of {other.text} that {sides.runtime} makes", sides
            )


def _finding(amount: Amount, message: str, sides: Sides) -> Problem:
    side = "limits" if amount.side == "requests" else "requests"
    hint = f"Give {amount.name} under {side} too."
    there: Path = (*sides.container, "resources", side, amount.name)
    other = (
        Counterpart(there, f"the runtime's {side} of {amount.name} are set here", sides.runtime)
        if sides.container
        else None
    )
    return Problem(amount.path, message, seen=str(amount.value), hint=hint, other=other)


def _sides(resource: Resource, context: Context) -> Sides | None:
    """Say what the runtime brings; None where none serves, which is another rule's finding."""
    for _, _, request in models_of(resource, context):
        selection = selection_of(request, context)
        runtime = selection.chosen
        if runtime is None or selection.contested:
            return None
        runtime_id = ResourceId(runtime.kind, runtime.namespace, runtime.name)
        place = _serving_container(context.resources.get(runtime_id))
        return Sides(
            runtime_id, place, _quantities(runtime.amounts["requests"]), _quantities(runtime.amounts["limits"])
        )
    return None


def _serving_container(runtime: Resource | None) -> Path:
    """Return where a runtime's serving container stands, none for one that is no object here."""
    for index, container in enumerate(sequence(runtime.spec.get("containers")) if runtime is not None else ()):
        if mapping(container).get("name") == SERVING_CONTAINER:
            return ("spec", "containers", index)
    return ()


def _quantities(side: Mapping[str, JsonValue]) -> dict[str, Quantity]:
    read = {name: parse_quantity(value) for name, value in side.items() if isinstance(value, (str, int, float))}
    return {name: quantity for name, quantity in read.items() if quantity is not None}
