"""Budgets that read what they limit off a ClusterQueue of Kueue, through the whole check."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

from kservegen.commands.budget import account_environments

QUEUES = """\
apiVersion: kueue.x-k8s.io/v1beta2
kind: LocalQueue
metadata: {name: mine, namespace: ns}
spec: {clusterQueue: team}
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: team}
spec:
  namespaceSelector: {}
  resourceGroups:
  - coveredResources: [cpu, memory, nvidia.com/gpu]
    flavors:
    - name: l4
      resources:
      - {name: cpu, nominalQuota: 8}
      - {name: memory, nominalQuota: 64Gi}
      - {name: nvidia.com/gpu, nominalQuota: 3}
    - name: t4
      resources:
      - {name: cpu, nominalQuota: 8}
      - {name: memory, nominalQuota: 64Gi}
      - {name: nvidia.com/gpu, nominalQuota: 2}
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: ResourceFlavor
metadata: {name: l4}
spec: {nodeLabels: {gpu: L4}}
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: ResourceFlavor
metadata: {name: t4}
spec: {nodeLabels: {gpu: T4}}
"""
LISTED = "unmanaged: {q: {path: queues.yaml, reason: by hand, owner: ml, expires: 2027-05-01}}\n"
MODELS = """\
models:
  chat:
    modelFormat: huggingface
    model: hf://org/chat
    storageUri: hf://org/chat
    accelerator: {type: l4, count: 2}
    labels: {kueue.x-k8s.io/queue-name: mine}
    maxReplicas: 2
  free: {modelFormat: sklearn, storageUri: s3://b/m, maxReplicas: 90}
"""


@pytest.fixture
def queued(project: Project) -> Project:
    project.models(MODELS.replace("    model: hf://org/chat\n", ""))
    project.write("rendered/dev/queues.yaml", QUEUES)
    return project


def found(project: Project, words: str, about: str = "budget/") -> list[str]:
    project.write("environments/dev.yaml", DEV + LISTED + f"budgets:\n  b: {words}\n")
    told = project.validate().diagnostics
    return [f"{d.location} {d.rule}: {d.message}" for d in told if d.rule.startswith(about)]


EXCEEDED = "budget/exceeded: budget b ({}) is exceeded at maxReplicas: {} accelerators"
ROLLOUT = "budget/rollout: budget b ({}) is exceeded while the largest of them rolls out: {} accelerators"


@pytest.mark.parametrize(
    ("words", "column", "said"),
    [
        # Both flavors have five; four are asked for, and six while they roll.
        ("{clusterQueue: team}", 21, ROLLOUT.format("ClusterQueue team", "6 of 5")),
        # The nodes of one flavor are not those of this accelerator.
        ("{clusterQueue: team, accelerator: l4}", 21, EXCEEDED.format("l4, ClusterQueue team", "4 of 3")),
        # What is written here stands over the queue's.
        ("{clusterQueue: team, limit: 6}", 0, ""),
        ("{clusterQueue: team, limit: 1}", 34, EXCEEDED.format("ClusterQueue team", "4 of 1")),
        ("{clusterQueue: team, owner: nobody}", 0, ""),
        ("{clusterQueue: taem}", 21, "budget/unknown-name: this environment has no clusterQueue taem"),
    ],
)
def test_a_budget_of_a_queue(words: str, column: int, said: str, queued: Project) -> None:
    assert found(queued, words) == ([f"environments/dev.yaml:14:{column} {said}"] if said else [])


def test_a_queue_of_which_only_the_name_is_known_limits_nothing(queued: Project) -> None:
    queued.write("rendered/dev/queues.yaml", QUEUES.partition("---\n")[0])
    said = "budget b limits nothing: no quota of ClusterQueue team is known"
    assert found(queued, "{clusterQueue: team}") == [f"environments/dev.yaml:14:3 budget/no-limit: {said}"]
    assert found(queued, "{clusterQueue: team, limit: 6}") == []


def test_a_quota_of_less_than_nothing_grants_nothing(queued: Project) -> None:
    queued.write("rendered/dev/queues.yaml", QUEUES.replace("nominalQuota: 3", "nominalQuota: -3"))
    assert any(said.endswith("4 of 0 accelerators") for said in found(queued, "{clusterQueue: team, accelerator: l4}"))


def test_the_quota_may_stand_in_the_inventory(queued: Project) -> None:
    queued.write("rendered/dev/queues.yaml", QUEUES.partition("---\n")[0])
    flavors = "[{name: f, resources: [{name: nvidia.com/gpu, nominalQuota: 3}]}]"
    groups = f"[{{coveredResources: [nvidia.com/gpu], flavors: {flavors}}}]"
    held = f"cluster: {{ClusterQueue: {{team: {{spec: {{namespaceSelector: {{}}, resourceGroups: {groups}}}}}}}}}\n"
    queued.write("environments/dev.inventory.yaml", f"version: 1\ntaken: '2026-11-01'\ncovers: {{}}\n{held}")
    (said,) = found(queued, "{clusterQueue: team}")
    assert said.endswith("is exceeded at maxReplicas: 4 of 3 accelerators")


def test_the_report_counts_what_is_queued_there_before_as_now(queued: Project) -> None:
    assert found(queued, "{clusterQueue: team}", "internal/") == []
    queued.render()
    (report,), _ = account_environments(queued.repository)
    assert [
        (row.resource, row.scope, *map(str, (row.used.maximum, row.granted, row.change))) for row in report.budgets
    ] == [
        ("accelerators", "ClusterQueue team", "4", "5", "0"),
        ("cpu", "ClusterQueue team", "2", "16", "0"),
        ("memory", "ClusterQueue team", str(4 << 30), str(128 << 30), "0"),
    ]


MANY = """\
models:
  a: {modelFormat: sklearn, storageUri: s3://b/m, minReplicas: 2, labels: {kueue.x-k8s.io/queue-name: mine}}
  b: {modelFormat: sklearn, storageUri: s3://b/m, minReplicas: 1, labels: {kueue.x-k8s.io/queue-name: mine}}
  c: {modelFormat: sklearn, storageUri: s3://b/m, minReplicas: 1}
"""


@pytest.mark.parametrize(
    ("quota", "queue", "said"),
    [
        ("3", "mine", ""),
        ("2", "mine", "error"),
        ("0", "mine", ""),  # no pod fits by itself: kubernetes/queue-capacity says so
        ("1Gb", "mine", ""),  # what it has cannot be read: its schema says so
        # Models that name no queue wait in the one called default, where Kueue is set so.
        ("4", "default", ""),
        ("3", "default", "warning"),
    ],
)
def test_a_queue_holds_all_that_always_runs(quota: str, queue: str, said: str, project: Project) -> None:
    project.models(MANY.replace("mine", queue))
    few = QUEUES.partition("    - name: t4")[0].replace("nominalQuota: 8", f"nominalQuota: {quota}")
    project.write("rendered/dev/queues.yaml", few.replace("name: mine", f"name: {queue}"))
    project.write("environments/dev.yaml", DEV + LISTED)
    found = [d for d in project.validate().diagnostics if d.rule == "budget/queue-full"]
    assert [str(d.severity) for d in found] == ([said] if said else [])
    for one in found:
        count = 4 if queue == "default" else 3
        assert one.message == (
            f"ClusterQueue team never admits all that waits for it at minReplicas: {count} of {quota} cpu"
        )
        assert str(one.location) == "models.yaml:4:3"
        assert one.seen.startswith("a 2 + b 1")
