"""An object in; findings out where an amount of it is not a quantity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import amounts_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.quantity import parse
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/quantity",
    title="An amount is not a Kubernetes quantity",
    why="The API server reads amounts as a number with one of its own suffixes and refuses the whole object otherwise.",
    fix="Write a number and a suffix, such as 500m, 2, 6Gi or 500M.",
    bad="resources: {limits: {memory: 6GiB}}",
    good="resources: {limits: {memory: 6Gi}}",
    upstream=("k8s.io/apimachinery pkg/api/resource/quantity.go",),
)

# Single amounts outside of containers, by kind.
_FIELDS: Final[dict[str, Path]] = {
    "TrainedModel": ("spec", "model", "memory"),
    "LocalModelCache": ("spec", "modelSize"),
    "LocalModelNamespaceCache": ("spec", "modelSize"),
    "LocalModelNodeGroup": ("spec", "storageLimit"),
}
_ALLOWED: Final = "a number with m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent"


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for amount in amounts_of(resource):
        if amount.quantity is None:
            yield from _judge(amount.path, amount.name, amount.value)
    path = _FIELDS.get(resource.kind)
    if path:
        value: JsonValue = resource.doc
        for key in path:
            value = mapping(value).get(str(key))
        yield from _judge(path, str(path[-1]), value)


def _judge(path: Path, name: str, value: JsonValue) -> Iterator[Finding]:
    if isinstance(value, (str, int, float)) and parse(value) is None:
        yield Finding(
            rule=META.id,
            path=path,
            message=f"{name} is {value!r}, which is no quantity",
            hint=META.fix,
            seen=str(value),
            allowed=_ALLOWED,
        )


RULE: Final = Rule(meta=META, check=check)
