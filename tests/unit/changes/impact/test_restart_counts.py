"""How many pods and accelerators restart, and how many more there are for a while."""

from __future__ import annotations

import pytest
from tests.support.sides import H100, between, llm, service, side

from kservegen.changes.impact.model import by_gpu

GPU = "model: {modelFormat: {name: sklearn}, storageUri: 's3://%s', resources: {limits: {nvidia.com/gpu: 4}}}"
ON_H100 = "nodeSelector: {gpu: h100}"
LEADER = "template: {containers: [{name: main, image: %s, resources: {limits: {nvidia.com/gpu: 8}}}]}"
WORKER = "worker: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 8}}}]}"
NODES = "replicas: 2, parallelism: {data: 4, dataLocal: 2}, template: {nodeSelector: {gpu: h100}, containers: []}"


@pytest.mark.parametrize(
    ("mode", "words", "pods", "accelerators", "surge"),  # pods: at the most, at the least, more for a while
    [
        ("Standard", f"minReplicas: 4, {ON_H100}", (4, 4, 1), {"h100": 16}, {"h100": 4}),
        ("Standard", f"minReplicas: 1, maxReplicas: 8, {ON_H100}", (8, 1, 2), {"h100": 32}, {"h100": 8}),
        ("Standard", f"minReplicas: 2, deploymentStrategy: {{type: Recreate}}, {ON_H100}", (2, 2, 0), {"h100": 8}, {}),
        ("Knative", f"minReplicas: 2, maxReplicas: 2, {ON_H100}", (2, 2, 2), {"h100": 8}, {"h100": 8}),
        ("Standard", "minReplicas: 1", (1, 1, 1), {"h100": 4}, {"h100": 4}),  # the only type of the resource
    ],
)
def test_a_service(
    mode: str, words: str, pods: tuple[int, int, int], accelerators: dict[str, int], surge: dict[str, int]
) -> None:
    before, after = (side(service(f"{words}, {GPU % bucket}"), mode=mode) for bucket in "ab")
    (restart,) = between(before, after).restarts
    assert (restart.pods, restart.least, restart.surge_pods) == pods
    assert (dict(restart.accelerators), dict(restart.surge)) == (accelerators, surge)


def test_groups_of_nodes_roll_in_place() -> None:
    before = side(llm(f"{NODES}, {WORKER}"))
    after = side(llm(f"{NODES}, {WORKER}").replace("hf://a/b", "hf://a/c"))
    (restart,) = between(before, after).restarts
    assert restart.pods == 4  # two groups of a leader and a worker
    assert (dict(restart.accelerators), restart.surge_pods) == ({"h100": 16}, 0)


def test_workers_of_a_service_stay_until_all_new_ones_are_there() -> None:
    worker = "workerSpec: {pipelineParallelSize: 3, containers: [{name: worker-container}]}"
    model = "model: {modelFormat: {name: huggingface}, storageUri: 'pvc://%s'}"
    (restart,) = between(*(side(service(f"{worker}, {model % claim}")) for claim in "ab")).restarts
    assert (restart.pods, restart.surge_pods) == (3, 3)  # one head and two workers, all of them twice


def test_only_those_that_stay_restart() -> None:
    before, after = (side(service(f"minReplicas: {n}, {GPU % b}")) for n, b in ((2, "a"), (6, "b")))
    found = between(before, after)
    assert (found.restarts[0].pods, found.scaled[0].after) == (2, (6, 6))


def test_a_scheduler_of_the_preset_counts() -> None:
    before, after = (side(llm(f"router: {{scheduler: {{config: {{inline: {{a: {b}}}}}}}}}")) for b in "bc")
    (restart,) = between(before, after).restarts
    assert (restart.roles, restart.pods, dict(restart.accelerators)) == (("scheduler",), 1, {})


def test_types_are_told_by_their_gpu() -> None:
    assert by_gpu({"h100": 16, "nvidia.com/gpu": 1}, H100) == {"H100": 16, "nvidia.com/gpu": 1}
