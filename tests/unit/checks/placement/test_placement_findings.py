"""Placement through the whole check: which pods have no node, what is said of it, and at which line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.support.project import DEV, Project
from tests.support.reports import text_of

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.placement.check import WantedPods, _arranged, check_placement
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.pools import read_pools
from kservegen.core.assumptions import Assumption
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.running import PodCount

L4 = "nodePools:\n  l4: {accelerator: l4, nodes: {max: %s}, allocatable: {cpu: 15, memory: 58Gi, accelerators: %s}%s}\n"
PLAIN = "  plain: {nodes: {min: 1, max: %d}, allocatable: {cpu: 8, memory: 32Gi}}\n"
CHAT = """\
models:
  chat:
    modelFormat: huggingface
    storageUri: hf://org/chat
    accelerator: {type: l4, count: %d}
    minReplicas: %d
    maxReplicas: %d
    resources: {requests: {cpu: 4, memory: %s}, limits: {cpu: 4, memory: %s}}
"""


def chat(*, gpus: int = 1, least: int = 1, most: int = 1, memory: str = "24Gi", more: str = "") -> str:
    return CHAT % (gpus, least, most, memory, memory) + more


def told(project: Project, models: str, pools: str) -> list[Diagnostic]:
    project.models(models)
    project.write("environments/dev.yaml", DEV + pools)
    diagnostics = project.validate().diagnostics
    return [d for d in diagnostics if "node" in d.rule or "pool" in d.rule or "placement" in d.rule]


NO_SURGE = "    deploymentStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}\n"
BY_HAND = """\
models:
  chat:
    modelFormat: huggingface
    storageUri: hf://org/chat
    resources: {limits: {nvidia.com/gpu: 1}}
"""
IRIS = "  iris: {modelFormat: sklearn, storageUri: s3://b/m, maxReplicas: %d}\n"

CASES: dict[str, tuple[str, str, list[str]]] = {
    "room for all, and for one more": (chat(most=2), L4 % (3, 1, ""), []),
    "more devices than a node has": (chat(gpus=2), L4 % (3, 1, ""), ["models.yaml:7:36 error gpu/no-node"]),
    "more memory than a node has": (chat(memory="64Gi"), L4 % (3, 1, ""), ["models.yaml:10:44 error gpu/no-node"]),
    "DaemonSets take what is left": (
        chat(memory="57Gi"),
        L4 % (3, 1, ", daemonSets: {memory: 2Gi}"),
        ["models.yaml:10:44 error gpu/no-node"],
    ),
    "one pod too many": (chat(most=3), L4 % (2, 1, ""), ["models.yaml:9:18 error gpu/pool-full"]),
    "nobody said how far the pool grows": (
        chat(most=30),
        L4.replace("nodes: {max: %s}, ", "") % (1, ""),
        [],
    ),
    "a full pool rolls for ever": (chat(most=2), L4 % (2, 1, ""), ["models.yaml:9:18 warning gpu/pool-full"]),
    "a full pool without extra pods": (chat(most=2, more=NO_SURGE), L4 % (2, 1, ""), []),
    "old pods may go first": (chat(most=4), L4 % (4, 1, ""), ["models.yaml:9:18 info gpu/pool-full"]),
    "a taint that is stated": (
        chat(),
        L4 % (3, 1, ", taints: [{key: team, value: a, effect: NoSchedule}]"),
        ["models.yaml:4:3 error gpu/no-node"],
    ),
    "a taint that is only supposed": (BY_HAND, L4 % (3, 1, ""), ["models.yaml:4:3 warning gpu/no-node"]),
    "no taints": (BY_HAND, L4 % (3, 1, ", taints: []"), []),
    "a label that the pool does not state": (
        chat(more="    nodeSelector: {disk: fast}\n"),
        L4 % (3, 1, ""),
        ["models.yaml:11:26 warning gpu/no-node"],
    ),
    "another label than the pool's": (
        chat(more="    nodeSelector: {disk: fast}\n"),
        L4 % (3, 1, ", nodeSelector: {disk: slow}"),
        ["models.yaml:11:26 error gpu/no-node"],
    ),
    "a zone that nobody states": (
        chat(more="    nodeSelector: {topology.kubernetes.io/zone: a}\n"),
        L4 % (3, 1, ""),
        [],
    ),
    "ordinary pods where no ordinary pool is listed": ("models:\n" + IRIS % 50, L4 % (3, 1, ""), []),
    "ordinary pods on an ordinary pool": (
        "models:\n" + IRIS % 50,
        L4 % (3, 1, "") + PLAIN % 1,
        ["models.yaml:4:67 error gpu/pool-full"],
    ),
    "two models on one pool": (
        chat(most=2) + chat(most=2).replace("models:\n  chat", "  talk"),
        L4 % (3, 1, ""),
        ["environments/dev.yaml:13:38 error gpu/pool-full"],
    ),
    "apart from each other": (
        chat(
            most=2,
            more="    affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: "
            "kubernetes.io/hostname, labelSelector: {matchLabels: {serving.kserve.io/inferenceservice: chat}}}]}}\n",
        ),
        L4 % (1, 8, ""),
        ["models.yaml:9:18 error gpu/pool-full"],
    ),
    "small ones first leave no room for a large one": (
        chat(gpus=4, memory="1Gi") + chat(most=4, memory="1Gi").replace("models:\n  chat", "  talk"),
        (L4 % (2, 4, "")).replace("cpu: 15", "cpu: 64"),
        ["environments/dev.yaml:13:38 warning gpu/uncertain-placement"],
    ),
    "a node has three devices, a pod asks for two": (
        chat(gpus=2, most=3, memory="1Gi"),
        L4 % (2, 3, ""),
        ["models.yaml:9:18 error gpu/pool-full"],
    ),
    "a rollout finds room if small ones leave a node": (
        chat(gpus=4, memory="1Gi") + chat(least=2, most=2, memory="1Gi").replace("models:\n  chat", "  talk"),
        L4 % (3, 4, ""),
        ["models.yaml:9:18 warning gpu/uncertain-placement"],
    ),
    "two rollouts hang on one cause": (
        chat(gpus=4, memory="1Gi")
        + chat(gpus=4, memory="2Gi").replace("models:\n  chat", "  chat-2")
        + chat(least=2, most=2, memory="1Gi").replace("models:\n  chat", "  talk"),
        (L4 % (4, 4, "")).replace("cpu: 15", "cpu: 64"),
        ["models.yaml:9:18 warning gpu/uncertain-placement"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_placement(name: str, project: Project, snapshot: SnapshotAssertion) -> None:
    models, pools, expected = CASES[name]
    found = told(project, models, pools)
    assert [f"{d.location} {d.severity} {d.rule}" for d in found] == expected
    if found:
        assert "\n".join(text_of(d) for d in found) == snapshot


def test_a_finding_says_what_blocks_and_what_would_do(project: Project) -> None:
    project.models(chat(most=3))
    project.write("environments/dev.yaml", DEV + L4 % (2, 1, ""))
    (full,) = project.validate().diagnostics
    assert full.message == "l4: no room for every pod at maxReplicas, 3 of 2 nvidia.com/gpu: chat stays pending"
    assert full.hint == "Any of these does: 3 nodes in l4, 2 pods of chat."
    assert [(r.message, str(r.location)) for r in full.related] == [
        ("pool l4", "environments/dev.yaml:13:3"),
        ("chat", "models.yaml:4:3"),
    ]


def test_the_reasons_are_listed_pool_by_pool(project: Project) -> None:
    project.models(chat(gpus=2, memory="64Gi"))
    project.write("environments/dev.yaml", DEV + L4 % (2, 1, "") + PLAIN % 1)
    (homeless,) = (d for d in project.validate().diagnostics if d.rule == "gpu/no-node")
    assert homeless.seen == (
        "l4: memory 64Gi of 58Gi, nvidia.com/gpu 2 of 1; plain: memory 64Gi of 32Gi, nvidia.com/gpu 2 of 0, "
        "asked for gpu: L4, has no gpu"
    )


def test_models_that_ask_too_much_at_one_line_are_one_finding(project: Project) -> None:
    words = "{modelFormat: sklearn, storageUri: s3://models/a, profile: [gpu]}"
    project.models(
        "profiles:\n  gpu: {accelerator: {type: l4, count: 2}}\n"
        f"models:\n  one: {words}\n  three: {words}\n  two: {words}\n"
    )
    project.write("environments/dev.yaml", DEV + L4 % (2, 1, ""))
    (homeless,) = (d for d in project.validate().diagnostics if d.rule == "gpu/no-node")
    assert (homeless.location.line, homeless.entries, homeless.places) == (4, ("one", "three", "two"), ())


def test_what_is_taken_for_granted_is_said(project: Project) -> None:
    assert "node pool" not in {item.kind for item in project.validate().assumptions}
    project.models(chat())
    project.write("environments/dev.yaml", DEV + L4 % (2, 1, ""))
    empty = Assumption("node pool", "l4", "taken as empty beside this catalog", ("dev",))
    assert empty in project.validate().assumptions


def test_a_runtime_of_the_catalog_brings_its_tolerations(project: Project) -> None:
    runtime = """\
runtimes:
  own:
    kind: ServingRuntime
    supportedModelFormats: [{name: huggingface, version: "1", autoSelect: true}]
    %s: %s
    containers: [{name: kserve-container, image: "a/b:1"}]
"""
    pool = L4 % (2, 1, ", taints: [{key: team, effect: NoSchedule}]")
    models = BY_HAND + "    runtime: own\n"
    tolerated = runtime % ("tolerations", "[{key: team, operator: Exists}]")
    assert "gpu/no-node" not in str(told(project, models + tolerated, pool))
    assert "gpu/no-node" in str(told(project, models + runtime % ("labels", "{}"), pool))


def test_what_a_runtime_asks_of_nodes_is_said_to_be_its_own(project: Project) -> None:
    runtime = """\
runtimes:
  own:
    kind: ServingRuntime
    supportedModelFormats: [{name: huggingface, version: "1", autoSelect: true}]
    nodeSelector: {disk: fast}
    containers: [{name: kserve-container, image: "a/b:1"}]
"""
    (found,) = told(project, BY_HAND + "    runtime: own\n" + runtime, L4 % (2, 1, ", nodeSelector: {disk: slow}"))
    assert (str(found.location), found.rule) == ("models.yaml:4:3", "gpu/no-node")
    assert found.message.endswith("(comes from ServingRuntime own: spec.nodeSelector.disk)")


def test_no_strategy_is_advised_for_what_has_none(tmp_path: Path) -> None:
    service = """\
models:
  chat:
    kind: LLMInferenceService
    model: hf://org/chat
    resources: {limits: {nvidia.com/gpu: 1, memory: 24Gi}, requests: {cpu: 1}}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
"""
    (found,) = told(Project(tmp_path), service, L4 % (1, 1, ""))
    assert (found.rule, found.hint) == ("gpu/pool-full", "Keep a node free.")


class _Elsewhere:
    """An environment of which nothing is asked but its name and its lines."""

    name = "prod"

    def locate(self, _path: Path, **_: bool) -> Location:
        return Location("environments/prod.yaml")


def _placed(order: Sequence[str], *, least: int = 1, surge: int = 0) -> tuple[Diagnostic, ...]:
    """Place four pods of which each fills a node, on three nodes; they name what they need in some order."""
    requests = {name: Fraction(8) for name in order}
    group = PodGroup(
        role="predictor", path=("spec", "predictor"), pod={}, requests=requests, count=PodCount(least, 4 - surge, surge)
    )
    wanted = WantedPods("chat", ResourceId("InferenceService", "ns", "chat"), group, Member("ns", {}))
    pools = read_pools({"p": {"nodes": {"max": 3}, "allocatable": {"cpu": 8, "memory": 8}}}, {})
    environment = cast("ResolvedEnvironment", _Elsewhere())
    return check_placement(environment, pools, [wanted], lambda *_, **__: Location("models.yaml")).diagnostics


def test_alike_environments_are_arranged_once_and_told_apart_where_they_differ() -> None:
    ways = [(("cpu", "memory"), 1, 0), (("memory", "cpu"), 1, 0), (("cpu", "memory"), 4, 0), (("cpu", "memory"), 1, 1)]
    alone = []
    for order, least, surge in ways:
        _arranged.cache_clear()
        alone.append(_placed(order, least=least, surge=surge))
    _arranged.cache_clear()
    together = [_placed(order, least=least, surge=surge) for order, least, surge in ways]
    assert together == alone
    assert [found.message.rpartition(":")[0] for (found,) in together] == [
        "p: no room for every pod at maxReplicas, 32 of 24 cpu",
        "p: no room for every pod at maxReplicas, 32 of 24 memory",
        "p: no room for every pod at minReplicas already, 32 of 24 cpu",
        "p: no room for the 1 more that chat has while it rolls out, 32 of 24 cpu",
    ]
    assert _arranged.cache_info()[:2] == (1, 3)
