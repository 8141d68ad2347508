"""A pod's tolerations in; findings out where the API server refuses one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Rule
from kservegen.checks.rules.fields import Place
from kservegen.checks.rules.kubernetes._fields import KINDS, SOURCE, choice, lawful, maps
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_value_error, qualified_name_error
from kservegen.core.problem import Problem

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/toleration",
    title="A toleration is not one that a pod may have",
    why="Operators are Equal and Exists, effects NoSchedule, PreferNoSchedule and NoExecute, all spelt like this, and "
    "Exists takes no value. The object is admitted, its Deployment is refused.",
    fix="Write operator Exists without a value, or Equal with one, and an effect of Kubernetes or none.",
    bad="tolerations: [{key: nvidia.com/gpu, operator: Exists, value: present, effect: NoSchedule}]",
    good="tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]",
    upstream=SOURCE,
)

_OPERATORS: Final = ("Equal", "Exists")
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _judge(value: JsonValue, place: Place) -> Iterator[Problem]:
    for toleration, path in maps(value, place.path):
        yield from _toleration(toleration, path)


def _toleration(toleration: JsonObject, path: Path) -> Iterator[Problem]:
    operator, effect = text(toleration.get("operator")), text(toleration.get("effect"))
    yield from lawful(toleration, "key", path, qualified_name_error)
    yield from choice(toleration, "operator", path, _OPERATORS)
    yield from choice(toleration, "effect", path, _EFFECTS)
    if not toleration.get("key") and operator in {"", "Equal"}:
        yield Problem(path, "operator must be Exists when key is empty, which means all values and all keys", operator)
    if operator == "Exists" and (unused := text(toleration.get("value"))):
        yield Problem((*path, "value"), "value must be empty when operator is Exists", unused)
    elif operator in {"", "Equal"}:
        yield from lawful(toleration, "value", path, label_value_error)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield Problem((*path, "tolerationSeconds"), "effect must be NoExecute when tolerationSeconds is set", effect)


RULE: Final = Rule(meta=META, kinds=KINDS, pod={"tolerations": _judge})
