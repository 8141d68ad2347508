"""Accelerators that pods get otherwise than by nvidia.com/gpu: by claims, of other makers, as parts of a card."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

from kservegen.core.assumptions import Unchecked

DRA = DEV.replace("v0.19.0", "v0.20.0")
OTHERS = "  quarter: {resource: nvidia.com/gpu.shared, nodeSelector: {gpu: L40S}, share: {neighbours: 3}}\n"


def service(words: str, name: str = "a") -> str:
    return f"  {name}:\n    modelFormat: huggingface\n    storageUri: hf://org/x\n    {words}\n"


def claims(kind: str, name: str = "gpu") -> str:
    word = "resourceClaimName" if kind == "ResourceClaim" else "resourceClaimTemplateName"
    claim = f"resourceClaims: [{{name: gpu, {word}: {name}}}]"
    return f"maxReplicas: 3\n    {claim}\n    resources: {{claims: [{{name: gpu}}]}}"


ANNOTATED = """\
  chat:
    kind: LLMInferenceService
    model: hf://org/chat
    replicas: 3
    annotations: {serving.kserve.io/exp-dra-device-class: %s, serving.kserve.io/exp-dra-device-count: "2"}
    nodeSelector: {gpu: L4}
"""
# The models, the budget, and the sum that is over it.
SUMS: dict[str, tuple[str, str, list[str]]] = {
    "a class of annotations, as the accelerator of its maker": (
        ANNOTATED % "gpu.nvidia.com", "{accelerator: l4, limit: 5}", ["chat 3 x 2"]
    ),
    "enough for them": (ANNOTATED % "gpu.nvidia.com", "{accelerator: l4, limit: 8}", []),
    "a class that nobody knows counts in the whole": (ANNOTATED % "fast", "{limit: 5}", ["chat 3 x 2"]),
    "and is no accelerator of the environment": (ANNOTATED % "fast", "{accelerator: l4, limit: 0}", []),
    "Gaudi": (service("resources: {limits: {habana.ai/gaudi: 4}}"), "{limit: 3}", ["a 1 x 4"]),
    "TPU": (service("resources: {limits: {google.com/tpu: 8}}"), "{limit: 7}", ["a 1 x 8"]),
    "Neuron": (service("resources: {limits: {aws.amazon.com/neuroncore: 2}}"), "{limit: 1}", ["a 1 x 2"]),
    "Intel": (service("resources: {limits: {gpu.intel.com/xe: 1}}"), "{limit: 0}", ["a 1 x 1"]),
    "AMD": (service("resources: {limits: {amd.com/gpu: 1}}"), "{limit: 0}", ["a 1 x 1"]),
    "a slice": (service("resources: {limits: {nvidia.com/mig-1g.10gb: 1}}"), "{limit: 0}", ["a 1 x 1"]),
    "a class as a resource": (
        service("resources: {limits: {deviceclass.resource.kubernetes.io/gpu.nvidia.com: 2}}"),
        "{accelerator: l4, limit: 1}", ["a 1 x 2"],
    ),
    "a network card as a resource": (
        service("resources: {limits: {deviceclass.resource.kubernetes.io/dranet: 2}}"), "{limit: 0}", []
    ),
    "a part of a card is one of its kind": (
        service("resources: {limits: {nvidia.com/gpu.shared: 1}}"), "{accelerator: quarter, limit: 0}", ["a 1 x 1"]
    ),
    "and none of whole cards": (
        service("resources: {limits: {nvidia.com/gpu.shared: 1}}"), "{accelerator: l4, limit: 0}", []
    ),
    "memory of a card in MiB is no number of cards": (
        service("resources: {limits: {nvidia.com/gpumem: 3000}}"), "{limit: 0}", []
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SUMS)
def test_what_counts_as_an_accelerator(case: str, project: Project) -> None:
    models, budget, expected = SUMS[case]
    project.models("models:\n" + models)
    project.write("environments/dev.yaml", DRA + OTHERS + f"budgets: {{b: {budget}}}\n")
    assert [d.seen for d in project.validate().diagnostics if d.rule == "budget/exceeded"] == expected


TEMPLATE = """\
apiVersion: resource.k8s.io/v1
kind: %s
metadata: {name: gpu, namespace: ns}
spec: %s
"""
DEVICES = "{devices: {requests: [{name: card, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}]}}"
UNMANAGED = "unmanaged: {gpus: {path: models/ns/gpu.yaml, reason: r, owner: team, expires: 2099-12-31}}\n"


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("ResourceClaimTemplate", f"{{spec: {DEVICES}}}", "a 3 x 2 + b 3 x 2"),
        ("ResourceClaim", DEVICES, "a claim ns/gpu/card 1 x 2"),
    ],
)
def test_a_claim_is_counted_once_and_a_template_for_each_pod(
    kind: str, spec: str, expected: str, project: Project
) -> None:
    project.models("models:\n" + service(claims(kind)) + service(claims(kind), "b"))
    project.write("environments/dev.yaml", DRA + UNMANAGED + "budgets: {b: {accelerator: l4, limit: 1}}\n")
    project.write("rendered/dev/models/ns/gpu.yaml", TEMPLATE % (kind, spec))
    found = [d for d in project.validate().diagnostics if d.rule == "budget/exceeded"]
    assert [d.seen for d in found] == [expected]


def test_a_claim_that_no_file_holds_is_listed(project: Project) -> None:
    project.models("models:\n" + service(claims("ResourceClaim")))
    project.write("environments/dev.yaml", DRA + "budgets: {b: {limit: 0}}\n")
    done = project.validate()
    assert [d.rule for d in done.diagnostics] == ["kubernetes/reference"]
    what = "how many accelerators a would take"
    assert Unchecked(what, "ResourceClaim/gpu is not among the files") in done.unchecked


POOL = "nodePools: {l4: {accelerator: l4, nodes: {max: %d}, taints: [], allocatable: {accelerators: 2}}}\n"


@pytest.mark.parametrize(
    ("models", "nodes", "expected"),
    [
        (ANNOTATED % "gpu.nvidia.com", 4, []),
        (ANNOTATED % "gpu.nvidia.com", 3, ["gpu/pool-full"]),
        (ANNOTATED.replace('"2"', '"3"') % "gpu.nvidia.com", 4, ["gpu/no-node"]),
        (service("resources: {limits: {deviceclass.resource.kubernetes.io/gpu.nvidia.com: 3}}"), 4, ["gpu/no-node"]),
        (ANNOTATED % "fast", 0, []),
    ],
)
def test_claimed_devices_are_looked_for_on_nodes(
    models: str, nodes: int, expected: list[str], project: Project
) -> None:
    project.models("models:\n" + models)
    project.write("environments/dev.yaml", DRA + POOL % nodes)
    done = project.validate()
    assert [d.rule for d in done.diagnostics if d.rule.startswith("gpu/")] == expected
    unlisted = Unchecked("that chat find nodes", "no pool lists the devices that their pods claim")
    assert (unlisted in done.unchecked) is ("class: fast" in models)
