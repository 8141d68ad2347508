"""What an inventory tells of the queues that a model waits in, through the whole check."""

from __future__ import annotations

import pytest
import yaml
from tests.support.project import Project

from kservegen.core.jsontypes import JsonObject

DAY = ", as the cluster had it on 2026-11-01,"
OPEN: JsonObject = {"namespaceSelector": {}}
OF_TEAM: JsonObject = {"namespaceSelector": {"matchLabels": {"team": "a"}}}


def offer(flavor: str = "f", **amounts: str) -> JsonObject:
    quotas = [{"name": name, "nominalQuota": amount} for name, amount in amounts.items()]
    return {"resourceGroups": [{"coveredResources": [*amounts], "flavors": [{"name": flavor, "resources": quotas}]}]}  # type: ignore[dict-item]


ENOUGH = offer(cpu="1", memory="2Gi")


def told(project: Project, cluster: JsonObject, *, local: str = "clusterQueue: all", whole: bool = True) -> list[str]:
    """Return the findings about queues of a model whose LocalQueue is in the inventory."""
    project.models(
        "models:\n  iris: {modelFormat: sklearn, storageUri: s3://m/i, labels: {kueue.x-k8s.io/queue-name: q}}\n"
    )
    kinds = ("ClusterQueue", "Cohort", "Namespace", "ResourceFlavor")
    words = {
        "version": 1,
        "taken": "2026-11-01",
        "covers": {kind: ["*"] for kind in kinds} if whole else {},
        "cluster": cluster,
        "namespaces": {"ns": {"LocalQueue": {"q": yaml.safe_load(f"{{{local}}}")}}},
    }
    project.write("environments/dev.inventory.yaml", yaml.safe_dump(words))
    found = project.validate().diagnostics
    assert {str(d.location) for d in found if d.rule == "kubernetes/queue"} <= {"models.yaml:4:90"}
    return [f"{d.severity} {d.rule}: {d.message}" for d in found if d.rule.startswith("kubernetes/queue")]


def queue(spec: JsonObject, **others: JsonObject) -> JsonObject:
    return {"ResourceFlavor": {"f": {"spec": {}}}, **others, "ClusterQueue": {"all": {"spec": spec}}}


def test_a_queue_that_leads_nowhere(project: Project) -> None:
    said = f"error kubernetes/queue: LocalQueue q{DAY} leads to ClusterQueue all, which the cluster did not have"
    assert told(project, {}) == [said]
    assert told(project, {}, whole=False) == []
    assert ("ClusterQueue", "all") in {(a.kind, a.name) for a in project.validate().assumptions}


def test_a_queue_of_which_no_more_than_its_name_is_known_says_nothing(project: Project) -> None:
    assert told(project, {"ClusterQueue": {"all": {}}}) == []


def test_a_queue_without_its_flavor(project: Project) -> None:
    cluster: JsonObject = {"ClusterQueue": {"all": {"spec": {**OPEN, **ENOUGH}}}}
    said = f"error kubernetes/queue: ClusterQueue all{DAY} asks for ResourceFlavor f, which the cluster did not have"
    assert told(project, cluster) == [said]
    assert told(project, cluster, whole=False) == []


@pytest.mark.parametrize("policy", ["Hold", "HoldAndDrain"])
def test_a_queue_that_was_stopped_may_run_again(policy: str, project: Project) -> None:
    said = "warning kubernetes/queue: {}" + DAY + " is stopped: it admits no pods"
    cluster = queue({**OPEN, **ENOUGH})
    assert told(project, cluster, local=f"clusterQueue: all, stopPolicy: {policy}") == [said.format("LocalQueue q")]
    assert told(project, queue({**OPEN, **ENOUGH, "stopPolicy": policy})) == [said.format("ClusterQueue all")]
    assert told(project, queue({**OPEN, **ENOUGH, "stopPolicy": "None"})) == []


@pytest.mark.parametrize(
    ("namespace", "weight"),
    [
        ({"labels": {"team": "a"}}, ""),
        ({"labels": {"team": "b"}}, "error"),
        ({"labels": {}}, "error"),
        ({}, "warning"),  # as inventories were written before they had labels: somebody may have given it one
    ],
)
def test_a_queue_of_other_namespaces(namespace: JsonObject, weight: str, project: Project) -> None:
    cluster = queue({**OF_TEAM, **ENOUGH}, Namespace={"ns": namespace})
    said = f"{weight} kubernetes/queue: ClusterQueue all{DAY} takes no workloads of namespace ns"
    assert told(project, cluster) == ([said] if weight else [])


@pytest.mark.parametrize(
    ("spec", "whole", "weight"),
    [
        (offer(cpu="1", memory="2Gi"), True, ""),
        (offer(cpu="1", memory="2047Mi"), True, "error"),
        ({"cohortName": "x", **offer(cpu="1", memory="1Gi")}, True, "error"),
        ({"cohortName": "x", **offer(cpu="1", memory="1Gi")}, False, "warning"),  # another member may lend it
    ],
)
def test_a_queue_without_room(spec: JsonObject, whole: bool, weight: str, project: Project) -> None:
    said = f"{weight} kubernetes/queue-capacity: no flavor of ClusterQueue all{DAY} ever takes the predictor pod"
    found = told(project, queue({**OPEN, **spec}), whole=whole)
    assert [line.partition(" (")[0] for line in found] == ([said] if weight else [])
