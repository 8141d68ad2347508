"""What an inventory beside an environment changes: what is there, what is known not to be, what it contradicts."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest
from tests.support.project import DEV, Project

from kservegen.checks.waivers.apply import Clock
from kservegen.commands.validate import validate

HEAD = "version: 1\ntaken: '2026-11-01'\n"
NODES = """\
covers: {Node: ['*']}
nodePools:
  big:
    nodes: 2
    labels: {gpu: L4, size: big}
    taints: [{key: t, effect: NoSchedule}]
    allocatable: {cpu: 15890m, nvidia.com/gpu: '1'}
  small: {nodes: 1, labels: {gpu: L4}, allocatable: {cpu: '4', nvidia.com/gpu: '1'}}
"""


def found(project: Project, day: str = "2026-11-20") -> list[str]:
    """Return what is said, each with its place, weight, rule and message."""
    result = validate(project.repository, clock=Clock(date.fromisoformat(day)))
    return [f"{d.location} {d.severity.value} {d.rule}: {d.message}" for d in result.diagnostics]


def inventory(project: Project, words: str) -> None:
    project.write("environments/dev.inventory.yaml", HEAD + textwrap.dedent(words))


def model(project: Project, words: str) -> None:
    project.models(f"models:\n  iris: {{modelFormat: sklearn, storageUri: s3://m/i, {words}}}\n")


ENV = "env: [{name: A, valueFrom: {secretKeyRef: {name: reg, key: %s}}}]"
MISSING = "models.yaml:4:103 {} kubernetes/reference: Secret reg is neither made nor promised{}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("covers: {}", ["warning", ""]),
        ("covers: {Secret: [other]}", ["warning", ""]),
        ("covers: {Secret: [ns]}", ["error", ", and the cluster did not have it on 2026-11-01"]),
        ("covers: {Secret: ['*']}", ["error", ", and the cluster did not have it on 2026-11-01"]),
        # Another namespace has one of the name.
        (
            "covers: {Secret: [ns]}\nnamespaces: {other: {Secret: {reg: {}}}}",
            ["error", ", and the cluster did not have it on 2026-11-01"],
        ),
        ("covers: {}\nnamespaces: {ns: {Secret: {reg: {keys: [token]}}}}", []),
        ("covers: {Secret: [ns]}\nnamespaces: {ns: {Secret: {reg: {}}}}", []),
    ],
)
def test_a_name_is_right_or_wrong_by_what_is_covered(project: Project, words: str, said: list[str]) -> None:
    model(project, ENV % "token")
    inventory(project, words)
    assert found(project) == ([MISSING.format(*said)] if said else [])


def test_a_key_that_the_cluster_does_not_have_is_an_error(project: Project) -> None:
    model(project, ENV % "tokn")
    inventory(project, "covers: {Secret: [ns]}\nnamespaces: {ns: {Secret: {reg: {keys: [token, user]}}}}")
    result = validate(project.repository)
    (said,) = result.diagnostics
    assert (said.rule, said.severity.value, str(said.location)) == (
        "kubernetes/reference",
        "error",
        "models.yaml:4:113",
    )
    assert (said.message, said.allowed) == (
        "Secret reg has no key tokn, as the cluster had it on 2026-11-01",
        "token, user",
    )
    assert said.hint == "Did you mean token?"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("covers: {CustomResourceDefinition: ['*']}", ["error kserve/scaling-prerequisite"]),
        ("covers: {}\ncluster: {CustomResourceDefinition: {scaledobjects.keda.sh: {versions: [v1alpha1]}}}", []),
        # The resource is there, in no version that is served.
        (
            "covers: {}\ncluster: {CustomResourceDefinition: {scaledobjects.keda.sh: {versions: []}}}",
            ["error kserve/scaling-prerequisite"],
        ),
    ],
)
def test_an_operator_is_there_with_its_custom_resources(project: Project, words: str, said: list[str]) -> None:
    model(project, "autoscalerClass: keda, minReplicas: 1, maxReplicas: 2, scaleMetric: cpu, scaleTarget: 50")
    inventory(project, words)
    told = [line.split(" ", 1)[1].partition(":")[0] for line in found(project)]
    assert [line for line in told if "prerequisite" in line] == said


def test_gateways_and_node_groups_of_the_cluster_are_there(project: Project) -> None:
    project.write("environments/dev.yaml", DEV.replace("Gateway/kserve/kserve-ingress-gateway, ", ""))
    project.models(
        """\
        models: {chat: {kind: LLMInferenceService, model: s3://m/chat, router: true}}
        localModelCaches: {c: {sourceModelUri: s3://m/c, modelSize: 1Gi, nodeGroups: [workers]}}
        """
    )
    rules = {"kserve/gateway-reference", "kserve/node-group"}

    def told() -> list[str]:
        return sorted(
            {line.split(":")[2].split(" ", 1)[1] for line in found(project) if any(rule in line for rule in rules)}
        )

    assert told() == ["error kserve/gateway-reference", "warning kserve/node-group"]
    inventory(project, "covers: {Gateway: ['*'], LocalModelNodeGroup: ['*']}")
    assert told() == ["error kserve/gateway-reference", "error kserve/node-group"]
    inventory(
        project,
        """\
        covers: {}
        cluster: {LocalModelNodeGroup: {workers: {}}}
        namespaces: {kserve: {Gateway: {kserve-ingress-gateway: {}}}}
        """,
    )
    assert told() == []


RUNTIME = """\
covers: {ClusterServingRuntime: ['*'], ServingRuntime: [ns]}
%s:
  %s: {own: {spec: {supportedModelFormats: [{name: own, autoSelect: true}], containers: [SERVES]}}}
"""


@pytest.mark.parametrize(
    ("place", "kind"), [("cluster", "ClusterServingRuntime"), ("namespaces: {ns", "ServingRuntime")]
)
def test_a_runtime_that_only_the_cluster_has_serves_models(project: Project, place: str, kind: str) -> None:
    project.models("models:\n  iris: {modelFormat: own, storageUri: s3://m/i}\n")
    assert [line for line in found(project) if "kserve/no-runtime" in line]
    words = RUNTIME.replace("SERVES", "{name: kserve-container, image: 'r/own:1'}") % (place, kind)
    inventory(project, words if place == "cluster" else words.replace("{ns:\n  ", "{ns: {").rstrip("\n") + "}}\n")
    assert found(project) == []


def test_what_is_promised_and_not_there_is_told(project: Project) -> None:
    promised = "leaderworkerset, keda, Secret/ns/gone, Secret/ns/there, StorageClass/fast, Secret/lost, Secret/other/x]"
    project.write("environments/dev.yaml", DEV.replace("leaderworkerset]", promised.replace("]", ", Secret/p*]")))
    served = "{certificates.cert-manager.io: {versions: [v1]}, httproutes.gateway.networking.k8s.io: {versions: [v1]}}"
    inventory(
        project,
        f"""\
        covers: {{CustomResourceDefinition: ['*'], Secret: [ns], StorageClass: ['*']}}
        cluster: {{CustomResourceDefinition: {served}}}
        namespaces: {{ns: {{Secret: {{there: {{}}}}}}}}
        """,
    )
    last = "the cluster did not have it on 2026-11-01"
    operator = "the cluster served none of its custom resources on 2026-11-01"
    lines = [f"{what} is promised, and {operator}" for what in ("leaderworkerset", "keda")]
    lines += [f"{what} is promised, and {last}" for what in ("Secret/ns/gone", "StorageClass/fast", "Secret/lost")]
    assert [line.partition("warning catalog/broken-promise: ")[2] for line in found(project)] == lines
    assert {line.split(":")[1] for line in found(project)} == {"4"}


@pytest.mark.parametrize(
    ("day", "words", "said"),
    [
        ("2026-12-01", "", []),
        ("2026-12-02", "", ["this inventory is 31 days old"]),
        ("2026-12-02", "inventory: {maxAgeDays: 31}\n", []),
        ("2026-11-02", "inventory: {maxAgeDays: 0}\n", ["this inventory is 1 days old"]),
        ("2026-10-31", "", []),  # where the cluster is it may be tomorrow
        ("2026-10-30", "", ["the day of this inventory lies 2 days ahead"]),
    ],
)
def test_an_old_inventory_is_told_at_its_day(project: Project, day: str, words: str, said: list[str]) -> None:
    project.write("environments/dev.yaml", DEV + words)
    inventory(project, "covers: {}")
    place = "environments/dev.inventory.yaml:2:8 warning catalog/stale-inventory"
    assert found(project, day) == [f"{place}: {message}" for message in said]
    assert validate(project.repository).diagnostics == ()  # who is given no day says nothing of age


@pytest.mark.parametrize(("stated", "said"), [("1.34", []), ("v1.34.0", []), ("1.33", ["v1.34.1"])])
def test_another_version_of_kubernetes_is_told(project: Project, stated: str, said: list[str]) -> None:
    project.write("environments/dev.yaml", DEV.replace("{name: dev}", f"{{name: dev, kubernetesVersion: '{stated}'}}"))
    inventory(project, "kubernetesVersion: v1.34.1\ncovers: {}")
    place = "environments/dev.yaml:2:41 warning catalog/cluster-version: the cluster ran Kubernetes"
    assert found(project) == [f"{place} {version} on 2026-11-01" for version in said]


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("nodes: {min: 1}, allocatable: {cpu: '15', accelerators: 1}", []),
        ("nodes: {min: 0}, allocatable: {cpu: '64', accelerators: 1}", []),
        ("nodes: {min: 4}, allocatable: {accelerators: 1}", ["3 nodes have the labels of pool p"]),
        ("nodes: {min: 1}, nodeSelector: {zone: b}", ["no node has the labels of pool p"]),
        ("nodes: {min: 1}, allocatable: {cpu: '16'}", ["the largest node of pool p offers 15890m of cpu"]),
        ("nodes: {min: 1}, allocatable: {cpu: '15'}, daemonSets: {cpu: '1'}", []),
        ("nodes: {min: 1}, allocatable: {accelerators: 2}", ["the largest node of pool p offers 1 of nvidia.com/gpu"]),
        ("nodes: {min: 1}, nodeSelector: {size: big}, taints: []", ["the nodes of pool p are tainted t:NoSchedule"]),
        ("nodes: {min: 1}, nodeSelector: {size: big}, taints: [{key: t, effect: NoSchedule}]", []),
    ],
)
def test_a_pool_is_held_against_the_nodes(project: Project, pool: str, said: list[str]) -> None:
    project.write("environments/dev.yaml", DEV + f"nodePools: {{p: {{accelerator: l4, {pool}}}}}\n")
    inventory(project, NODES)
    told = [line.partition("warning catalog/node-pool-differs: ")[2] for line in found(project)]
    assert told == [f"{message}, by the inventory of 2026-11-01" for message in said]


def test_pods_are_placed_on_the_nodes_of_the_inventory_where_that_is_asked_for(project: Project) -> None:
    model(project, "resources: {requests: {cpu: 20}, limits: {cpu: 20}}")
    inventory(
        project,
        NODES.replace("labels: {gpu: L4}, allocatable: {cpu: '4', nvidia.com/gpu: '1'}", "allocatable: {cpu: '4'}"),
    )
    assert found(project) == []
    project.write("environments/dev.yaml", DEV + "inventory: {nodePools: true}\n")
    (said,) = found(project)
    assert said.startswith("models.yaml:4:"), said
    assert " error gpu/no-node: " in said
    own = "nodePools: {own: {nodes: {max: 2}, allocatable: {cpu: '32'}}}\n"
    project.write("environments/dev.yaml", DEV + f"inventory: {{nodePools: true}}\n{own}")
    assert found(project) == []


def test_models_that_fill_the_nodes_of_the_inventory_are_told_where_it_is_asked_for(project: Project) -> None:
    words = (
        "modelFormat: sklearn, storageUri: s3://m/i, minReplicas: 2, resources: {requests: {cpu: 3}, limits: {cpu: 3}}"
    )
    project.models(f"models:\n  iris: {{{words}}}\n  wine: {{{words}}}\n")
    inventory(project, "covers: {Node: ['*']}\nnodePools: {plain: {nodes: 2, allocatable: {cpu: '4'}}}")
    project.write("environments/dev.yaml", DEV + "inventory: {nodePools: true}\n")
    (said,) = found(project)
    assert said.startswith("environments/dev.yaml:12:24 error gpu/pool-full: plain: "), said


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("covers: {Secret: ns}", "3:18"),
        ("covers: {}\ncluster: {Secret: {a: {value: x}}}", "4:24"),
        ("covers: {}\nnodePools: {a: {nodes: 0}}", "4:24"),
    ],
)
def test_a_broken_inventory_is_told_at_its_line(project: Project, words: str, place: str) -> None:
    inventory(project, words)
    assert [line.split(" ")[0] for line in found(project)] == [f"environments/dev.inventory.yaml:{place}"]


def test_an_inventory_of_nobody_is_told(project: Project) -> None:
    project.write("environments/prd.inventory.yaml", HEAD + "covers: {}\n")
    (said,) = found(project)
    assert said.startswith("environments/prd.inventory.yaml")
    assert "catalog/file-name: the file's name names no environment: prd" in said


SERVED = "cluster: {CustomResourceDefinition: {localqueues.kueue.x-k8s.io: {}}}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("covers: {LocalQueue: [ns], CustomResourceDefinition: ['*']}", []),  # no Kueue: the label means nothing
        (f"covers: {{LocalQueue: [ns]}}\n{SERVED}", ["error"]),
        (f"covers: {{}}\n{SERVED}", ["warning"]),
        (f"covers: {{}}\n{SERVED}namespaces: {{ns: {{LocalQueue: {{team: {{clusterQueue: all}}}}}}}}", []),
    ],
)
def test_a_queue_that_a_label_names_is_there_where_kueue_is(project: Project, words: str, said: list[str]) -> None:
    model(project, "labels: {kueue.x-k8s.io/queue-name: team}")
    inventory(project, words)
    told = [line for line in found(project) if "LocalQueue team" in line]
    assert [line.split(" ")[1] for line in told] == said
    assert {line.split(" ")[0] for line in told} <= {"models.yaml:4:90"}


def test_what_could_not_be_read_is_told_as_not_checked(project: Project) -> None:
    inventory(project, "covers: {}\nunread: {Secret/ns: forbidden, Node: unauthorized}")
    told = [str(each) for each in validate(project.repository).unchecked]
    assert told[-2:] == [
        "which Node objects the cluster has (unauthorized, by the inventory)",
        "which Secret objects namespace ns has (forbidden, by the inventory)",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("covers: {StorageClass: ['*'], PriorityClass: ['*']}", ["error PriorityClass", "warning StorageClass"]),
        ("covers: {}", ["warning PriorityClass", "warning StorageClass"]),
        ("covers: {StorageClass: ['*']}\ncluster: {StorageClass: {fast: {}}, PriorityClass: {high: {}}}", []),
    ],
)
def test_a_storage_class_without_an_object_may_still_be_one(project: Project, words: str, said: list[str]) -> None:
    claim = "{accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}"
    volume = f"{{name: v, ephemeral: {{volumeClaimTemplate: {{spec: {claim}}}}}}}"
    model(project, f"priorityClassName: high, volumes: [{volume}], volumeMounts: [{{name: v, mountPath: /v}}]")
    inventory(project, words)
    told = [line.split(" ") for line in found(project) if "kubernetes/reference" in line]
    assert sorted(f"{line[1]} {line[3]}" for line in told) == said


def standing(project: Project) -> dict[str, str]:
    """Return what the verdict stands on, each with its reason; what operators and charts need left out."""
    found = validate(project.repository).assumptions
    return {f"{each.kind} {each.name}": each.why for each in found if each.kind not in ("chart", "node pool")}


LACKED = "prerequisites, though the inventory lacks it"
UNSAID = "nobody says that it is there"


@pytest.mark.parametrize(
    ("promises", "words", "why"),
    [
        ("", None, UNSAID),
        ("", "covers: {Secret: [other]}", UNSAID),
        ("", "covers: {Secret: [ns]}", None),  # an error: the verdict is not green
        ("", "covers: {}\nnamespaces: {ns: {Secret: {reg: {keys: [token]}}}}", None),
        ("Secret/ns/reg", None, "prerequisites"),
        ("Secret/reg", "covers: {Secret: [other]}", "prerequisites"),
        ("Secret/reg", "covers: {Secret: [ns]}", LACKED),
        ("Secret/ns/r*", "covers: {Secret: ['*']}", LACKED),
        ("Secret/ns/reg", "covers: {}\nnamespaces: {ns: {Secret: {reg: {keys: [token]}}}}", None),
    ],
)
def test_what_nobody_says_and_what_is_known_missing_are_told_apart(
    project: Project, promises: str, words: str | None, why: str | None
) -> None:
    project.write("environments/dev.yaml", DEV.replace("leaderworkerset]", f"leaderworkerset, {promises}]"))
    model(project, ENV % "token")
    if words is not None:
        inventory(project, words)
    assert standing(project).get("Secret ns/reg") == why


def test_an_operator_that_is_promised_and_known_missing_is_told(project: Project) -> None:
    project.write("environments/dev.yaml", DEV.replace("leaderworkerset]", "leaderworkerset, keda]"))
    model(project, "autoscalerClass: keda, minReplicas: 1, maxReplicas: 2, scaleMetric: cpu, scaleTarget: 50")
    assert standing(project)["operator keda"] == "prerequisites"
    inventory(project, "covers: {CustomResourceDefinition: ['*']}")
    assert standing(project)["operator keda"] == LACKED


def test_a_node_group_that_nobody_promises_is_stood_on(project: Project) -> None:
    project.models("localModelCaches: {c: {sourceModelUri: s3://m/c, modelSize: 1Gi, nodeGroups: [workers]}}\n")
    assert standing(project)["LocalModelNodeGroup workers"] == UNSAID
    inventory(project, "covers: {LocalModelNodeGroup: ['*']}")
    assert "LocalModelNodeGroup workers" not in standing(project)
