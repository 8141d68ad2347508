"""A container of your own announces a protocol that KServe does not take.

A custom predictor tells its protocol by the variable PROTOCOL of its first container, and the webhook takes v1 and v2
only: grpc-v2 is refused here, though a model may have it as protocolVersion.

Fix: Set PROTOCOL to v1 or v2, as a plain value.
Bad:
    predictor: {containers: [{env: [{name: PROTOCOL, value: grpc-v2}]}]}
Good:
    predictor: {containers: [{env: [{name: PROTOCOL, value: v2}]}]}
Upstream: ISVC-34; pkg/apis/serving/v1beta1/predictor_custom.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.workloads import FRAMEWORKS

_PROTOCOLS: Final = ("v1", "v2")


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, role, component in components_of(resource):
        containers = sequence(component.get("containers"))
        if role != "predictor" or not containers or _has_model(component):
            continue
        first = mapping(containers[0])
        index = variable(first, "PROTOCOL")
        if index is None:
            continue
        value = text(mapping(sequence(first.get("env"))[index]).get("value"))
        if value not in _PROTOCOLS:
            yield Problem(
                (*path, "containers", 0, "env", index, "value"),
                f"invalid protocol v1, v2. Must be one of [{value}] - KServe means it the other way round",
                seen=value,
                allowed=", ".join(_PROTOCOLS),
            )


def _has_model(component: JsonObject) -> bool:
    return any(component.get(field) is not None for field in ("model", *FRAMEWORKS))
