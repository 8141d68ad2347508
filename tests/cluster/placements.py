"""Cases of placement for the cluster suite: a number in; pools and groups of pods out, as our own words have them."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import NamedTuple

from tests.cluster.control_plane import Json

from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.demand.requests import Requests, amounts
from kservegen.checks.placement.arrange import ArrangeAnswer, ArrangeOutcome, arrange
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.pools import Pool, read_pools
from kservegen.checks.placement.requests import PodRequest, survey
from kservegen.kserve.controllers.running import PodCount

CASE = "kservegen.test/case"
ZONE = "topology.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"
GPU, MIG = "nvidia.com/gpu", "nvidia.com/mig-1g.10gb"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
ACCELERATORS: Json = {
    "l4": {
        "resource": GPU,
        "nodeSelector": {"gpu": "l4"},
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
    },
    "slice": {"resource": MIG, "nodeSelector": {"gpu": "a100"}},
}


class Case(NamedTuple):
    """One question: whether these pods find nodes on these pools."""

    name: str
    words: Json  # nodePools
    asks: tuple[PodRequest, ...]

    @property
    def pools(self) -> tuple[Pool, ...]:
        return read_pools(self.words, ACCELERATORS)

    def judge(self) -> ArrangeOutcome:
        """Return our verdict on all pods together."""
        site = survey(self.pools, self.asks)
        if site.homeless or site.doubtful:
            return ArrangeOutcome.FULL
        answers: list[ArrangeAnswer] = [
            arrange(part.scene, [self.asks[index].group.count.maximum for index in part.asks]) for part in site.parts
        ]
        outcomes = {answer.outcome for answer in answers}
        return next((o for o in (ArrangeOutcome.FULL, ArrangeOutcome.UNSURE) if o in outcomes), ArrangeOutcome.FITS)


def make(number: int) -> Case:
    """Make a case; the same number makes the same one."""
    dice = random.Random(number)  # noqa: S311 - no secret, the same numbers every time
    name = f"c{number}"
    kinds = dice.sample(["plain", "l4", "slice"], dice.randint(1, 2))
    words: Json = {f"{name}-{kind}": _pool(dice, name, kind) for kind in kinds}
    if number % 2:  # small pods on large nodes: neighbours and DaemonSets decide, not sums
        _widen(dice, words)
    groups = [_group(dice, name, kinds, index, small=bool(number % 2)) for index in range(dice.randint(1, 4))]
    return Case(name, words, tuple(groups))


def _pool(dice: random.Random, name: str, kind: str) -> Json:
    pool: Json = {
        "nodes": {"min": (size := dice.randint(1, 4)), "max": size},
        "allocatable": {
            "cpu": dice.choice(["4", "7500m", "16"]),
            "memory": dice.choice(["16Gi", "30500Mi", "64G"]),
            "ephemeral-storage": "100Gi",
            "pods": dice.choice([3, 110, 110, 110]),
        },
        "nodeSelector": {CASE: name, ZONE: f"{name}-{dice.choice('ab')}", "tier": dice.choice(["gold", "iron"])},
    }
    if kind != "plain":
        pool["accelerator"] = kind
        pool["allocatable"]["accelerators"] = dice.choice([1, 2, 4, 8] if kind == "l4" else [3, 7])
    else:
        pool["nodeSelector"]["gpu"] = "none"
        if dice.random() < 0.3:
            pool["taints"] = [{"key": "team", "value": "ml", "effect": dice.choice(["NoSchedule", "PreferNoSchedule"])}]
    if dice.random() < 0.3:
        pool["daemonSets"] = {"cpu": "500m", "memory": "1Gi", "pods": 1}
    return pool


def _widen(dice: random.Random, words: Json) -> None:
    """Give nodes more than small pods need, or, of cores, just what one pod takes where no DaemonSet does."""
    for pool in words.values():
        pool["nodeSelector"]["tier"] = "gold"
        pool["allocatable"].update(cpu=dice.choice(["1", "16", "16"]), memory="64Gi", pods=110)
        if "accelerator" in pool:
            pool["allocatable"]["accelerators"] = 8


def _group(dice: random.Random, name: str, kinds: list[str], index: int, *, small: bool) -> PodRequest:
    labels = {"app": f"{name}-{index}", "family": f"{name}-{dice.choice('xy')}"}
    pod: Json = {"nodeSelector": {CASE: name}}
    requests: Json = {
        "cpu": dice.choice(["100m", "1", "2", "3500m"]),
        "memory": dice.choice(["1Gi", "4Gi", "7Gi", "15Gi"]),
    }
    kind = dice.choice(kinds)
    if kind != "plain":
        facts = ACCELERATORS[kind]
        requests[facts["resource"]] = dice.choice([1, 1, 1, 2, 2, 4])
        if dice.random() < 0.9:
            pod["tolerations"] = list(facts.get("tolerations", []))
    elif dice.random() < 0.7:
        pod["tolerations"] = [
            dice.choice([{"key": "team", "operator": "Equal", "value": "ml"}, {"operator": "Exists"}])
        ]
    if dice.random() < 0.25:
        pod["nodeSelector"]["tier"] = dice.choice(["gold", "iron"])
    _neighbours(dice, pod, labels)
    if small:
        requests = {key: 1 if "/" in key else {"cpu": "1", "memory": "1Gi"}[key] for key in requests}
        pod["tolerations"] = [{"operator": "Exists"}]
        pod["nodeSelector"].pop("tier", None)
    count = dice.choice([1, 1, 2, 2, 3, 4, 6])
    found: Requests = {**amounts(requests)}
    group = PodGroup(role="predictor", path=("spec", "predictor"), pod=pod, requests=found, count=PodCount(1, count))
    return PodRequest(group, Member(name, labels))


def _neighbours(dice: random.Random, pod: Json, labels: dict[str, str]) -> None:
    key = dice.choice([HOSTNAME, HOSTNAME, ZONE])
    selector = {"matchLabels": {word: labels[word] for word in [dice.choice(["app", "app", "family"])]}}
    term = {"topologyKey": key, "labelSelector": selector}
    chance = dice.random()
    if chance < 0.15:
        pod["affinity"] = {"podAntiAffinity": {REQUIRED: [term]}}
    elif chance < 0.3:
        pod["topologySpreadConstraints"] = [
            {
                **term,
                "maxSkew": dice.choice([1, 1, 2]),
                "whenUnsatisfiable": "DoNotSchedule",
                **dice.choice([{}, {}, {"minDomains": 2}, {"nodeTaintsPolicy": "Honor"}]),
            }
        ]
    elif chance < 0.38:
        pod["affinity"] = {"podAffinity": {REQUIRED: [term]}}
    elif chance < 0.5:
        operator, values = dice.choice(
            [("In", ["gold"]), ("NotIn", ["gold"]), ("Exists", None), ("In", ["gold", "iron"])]
        )
        expression: Json = {"key": "tier", "operator": operator, **({"values": values} if values else {})}
        pod["affinity"] = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}


def nodes(case: Case) -> list[Json]:
    """Return the nodes of a case as a kubelet would register them, written from the words alone."""
    found = []
    for pool, words in case.words.items():
        facts = ACCELERATORS.get(words.get("accelerator", ""), {})
        allocatable = {key: str(value) for key, value in words["allocatable"].items() if key != "accelerators"}
        if facts:
            allocatable[facts["resource"]] = str(words["allocatable"]["accelerators"])
        taints = words.get("taints", [])
        if facts and "taints" not in words:
            taints = [{"key": item["key"], "effect": item["effect"]} for item in facts.get("tolerations", [])]
        for number in range(words["nodes"]["max"]):
            name = f"{pool}-{number}"
            labels = {**facts.get("nodeSelector", {}), **words["nodeSelector"], HOSTNAME: name}
            found.append(
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "metadata": {"name": name, "labels": labels},
                    "spec": {"taints": taints},
                    "status": {
                        "capacity": allocatable,
                        "allocatable": allocatable,
                        "conditions": [
                            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
                        ],
                    },
                }
            )
    return found


def daemons(case: Case) -> list[Json]:
    """Return the pods of DaemonSets, which stand on their nodes already."""
    found = []
    for pool, words in case.words.items():
        taken = words.get("daemonSets")
        for number in range(words["nodes"]["max"] if taken else 0):
            asked = {key: value for key, value in taken.items() if key != "pods"}
            doc = _pod(f"daemon-{pool}-{number}", {}, {"nodeName": f"{pool}-{number}"}, asked)
            found.append(doc)
    return found


def pods(case: Case) -> list[Json]:
    """Return the pods of a case."""
    return [
        _pod(f"p-{index}-{number}", dict(ask.member.labels), dict(ask.group.pod), _texts(ask.group.requests))
        for index, ask in enumerate(case.asks)
        for number in range(ask.group.count.maximum)
    ]


def _texts(requests: Requests) -> Json:
    return {
        name: f"{int(amount * 1000)}m" if name == "cpu" else str(_whole(amount)) for name, amount in requests.items()
    }


def _whole(amount: Fraction) -> int:
    assert amount.denominator == 1
    return amount.numerator


def _pod(name: str, labels: Json, spec: Json, requests: Json) -> Json:
    limits = {key: value for key, value in requests.items() if "/" in key}
    container = {"name": "main", "image": "none", "resources": {"requests": requests, "limits": limits}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], "automountServiceAccountToken": False, **spec},
    }
