"""A queue of Kueue has no room for a pod of the model, however empty it is.

Kueue admits a pod where one flavor of each group of resources takes it: with the nodes that it stands for (their
labels, unless the pod asks for others, and their taints, which the pod or the flavor has to tolerate), and with quota
for all that the pod requests of the group: `nominalQuota`, and what the ClusterQueue may borrow in its cohort. A
resource that no group covers is refused by itself. The pods of a LeaderWorkerSet are admitted group by group. Where a
cohort may have members that nobody told of, it is a warning.

Fix: Raise the quota, or lower what the pod requests.
Bad:
    resources: {limits: {nvidia.com/gpu: "8"}}
    # ClusterQueue: {coveredResources: [nvidia.com/gpu], nominalQuota: 4}
Good:
    resources: {limits: {nvidia.com/gpu: "4"}}
    # ClusterQueue: {coveredResources: [nvidia.com/gpu], nominalQuota: 4}
Upstream: kueue v0.17.0 pkg/scheduler/flavorassigner/flavorassigner.go
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct

from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.demand.requests import Requests, add, pod_requests
from kservegen.checks.placement.labels import equalities
from kservegen.checks.placement.nodes import matches_affinity, tolerates
from kservegen.checks.placement.pools import Pool, read_pools
from kservegen.checks.queues import FLAVOR, QueueObject, Queues, ResourceGroup, resource_groups
from kservegen.checks.rules._made import Place
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kubernetes._queues import PodSet, QueuedWorkload, as_known, cluster_queue, queued_workloads
from kservegen.checks.rules.view import queues_of
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject

_PODS: Final = "pods"
_MOST_NAMED: Final = 4


class _Refusal(Struct, frozen=True):
    """Why a flavor does not take pods, and of which resource it has too little; not `sure` in a cohort of others."""

    why: str
    resource: str = ""
    sure: bool = True


@rule(Stage.RUN, "InferenceService", "InferenceGraph", "LLMInferenceService", scope=Scope.MADE_AROUND)
def check(resource: Resource, context: Context) -> Problems:
    for workload in queued_workloads(resource, context):
        queue = cluster_queue(workload, context)
        if queue is not None and queue.spec is not None:
            for problem in _problems(workload, queue, context):
                weight = problem.severity if workload.labelled else Severity.WARNING
                yield problem._replace(severity=weight)


def _problems(workload: QueuedWorkload, queue: QueueObject, context: Context) -> Iterator[Problem]:
    queues, groups = queues_of(context), resource_groups(mapping(queue.spec))
    needs = [_needs(pod_set, groups) for pod_set in workload.pod_sets]
    told = False
    for pod_set, need in zip(workload.pod_sets, needs, strict=True):
        for problem in _of_pods(workload, pod_set, need, queue, queues, context):
            told = True
            yield problem
    if len(needs) > 1 and not told:
        yield from _together(workload, add(*needs), queue, queues, context)


def _needs(pod_set: PodSet, groups: tuple[ResourceGroup, ...]) -> Requests:
    requests = pod_requests(mapping(pod_set.running.pod.get("spec")))
    needs = {name: amount * pod_set.number for name, amount in requests.items() if amount}
    if any(_PODS in group.covered for group in groups):
        needs[_PODS] = Fraction(pod_set.number)
    return needs


def _of_pods(
    workload: QueuedWorkload, pod_set: PodSet, need: Requests, queue: QueueObject, queues: Queues, context: Context
) -> Iterator[Problem]:
    groups = resource_groups(mapping(queue.spec))
    covered = {name for group in groups for name in group.covered}
    for name in sorted(need.keys() - covered):
        place = _place(workload, pod_set, name)
        yield Problem(
            place.path,
            f"{as_known(queue, context)} covers no {name}: it never admits {pod_set.told}{place.told}",
            seen=name,
            allowed=", ".join(sorted(covered)) or "nothing is covered",
            hint=f"Add {name} to coveredResources, with a quota in each flavor.",
            cause=f"{queue.kind}/{queue.name}/{name}",
        )
    for group in groups:
        wanted = {name: need[name] for name in group.covered if name in need}
        refusals = {name: _refusal(pod_set, wanted, queue, name, group, queues) for name in group.flavors}
        why = {name: found for name, found in refusals.items() if found is not None}
        if wanted and len(why) == len(refusals):
            yield _no_flavor(workload, pod_set, queue, why, context)


def _no_flavor(
    workload: QueuedWorkload, pod_set: PodSet, queue: QueueObject, why: Mapping[str, _Refusal], context: Context
) -> Problem:
    short = sorted({found.resource for found in why.values()})
    is_quota = bool(short) and "" not in short
    place = _place(workload, pod_set, short[0]) if is_quota else workload.place
    told = [f"{name}: {found.why}" for name, found in why.items()]
    more = [f"{len(told) - _MOST_NAMED} more"] if len(told) > _MOST_NAMED else []
    return Problem(
        place.path,
        f"no flavor of {as_known(queue, context)} ever takes {pod_set.told}{place.told}",
        seen="; ".join([*told[:_MOST_NAMED], *more]) or "it has no flavors",
        hint="" if is_quota or not short else "Ask for nodes that a flavor stands for, or tolerate their taints.",
        severity=None if all(found.sure for found in why.values()) else Severity.WARNING,
    )


def _refusal(
    pod_set: PodSet, wanted: Requests, queue: QueueObject, flavor: str, group: ResourceGroup, queues: Queues
) -> _Refusal | None:
    """Say why a flavor does not take pods; None where it does, or may."""
    unfit = _off_nodes(mapping(pod_set.running.pod.get("spec")), flavor, group, queues)
    if unfit:
        return _Refusal(unfit)
    for name, need in wanted.items():
        most = queues.ceiling(queue.name, flavor, name)
        if need > most.amount:
            why = f"{write_amount(name, need)} of {write_amount(name, most.amount)} {name}"
            return _Refusal(why, name, sure=most.bound is not None and need > most.bound)
    return None


def _off_nodes(pod: JsonObject, flavor: str, group: ResourceGroup, queues: Queues) -> str:
    """Say what keeps a pod off the nodes of a flavor; blank where nothing does that is known."""
    found = queues.find(FLAVOR, flavor)
    if found is None or found.spec is None:
        return ""
    tolerations = [*sequence(pod.get("tolerations")), *sequence(found.spec.get("tolerations"))]
    nodes = _nodes(found.spec)
    for taint in nodes.taints:
        if not tolerates({"tolerations": tolerations}, taint):
            return f"taint {taint} is not tolerated"
    # Only labels that some flavor of the group states are looked at.
    known = {key for name in group.flavors if (each := queues.find(FLAVOR, name)) for key in _nodes(each.spec).labels}

    def is_open(key: str) -> bool:
        return key not in known

    for item in equalities(pod.get("nodeSelector")):
        if not item.holds(nodes.labels, is_open):
            return f"nodeSelector asks for {item.key}: {next(iter(item.values))}"
    return "" if matches_affinity(pod, nodes, is_open) else "nodeAffinity asks for other nodes"


def _nodes(spec: JsonObject | None) -> Pool:
    """Read the nodes that a flavor stands for as a pool of them."""
    said = mapping(spec)
    (pool,) = read_pools({"": {"nodeSelector": said.get("nodeLabels"), "taints": sequence(said.get("nodeTaints"))}}, {})
    return pool


def _together(
    workload: QueuedWorkload, need: Requests, queue: QueueObject, queues: Queues, context: Context
) -> Iterator[Problem]:
    """Say what the pods of a group, each of which would fit, need too much of together."""
    for group in resource_groups(mapping(queue.spec)):
        for name in (name for name in group.covered if name in need):
            ceilings = [queues.ceiling(queue.name, flavor, name) for flavor in group.flavors]
            most = sum((each.amount for each in ceilings), Fraction(0))
            if need[name] <= most:
                continue
            bounds = [each.bound for each in ceilings if each.bound is not None]
            is_sure = len(bounds) == len(ceilings) and need[name] > sum(bounds, Fraction(0))
            place = _place(workload, workload.pod_sets[-1], name)
            pods = " and ".join(pod_set.told for pod_set in workload.pod_sets)
            yield Problem(
                place.path,
                f"{as_known(queue, context)} never takes {pods} together{place.told}",
                seen=f"{write_amount(name, need[name])} {name}",
                allowed=f"at most {write_amount(name, most)}",
                severity=None if is_sure else Severity.WARNING,
            )


def _place(workload: QueuedWorkload, pod_set: PodSet, resource: str) -> Place:
    """Find where pods ask for a resource."""
    spec = mapping(pod_set.running.pod.get("spec"))
    for section in ("containers", "initContainers"):
        for index, container in enumerate(map(mapping, sequence(spec.get(section)))):
            resources = mapping(container.get("resources"))
            for side in ("requests", "limits"):
                if resource in mapping(resources.get(side)):
                    path = ("spec", section, index, "resources", side, resource)
                    return workload.view.where(pod_set.running.origins, path)
    return workload.place
