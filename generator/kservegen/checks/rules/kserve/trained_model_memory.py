"""The memory of an existing TrainedModel changes.

The host keeps account of the memory of its models when they are added, so the webhook takes no other amount.

Fix: Keep the amount, or remove the TrainedModel and add it anew.
Bad:
    model: {memory: 2Gi}
    # was: 1Gi
Good:
    model: {memory: 1024Mi}
    # was: 1Gi
Upstream: TM-03; pkg/apis/serving/v1alpha1/trainedmodel_webhook.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue
from kservegen.core.quantity import parse_quantity


@rule(Stage.ADMISSION, "TrainedModel", scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None:
        return
    before, now = _memory(old), _memory(resource)
    if not _is_same(before, now):
        message = f"the Trained Model memory field is immutable, it was {before}"
        yield Problem(("spec", "model", "memory"), message, seen=str(now), allowed=str(before))


def _memory(resource: Resource) -> JsonValue:
    return mapping(mapping(resource.doc.get("spec")).get("model")).get("memory")


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    first, second = (parse_quantity(value) if isinstance(value, (str, int, float)) else None for value in (one, other))
    return first is None or second is None or first.compare(second) == 0
