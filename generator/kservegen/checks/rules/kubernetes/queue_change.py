"""The queue of a Deployment of the model would change while it runs.

Kueue refuses a change of the label that names the queue of a Deployment whose pods are ready, and of a LeaderWorkerSet
at any time. KServe tries again and again, and no later change of the model reaches the cluster. Deployments of LLM
services select their pods by that label too: `kserve/llm-selector-change` tells of those.

Fix: Keep the queue, or make a service of another name and remove this one; deleting the workload by hand lets KServe
make it anew.
Bad:
    labels: {kueue.x-k8s.io/queue-name: team-b}
    # was: team-a
Good:
    labels: {kueue.x-k8s.io/queue-name: team-a}
    # was: team-a
Upstream: kueue v0.17.0 pkg/controller/jobs/deployment/deployment_webhook.go; leaderworkerset_webhook.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.queues import LOCAL_QUEUE, QUEUE_LABEL
from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.view import queues_of
from kservegen.core.document import mapping, text
from kservegen.kserve.controllers.made import MadeObject

_LABELLED: Final = {
    "InferenceService": "Deployment",
    "InferenceGraph": "Deployment",
    "LLMInferenceService": "LeaderWorkerSet",
}


@rule(Stage.DEPLOYMENT, *_LABELLED, scope=Scope.UPDATE)
def check(resource: Resource, context: Context) -> Problems:
    old = context.old.get(resource.id)
    if old is None:
        return
    queues, home = queues_of(context), namespace(resource)
    if not queues.serve(home):
        return
    now, then = (dict(_named(item, context)) for item in (resource, old))
    for name, queue in now.items():
        before = then.get(name, queue)
        if queue != before and any(queues.find(LOCAL_QUEUE, each, home) for each in (queue, before) if each):
            yield Problem(
                ("metadata", "labels", QUEUE_LABEL),
                f"{_LABELLED[resource.kind]} {name} would change its queue while its pods run, which Kueue refuses",
                seen=queue or "no queue",
                allowed=before or "no queue",
                at_key=True,
            )
            return


def _named(resource: Resource, context: Context) -> Iterator[tuple[str, str]]:
    """List the workloads that Kueue minds, by name, with the queue that each names."""
    view = made_of(resource, context)
    for item in view.made.objects if view is not None else ():
        if item.doc.get("kind") == _LABELLED[resource.kind]:
            yield _named_queue(item, namespace(resource), context)


def _named_queue(item: MadeObject, home: str, context: Context) -> tuple[str, str]:
    metadata = mapping(item.doc.get("metadata"))
    return text(metadata.get("name")), queues_of(context).queue_of(home, mapping(metadata.get("labels")))
