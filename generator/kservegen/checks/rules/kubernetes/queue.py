"""A queue of Kueue admits no pods of the model.

A label names a LocalQueue, which leads to a ClusterQueue; without a label Kueue takes the LocalQueue `default` of the
namespace, where there is one. Pods wait, gated, as long as the ClusterQueue is not there, has a flavor that is not
there, takes none of the namespace's workloads (`namespaceSelector`, which selects nothing where it is left out), or is
stopped. What was seen in a cluster as stopped may run again: that is a warning.

Fix: Mend the queue, or name another one of the namespace.
Bad:
    labels: {kueue.x-k8s.io/queue-name: team-a}
    # ClusterQueue of team-a: {namespaceSelector: {matchLabels: {team: b}}}
Good:
    labels: {kueue.x-k8s.io/queue-name: team-a}
    # ClusterQueue of team-a: {namespaceSelector: {}}
Upstream: kueue v0.17.0 pkg/scheduler/scheduler.go; pkg/cache/scheduler/clusterqueue.go
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.placement.labels import closed_expression, match_selector
from kservegen.checks.queues import CLUSTER_QUEUE, FLAVOR, QueueObject, resource_groups
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.checks.rules.kubernetes._queues import as_known, cluster_queue, queued_workloads
from kservegen.core.diagnostics import Counterpart, Severity
from kservegen.core.document import mapping, text
from kservegen.core.names import NAMESPACE_NAME_LABEL

_RUNNING: Final = ("", "None")


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    told: set[str] = set()
    for workload in queued_workloads(resource, context):
        local = workload.local_queue
        if local.name in told:
            continue
        told.add(local.name)
        place = workload.place
        for problem in _problems(local, cluster_queue(workload, context), namespace(resource), context):
            # Nobody asked for a default queue: that Kueue minds these pods is its configuration's word.
            weight = problem.severity if workload.labelled else Severity.WARNING
            message = f"{problem.message}{place.told}"
            yield problem._replace(path=place.path, message=message, severity=weight)


def _problems(local: QueueObject, found: QueueObject | None, home: str, context: Context) -> Iterator[Problem]:
    yield from _stopped(local, context)
    if found is None:
        yield from _missing(local, context)
        return
    yield from _stopped(found, context)
    if found.spec is None:
        return
    yield from _excluded(found, home, context)
    if found.rendered is None:  # one that is rendered has its own references looked at
        yield from _flavors(found, context)


def _stopped(found: QueueObject, context: Context) -> Iterator[Problem]:
    policy = text(mapping(found.spec).get("stopPolicy"))
    if policy not in _RUNNING:
        yield Problem(
            (),
            f"{as_known(found, context)} is stopped: it admits no pods",
            seen=f"stopPolicy: {policy}",
            severity=None if found.rendered is not None else Severity.WARNING,
            hint="Leave stopPolicy out of it, or wait in another queue.",
            cause=f"{found.kind}/{found.name}/stopPolicy",
            other=_at(found, "stopPolicy", "it is stopped here"),
        )


def _at(found: QueueObject, word: str, message: str) -> Counterpart | None:
    return None if found.rendered is None else Counterpart(("spec", word), message, found.rendered.id)


def _missing(local: QueueObject, context: Context) -> Iterator[Problem]:
    """Tell of a queue of the cluster that leads nowhere; one that is rendered has its own reference looked at."""
    name = text(mapping(local.spec).get("clusterQueue"))
    if local.rendered is not None or not name:
        return
    if not context.directory.look_up(kind=CLUSTER_QUEUE, namespace="", name=name).is_there:
        yield from _absent(CLUSTER_QUEUE, name, f"{as_known(local, context)} leads to", context)


def _absent(kind: str, name: str, told: str, context: Context) -> Iterator[Problem]:
    if not context.directory.lacks(kind=kind, namespace=""):
        context.directory.assume_unsaid(kind=kind, namespace="", name=name)
        return
    yield Problem(
        (),
        f"{told} {kind} {name}, which the cluster did not have",
        seen=name,
        allowed=", ".join(sorted(context.directory.names(kind=kind, namespace=""))),
        hint=f"If the cluster has it by now: kservegen inventory --env {context.environment}.",
        cause=f"{kind}/{name}",
    )


def _flavors(found: QueueObject, context: Context) -> Iterator[Problem]:
    for group in resource_groups(mapping(found.spec)):
        for name in group.flavors:
            if not context.directory.look_up(kind=FLAVOR, namespace="", name=name).is_there:
                yield from _absent(FLAVOR, name, f"{as_known(found, context)} asks for", context)


def _excluded(found: QueueObject, home: str, context: Context) -> Iterator[Problem]:
    """Hold a namespace against the selector of a queue; of labels that nobody knows the best is assumed."""
    selector = mapping(found.spec).get("namespaceSelector")
    if selector is None:
        message = f"{as_known(found, context)} takes workloads of no namespace: it has no namespaceSelector"
        yield Problem((), message, hint="Give it namespaceSelector: {} for all namespaces.", cause=f"{found.name}/none")
        return
    asked = match_selector(mapping(selector))
    rendered = context.directory.rendered(kind="Namespace", namespace="", name=home)
    facts = mapping(context.inventory.facts("Namespace", "", home)) if context.inventory is not None else {}
    own = mapping(mapping(mapping(rendered.doc).get("metadata")).get("labels")) if rendered is not None else {}
    labels = {key: text(value) for key, value in {**mapping(facts.get("labels")), **own}.items()}
    labels[NAMESPACE_NAME_LABEL] = home
    is_listed = "labels" in facts
    refused = [item for item in asked if not item.holds(labels, closed_expression)]
    if not refused:
        return
    # A label that is not rendered may be given by somebody else.
    is_sure = is_listed or any(item.key in labels for item in refused)
    if not is_sure and rendered is None:
        context.directory.assume_unsaid(kind="label", namespace=home, name=refused[0].key)
        return
    has = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items()) if key != NAMESPACE_NAME_LABEL)
    yield Problem(
        (),
        f"{as_known(found, context)} takes no workloads of namespace {home}",
        seen=has or f"{home} has no labels",
        allowed="; ".join(f"{item.key} {item.operator} {', '.join(sorted(item.values))}".strip() for item in asked),
        hint="Give the namespace the labels that namespaceSelector asks for.",
        severity=None if is_sure else Severity.WARNING,
        cause=f"{CLUSTER_QUEUE}/{found.name}/{home}",
        other=_at(found, "namespaceSelector", "it chooses namespaces here"),
    )
