"""What KServe makes where a cluster has runtimes, presets and settings that no chart of the environment brings."""

from __future__ import annotations

import textwrap

from tests.support.project import DEV, Project

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import ResourceId
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project
from kservegen.kserve.controllers.made import Made

HEAD = "version: 1\ntaken: '2026-11-01'\ncovers: {}\n"
# KServe is there already, installed by somebody else.
ELSEWHERE = DEV.replace(
    "kserve: {version: v0.19.0, deploymentMode: Standard}",
    "kserve:\n  version: v0.19.0\n  deploymentMode: Standard\n"
    "  charts: {kserve-crd: false, kserve-resources: false, kserve-runtime-configs: false}",
)
SETTINGS = """\
namespaces:
  kserve:
    ConfigMap:
      inferenceservice-config:
        keys: [ingress]
        data:
          ingress: {enableGatewayApi: true, ingressDomain: models.example.org, kserveIngressGateway: infra/gate}
"""
SPEC = (
    "{supportedModelFormats: [{name: sklearn, autoSelect: true}], containers: [{name: kserve-container, image: '%s'}]}"
)
RUNTIME = """\
cluster:
  ClusterServingRuntime:
    own:
      spec:
        supportedModelFormats: [{name: own, autoSelect: true}]
        containers: [{name: kserve-container, image: 'r/own:1', args: ['--level=7']}]
"""


def made(project: Project, words: str, name: str = "iris") -> tuple[Made, JsonObject]:
    """Return what is made of a model, and its serving container."""
    project.write("environments/dev.inventory.yaml", HEAD + textwrap.dedent(words))
    opened = open_project(project.repository)
    defaulted = evaluate(opened.catalog, "dev", opened.tools).defaulted
    assert defaulted is not None
    context = defaulted.context
    found = context.simulation.made(context.resources[ResourceId("InferenceService", "ns", name)])
    assert found is not None
    pods = [mapping(pod.pod) for pod in found.pods]
    containers = [mapping(item) for pod in pods for item in sequence(mapping(pod.get("spec")).get("containers"))]
    return found, next(item for item in containers if item.get("name") == "kserve-container")


def test_a_runtime_of_the_cluster_makes_the_pod(project: Project) -> None:
    project.models("models:\n  iris: {modelFormat: own, storageUri: s3://m/i}\n")
    _, container = made(project, RUNTIME)
    assert (container["image"], sequence(container["args"])[0]) == ("r/own:1", "--level=7")


def test_a_runtime_of_the_catalog_goes_before_the_one_of_its_name_in_the_cluster(project: Project) -> None:
    project.models(
        """\
        models:
          iris: {modelFormat: own, storageUri: s3://m/i}
        runtimes:
          own:
            kind: ClusterServingRuntime
            spec:
              supportedModelFormats: [{name: own, autoSelect: true}]
              containers: [{name: kserve-container, image: 'r/own:2'}]
        """
    )
    _, container = made(project, RUNTIME)
    assert container["image"] == "r/own:2"


def test_what_the_charts_install_goes_before_the_cluster(project: Project) -> None:
    before = made(project, "")[1]["image"]
    spec = SPEC % "r/old:1"
    after = made(project, f"cluster: {{ClusterServingRuntime: {{kserve-sklearnserver: {{spec: {spec}}}}}}}")[1]["image"]
    assert after == before


def test_the_settings_of_the_cluster_count_where_no_chart_writes_them(project: Project) -> None:
    project.write("environments/dev.yaml", ELSEWHERE)
    spec = SPEC % "r/sk:1"
    words = SETTINGS + f"cluster: {{ClusterServingRuntime: {{sk: {{spec: {spec}}}}}}}"
    found, _ = made(project, words)
    routes = [mapping(item.doc["spec"]) for item in found.objects if text(item.doc.get("kind")) == "HTTPRoute"]
    hosts = {text(host) for route in routes for host in sequence(route.get("hostnames"))}
    parents = {
        (text(ref["namespace"]), text(ref["name"]))
        for route in routes
        for ref in map(mapping, sequence(route["parentRefs"]))
    }
    assert "iris-ns.models.example.org" in hosts
    assert parents == {("infra", "gate")}
    project.write("environments/dev.yaml", DEV)  # the environment's own chart writes others
    own, _ = made(project, words)
    assert "models.example.org" not in str([item.doc for item in own.objects])
