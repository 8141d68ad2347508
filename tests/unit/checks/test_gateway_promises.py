"""Routes of InferenceServices lead to a Gateway: an environment that has none is warned once, at the switch."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

IRIS = "models:\n  iris: {modelFormat: sklearn, storageUri: s3://b/m}\n"
CHAT = "models:\n  chat: {kind: LLMInferenceService, model: hf://acme/chat, resources: {limits: {cpu: '1'}}}\n"
ON = "ingressGateway: {enableGatewayApi: true}"
OTHER = "ingressGateway: {enableGatewayApi: true, kserveGateway: a/b}"
OURS = "Gateway/kserve/kserve-ingress-gateway"
# What the chart is told, the environment's mode, what is promised, the models, and whether it is warned.
CASES = {
    "nobody makes it": (ON, "Standard", "keda", IRIS, True),
    "promised": (ON, "Standard", OURS, IRIS, False),
    "promised by its name": (ON, "Standard", "Gateway/kserve-ingress-gateway", IRIS, False),
    "made by the chart": (ON.replace("}", ", createGateway: true}"), "Standard", "keda", IRIS, False),
    "another is promised": (OTHER, "Standard", OURS, IRIS, True),
    "the other is promised": (OTHER, "Standard", "Gateway/a/b", IRIS, False),
    "no routes": (f"disableIngressCreation: true, {ON}", "Standard", "keda", IRIS, False),
    "routes of Istio": (ON, "Knative", "keda", IRIS, False),
    "no InferenceService": (ON, "Standard", "keda", CHAT, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_gateway_is_made_or_promised(case: str, project: Project) -> None:
    gateway, mode, promise, models, warned = CASES[case]
    values = f"values: {{kserve-resources: {{kserve: {{controller: {{gateway: {{{gateway}}}}}}}}}}}"
    dev = DEV.replace("deploymentMode: Standard", f"deploymentMode: {mode}, {values}").replace(OURS, promise)
    project.write("environments/dev.yaml", dev)
    project.models(models)
    found = [d for d in project.validate().diagnostics if d.rule == "kserve/gateway-reference"]
    assert [(f"{d.location.line}", d.severity, d.path.rpartition(".")[2]) for d in found] == [
        ("3", "warning", "enableGatewayApi")
    ] * warned
