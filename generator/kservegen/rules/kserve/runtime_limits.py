"""An InferenceService in; findings out where half of a resource contradicts the half that its runtime gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.document import mapping, text
from kservegen.jsontypes import JsonObject
from kservegen.quantity import Quantity, parse
from kservegen.rules.base import Context, Rule
from kservegen.rules.kserve._lookup import find
from kservegen.rules.kserve._platform import chart_runtimes
from kservegen.rules.kserve._settings import namespace
from kservegen.rules.stage import Stage
from kservegen.rules.view import Amount, amounts_in, amounts_of, of_kind
from kservegen.workloads import containers

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kserve/runtime-limits",
    title="A model requests more than its runtime's limit, or is limited below its runtime's request",
    why="KServe lays the model's resources over the runtime's, key by key. The charts' runtimes request and limit one "
    "cpu and 2Gi, so a request of 4 without a limit meets a limit of 1, and the Deployment is refused.",
    fix="Give the resource under both requests and limits.",
    bad='predictor: {model: {modelFormat: {name: sklearn}, resources: {requests: {cpu: "4"}}}}',
    good='predictor: {model: {modelFormat: {name: sklearn}, resources: {requests: {cpu: "4"}, limits: {cpu: "4"}}}}',
    upstream=("kserve rules, section 9", "kserve charts, section 3.1"),
)


class Sides(NamedTuple):
    """What a runtime requests and limits, by resource."""

    requests: dict[str, Quantity]
    limits: dict[str, Quantity]


def _chart_sides(*, requests: tuple[str, str], limits: tuple[str, str]) -> Sides:
    names = ("cpu", "memory")
    read = [[q for q in map(parse, side) if q is not None] for side in (requests, limits)]
    return Sides(*(dict(zip(names, side, strict=True)) for side in read))


# No chart value changes these.
_SINGLE_NODE: Final = _chart_sides(requests=("1", "2Gi"), limits=("1", "2Gi"))
_MULTI_NODE: Final = _chart_sides(requests=("2", "6Gi"), limits=("4", "12Gi"))
_MODEL: Final = ("spec", "predictor", "model")
_MULTI_NODE_NAME: Final = "kserve-huggingfaceserver-multinode"


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    listed = amounts_of(resource)
    if 2 * sum(1 for amount in listed if amount.limit is not None) == len(listed):
        return  # every request has its limit and every limit its request, as it should be
    amounts = [amount for amount in listed if amount.at.path == _MODEL]
    # What has both sides is its own business.
    whole = {amount.name for amount in amounts if amount.limit is not None}
    half = [amount for amount in amounts if amount.name not in whole]
    if half:
        predictor = mapping(mapping(resource.doc.get("spec")).get("predictor"))
        sides = _runtime(predictor, namespace(resource), context)
        if sides is not None:
            for amount in half:
                yield from _against(amount, sides)


def _against(amount: Amount, sides: Sides) -> Iterator[Finding]:
    name, given = amount.name, amount.quantity
    if given is None:
        return
    if amount.side == "requests":
        other = sides.limits.get(name)
        if other is not None and given.compare(other) > 0:
            yield _finding(amount, f"{name} is requested beyond the runtime's limit of {other.text}")
    else:
        other = sides.requests.get(name)
        if other is not None and given.compare(other) < 0:
            yield _finding(amount, f"{name} is limited below the runtime's request of {other.text}")


def _finding(amount: Amount, message: str) -> Finding:
    other = "limits" if amount.side == "requests" else "requests"
    hint = f"Give {amount.name} under {other} too."
    return Finding(rule=META.id, path=amount.path, message=message, hint=hint, seen=str(amount.value))


def _runtime(predictor: JsonObject, here: str, context: Context) -> Sides | None:
    """Say what the runtime brings; None where it is not known which one serves."""
    name = text(mapping(predictor.get("model")).get("runtime"))
    if not name:
        own = of_kind(context, "ServingRuntime") or of_kind(context, "ClusterServingRuntime")
        return None if own or "workerSpec" in predictor else _SINGLE_NODE
    runtime = find(context, kind="ServingRuntime", namespace=here, name=name) or find(
        context, kind="ClusterServingRuntime", namespace="", name=name
    )
    if runtime is not None:
        return _sides(runtime)
    if name == _MULTI_NODE_NAME:
        return _MULTI_NODE
    return _SINGLE_NODE if name in chart_runtimes(context.kserve_version) else None


def _sides(runtime: Resource) -> Sides:
    sides = Sides({}, {})
    for at in containers(runtime):
        if at.serving and at.role == "runtime":
            for amount in amounts_in(at):
                if amount.quantity is not None:
                    (sides.requests if amount.side == "requests" else sides.limits)[amount.name] = amount.quantity
    return sides


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
