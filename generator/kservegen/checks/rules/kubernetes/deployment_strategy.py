"""A component's deployment strategy in; findings out where no Deployment can be rolled out so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import percent

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/deployment-strategy",
    title="A deployment strategy is of no known type, or leaves no way to roll out",
    why="Types are RollingUpdate and Recreate, only the first has rollingUpdate, and maxSurge and maxUnavailable are "
    "numbers or percentages that are not both nothing. The object is admitted, its Deployment is refused.",
    fix="Write type RollingUpdate with amounts such as 1 or 25%, or type Recreate alone.",
    bad="deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
    good="deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
    upstream=(*SOURCE, "k8s.io/kubernetes pkg/apis/apps/validation/validation.go"),
)

_TYPES: Final = ("Recreate", "RollingUpdate")
_AMOUNTS: Final = ("maxUnavailable", "maxSurge")
_DEFAULT: Final = "25%"
_WHOLE: Final = 100


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    if not isinstance(value, dict) or place.pod.role not in {"predictor", "transformer", "explainer"}:
        return
    path, rolling = place.path, value.get("rollingUpdate")
    yield from choice(value, "type", path, _TYPES)
    if value.get("type") == "Recreate":
        if rolling is not None:
            message = "rollingUpdate may not be specified when the strategy's type is Recreate"
            yield Problem((*path, "rollingUpdate"), message, at_key=True)
    elif isinstance(rolling, dict):
        yield from _rolling(rolling, (*path, "rollingUpdate"))


def _rolling(rolling: JsonObject, path: Path) -> Iterator[Problem]:
    for field in _AMOUNTS:
        amount = rolling.get(field)
        if isinstance(amount, int) and not isinstance(amount, bool) and amount < 0:
            yield Problem((*path, field), f"{field} is negative", str(amount), "0 and more")
        elif isinstance(amount, str) and percent(amount) is None:
            yield Problem((*path, field), f"{field} is neither a number nor a percentage", amount, "such as 1 or 25%")
    unavailable = rolling.get("maxUnavailable")
    if isinstance(unavailable, str) and (percent(unavailable) or 0) > _WHOLE:
        yield Problem((*path, "maxUnavailable"), "maxUnavailable must not be greater than 100%", unavailable)
    if not any(_amount(rolling.get(field)) for field in _AMOUNTS):
        message = "maxUnavailable may not be 0 when maxSurge is 0"
        yield Problem(path, message, "0", "one of the two above 0")


def _amount(value: JsonValue) -> int:
    """Say how much it is; an absent amount has a default, one that cannot be read is judged as nothing."""
    if value is None:
        value = _DEFAULT
    if isinstance(value, str):
        return percent(value) or 0
    return value if isinstance(value, int) else 0


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"deploymentStrategy": _judge})
