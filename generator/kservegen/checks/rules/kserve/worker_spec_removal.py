"""A runtime loses its workers.

Models that span nodes run on it, and the webhook takes no update that removes workerSpec.

Fix: Keep workerSpec, or make a runtime of another name.
Bad:
    kind: ClusterServingRuntime
    spec: {containers: [{name: kserve-container}]}
    # had a workerSpec
Good:
    kind: ClusterServingRuntime
    spec: {containers: [{name: kserve-container}], workerSpec: {containers: [{name: worker-container}]}}
Upstream: SR-03; pkg/webhook/admission/servingruntime/servingruntime_webhook.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._multi_node import RUNTIMES, is_disabled
from kservegen.core.document import mapping


@rule(Stage.ADMISSION, *RUNTIMES, scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None or is_disabled(resource) or _workers(resource) is not None or _workers(old) is None:
        return
    yield Problem(("spec", "workerSpec"), "removing workerSpec where it already exists is not allowed", at_key=True)


def _workers(resource: Resource) -> object:
    return mapping(resource.doc.get("spec")).get("workerSpec")
