"""A TrainedModel that is updated in; a finding out where its memory changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue
from kservegen.core.quantity import parse
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION
SCOPE: Final = Scope.UPDATE

META: Final = RuleMeta(
    id="kserve/trained-model-memory",
    title="The memory of an existing TrainedModel changes",
    why="The host keeps account of the memory of its models when they are added, so the webhook takes no other amount.",
    fix="Keep the amount, or remove the TrainedModel and add it anew.",
    bad="model: {memory: 2Gi}\n# was: 1Gi",
    good="model: {memory: 1024Mi}\n# was: 1Gi",
    upstream=("TM-03", "pkg/apis/serving/v1alpha1/trainedmodel_webhook.go"),
)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    old = context.old.get(resource.id)
    if old is None:
        return
    before, now = _memory(old), _memory(resource)
    if not _is_same(before, now):
        yield Finding(
            rule=META.id,
            path=("spec", "model", "memory"),
            message=f"the Trained Model memory field is immutable, it was {before}",
            hint=META.fix,
            seen=str(now),
            allowed=str(before),
        )


def _memory(resource: Resource) -> JsonValue:
    return mapping(mapping(resource.doc.get("spec")).get("model")).get("memory")


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    first, second = (parse(value) if isinstance(value, (str, int, float)) else None for value in (one, other))
    return first is None or second is None or first.compare(second) == 0


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"TrainedModel"}))
