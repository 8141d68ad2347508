"""Our verdicts on placement are those of the real kube-scheduler, on nodes without kubelets."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest
from tests.cluster import binaries
from tests.cluster.conftest import absent
from tests.cluster.control_plane import Client, Json, control_plane, kubeconfig, running, wait_for
from tests.cluster.objects import make_namespace
from tests.cluster.placements import Case, daemons, make, nodes, pods

from kservegen.checks.placement.arrange import ArrangeOutcome

CASES = 320
# Verdicts that must be certain, and the share that may be left open.
CERTAIN, OPEN = 200, 0.15


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of an API server whose pods a real scheduler places; it knows no kinds but Kubernetes' own."""
    if os.environ.get("KSERVEGEN_CLUSTER") != "1":
        pytest.skip("the cluster suite runs with make cluster-test")
    folder = tmp_path_factory.mktemp("scheduler")
    try:
        with control_plane(folder) as client:
            command = [
                str(binaries.built("kube-scheduler")),
                f"--kubeconfig={kubeconfig(folder, client)}",
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=1000",
                "--kube-api-burst=1000",
            ]
            with running("kube-scheduler", command, folder):
                yield client
    except binaries.NotHereError as missing:
        absent(str(missing))


def test_two_hundred_verdicts_are_the_schedulers(scheduler: Client) -> None:
    cases = [make(number) for number in range(CASES)]
    ours = {case.name: case.judge() for case in cases}
    number = Counter(ours.values())
    assert number[ArrangeOutcome.FITS] + number[ArrangeOutcome.FULL] >= CERTAIN
    assert min(number[ArrangeOutcome.FITS], number[ArrangeOutcome.FULL]) >= CERTAIN // 4, number
    assert number[ArrangeOutcome.UNSURE] <= OPEN * CASES, number
    for case in cases:
        stand_up(scheduler, case)
    with suppress(TimeoutError):  # then the comparison says what is missing
        wait_for(
            "a verdict on every pod", lambda: is_settled(verdicts(scheduler), ours), watch=lambda: verdicts(scheduler)
        )
    theirs = verdicts(scheduler)
    wrong = {name: said for name, said in theirs.items() if ours[name] not in (ArrangeOutcome.UNSURE, outcome(said))}
    assert wrong == {}, {name: (ours[name], found) for name, found in wrong.items()}


def stand_up(client: Client, case: Case) -> None:
    """Create the nodes of a case, what stands on them, and the pods that want in."""
    make_namespace(client, case.name)
    for node in nodes(case):
        made = client.call("POST", "/api/v1/nodes", node)
        assert made.accepted, made.message
        # An admission plugin taints new nodes until somebody finds them ready.
        ready = {**made.body, "spec": {**made.body["spec"], "taints": node["spec"]["taints"]}}
        done = client.call("PUT", f"/api/v1/nodes/{node['metadata']['name']}", ready)
        assert done.accepted, done.message
    for pod in (*daemons(case), *pods(case)):
        made = client.call("POST", f"/api/v1/namespaces/{case.name}/pods", pod)
        assert made.accepted, made.message


def verdicts(client: Client) -> dict[str, dict[str, bool | None]]:
    """Return what the scheduler said of each pod, by case: it has a node, it has none, nothing yet."""
    found: dict[str, dict[str, bool | None]] = {}
    for pod in client.call("GET", "/api/v1/pods").body["items"]:
        name = pod["metadata"]["name"]
        if not name.startswith("daemon-"):
            found.setdefault(pod["metadata"]["namespace"], {})[name] = verdict(pod)
    return found


def verdict(pod: Json) -> bool | None:
    """Say whether one pod has a node; None while nobody knows."""
    if pod["spec"].get("nodeName"):
        return True
    conditions = pod["status"].get("conditions") or []
    return False if any(c["type"] == "PodScheduled" and c["status"] == "False" for c in conditions) else None


def outcome(said: Mapping[str, bool | None]) -> ArrangeOutcome:
    return ArrangeOutcome.FITS if all(said.values()) else ArrangeOutcome.FULL


def is_settled(theirs: Mapping[str, Mapping[str, bool | None]], ours: Mapping[str, ArrangeOutcome]) -> bool:
    """Whether every pod has its verdict; a pod that waits for others of its kind is given time to be tried again."""
    return all(
        all(said.values()) if ours[name] is ArrangeOutcome.FITS else None not in said.values()
        for name, said in theirs.items()
    )
