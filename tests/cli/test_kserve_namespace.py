"""Where KServe runs outside namespace kserve: what it looks up, what is rendered and who is told follow the word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.support.api_server import FakeApi, serve_api
from tests.support.project import Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ELSEWHERE = "redhat-ods-applications"
GATEWAY = "openshift-ingress/openshift-ai-inference"
ENVIRONMENT = """\
version: 1
cluster: {name: ocp, server: https://api.ocp.example.com}
kserve:
  version: v0.20.0
  install: none
  {NAMESPACE}
  deploymentMode: Standard
  values: {kserve-resources: {kserve: {controller: {gateway: {ingressGateway: {kserveGateway: {GATEWAY}}}}}}}
prerequisites: [Namespace/search, ServiceAccount/search/models, gateway-api, Gateway/{GATEWAY}{MORE}]
policies: {bindings: {storage-origin: {actions: [Deny], params: {origins: "s3://models/,hf://acme/"}}}}
gitops: {engine: {ENGINE}, repoURL: https://git.example.com/models.git}
"""
MODELS = """\
version: 1
defaults: {namespace: search, serviceAccountName: models}
models:
  ranker: {modelFormat: sklearn, storageUri: s3://models/ranker}
  chat:
    kind: LLMInferenceService
    model: hf://acme/chat
    router: {route: true, gateway: true, scheduler: true}
localModelCaches: {}
"""
# What names a namespace: a field of it, the address of a Service in it, namespace/name of something there.
_ADDRESS = re.compile(r"\.kserve\.svc\b|(?<![\w./:-])kserve/(?:kserve-ingress|inferenceservice|config|[a-z]+-cert)")


def environment(project: Project, engine: str = "none", namespace: str = ELSEWHERE, more: str = "") -> None:
    said = f"namespace: {namespace}" if namespace else ""
    text = ENVIRONMENT.replace("{NAMESPACE}", said).replace("{GATEWAY}", GATEWAY).replace("{ENGINE}", engine)
    (project.root / "environments/dev.yaml").unlink(missing_ok=True)
    project.write("environments/ocp.yaml", text.replace("{MORE}", more))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    environment(project)
    project.write("models.yaml", MODELS)
    return project


def places(value: object, key: str = "") -> Iterator[str]:
    """Yield the texts of an object that name a namespace."""
    if isinstance(value, dict):
        kind = value.get("kind")
        for name, item in value.items():
            is_own = kind == "Namespace" and name == "metadata" and isinstance(item, dict)
            yield from places(item["name"], "namespace") if is_own else places(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from places(item, key)
    elif isinstance(value, str) and ("namespace" in key.lower() or _ADDRESS.search(value)):
        yield value


def named(project: Project) -> set[str]:
    """Return all that rendered and made objects name of namespaces."""
    found: set[str] = set()
    for file in (project.root / "rendered").rglob("*.yaml"):
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            found |= set(places(document))
    line = ["simulate", "ranker", "chat", "--env", "ocp", "--root", str(project.root), "--output", "json"]
    report = json.loads(CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).stdout)
    assert [document["deployable"] for document in report["documents"]] == [True, True]
    for document in report["documents"]:
        found |= set(places(document["objects"]))
    return found


def findings(project: Project) -> list[tuple[str, str, str]]:
    return [(d.rule, d.severity, f"{d.location}: {d.message}") for d in project.validate().diagnostics]


@pytest.mark.parametrize("engine", ["none", "argocd", "flux"])
def test_nothing_of_a_catalog_names_the_usual_namespace(project: Project, engine: str) -> None:
    environment(project, engine)
    result = project.render()
    assert [d.message for d in result.diagnostics if d.severity == "error"] == []
    of_kserve = {place for place in named(project) if re.search(r"\bkserve(?![-\w])", place)}
    assert of_kserve == set()
    assert not any("kserve/" in f"{each.name}/" for each in result.assumptions if each.kind != "chart")
    if engine != "none":  # parameters of policies lie beside KServe
        params = yaml.safe_load(
            (project.root / "rendered/ocp/policies/configmap-policy-storage-origin.yaml").read_text()
        )
        assert params["metadata"]["namespace"] == ELSEWHERE


def test_the_law_sees_the_usual_namespace(project: Project) -> None:
    environment(project, "argocd", namespace="")
    assert project.render().exit_code == 0
    assert "kserve" in named(project)


CONFIG = """\
llmConfigs:
  {NAME}:
    namespace: {PLACE}
    spec: {SPEC}
"""
BASED = MODELS.replace("    model: hf", "    baseRefs: [{name: house}]\n    model: hf")


@pytest.mark.parametrize(("place", "found"), [(ELSEWHERE, True), ("search", True), ("kserve", False)])
def test_bases_are_looked_up_where_kserve_runs(project: Project, place: str, found: bool) -> None:
    environment(project, more=f", Namespace/{place}" if place != "search" else "")
    config = CONFIG.replace("{NAME}", "house").replace("{PLACE}", place)
    text = BASED + config.replace("{SPEC}", "{template: {containers: [{name: main, args: [--x]}]}}")
    project.write("models.yaml", text)
    missing = [text for rule, _, text in findings(project) if rule == "kserve/base-ref"]
    said = f"there is no LLMInferenceServiceConfig 'house' in namespace search or {ELSEWHERE}"
    assert [said in text for text in missing] == ([] if found else [True])


def test_what_names_no_namespace_lies_where_kserve_runs(project: Project) -> None:
    project.write("models.yaml", BASED)
    listed = "unmanaged: {own: {path: cluster/house.yaml, reason: by hand, owner: me, expires: 2099-01-01}}\n"
    text = (project.root / "environments/ocp.yaml").read_text("utf-8")
    project.write("environments/ocp.yaml", text + listed)
    base = preset("house", "")
    del base["metadata"]["namespace"]
    project.write("rendered/ocp/cluster/house.yaml", yaml.safe_dump(base))
    assert [text for rule, _, text in findings(project) if rule == "kserve/base-ref"] == []


# What a base brings from where KServe runs, and what is then found of the service that is laid over it.
@pytest.mark.parametrize(
    ("base", "own", "rule"),
    [
        ("{parallelism: {pipeline: 2}, worker: {containers: [{name: main}]}}", "", "kserve/llm-preset"),
        ("{template: {containers: [{name: main}]}}", "    args: ['--x={\"a\":1}']\n", "kserve/llm-args-shell"),
    ],
)
def test_a_base_where_kserve_runs_counts(project: Project, base: str, own: str, rule: str) -> None:
    for place, counts in ((ELSEWHERE, True), ("kserve", False)):
        environment(project, more=f", Namespace/{place}")
        config = CONFIG.replace("{NAME}", "house").replace("{PLACE}", place).replace("{SPEC}", base)
        project.write("models.yaml", BASED.replace("localModelCaches: {}\n", own) + config)
        assert (rule in {found for found, _, _ in findings(project)}) == counts


@pytest.mark.parametrize(("place", "found"), [(ELSEWHERE, True), ("kserve", False)])
def test_controllers_read_bases_where_they_run(project: Project, place: str, found: bool) -> None:
    environment(project, more=f", Namespace/{place}")
    spec = "{template: {containers: [{name: main, image: 'r/i:1', command: [serve], args: [--own]}]}}"
    config = CONFIG.replace("{NAME}", "house").replace("{PLACE}", place).replace("{SPEC}", spec)
    project.write("models.yaml", BASED + config)
    line = ["simulate", "chat", "--env", "ocp", "--root", str(project.root), "--output", "json"]
    report = json.loads(CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).stdout)
    (made,) = report["documents"]
    servers = [
        item for item in made["objects"] if item["kind"] == "Deployment" and item["metadata"]["name"] == "chat-kserve"
    ]
    args = [
        c["args"] for item in servers for c in item["spec"]["template"]["spec"]["containers"] if c["name"] == "main"
    ]
    assert args == ([["--own"]] if found else [])


SCHEDULER = "router: {route: true, gateway: true, scheduler: {config: {ref: {name: config-scheduler-x}}}}"


@pytest.mark.parametrize(("place", "found"), [(ELSEWHERE, True), ("kserve", False)])
def test_a_shared_scheduler_configuration_lies_where_kserve_runs(project: Project, place: str, found: bool) -> None:
    environment(project, more=f", ConfigMap/{place}/config-scheduler-x")
    project.write("models.yaml", MODELS.replace("router: {route: true, gateway: true, scheduler: true}", SCHEDULER))
    missing = [text for rule, _, text in findings(project) if rule == "kserve/llm-scheduler-config"]
    assert [f"in namespace search or {ELSEWHERE}" in text for text in missing] == ([] if found else [True])


def test_presets_are_missed_where_kserve_runs(project: Project) -> None:
    text = (project.root / "environments/ocp.yaml").read_text("utf-8")
    project.write(
        "environments/ocp.yaml", text.replace("  values", "  charts: {kserve-runtime-configs: false}\n  values")
    )
    missing = [text for rule, _, text in findings(project) if rule == "kserve/llm-preset"]
    assert missing
    assert all(f"not found in namespaces [search {ELSEWHERE}]" in text for text in missing)


def test_settings_for_scaling_lie_where_kserve_runs(project: Project) -> None:
    scaled = MODELS.replace("    router", "    scaling: {maxReplicas: 2, wva: {keda: {}}}\n    router")
    project.write("models.yaml", scaled)
    for place in ("kserve", ELSEWHERE):
        environment(project, more=f", keda, wva, ConfigMap/{place}/inferenceservice-config")
        found = [text for rule, _, text in findings(project) if rule == "kserve/scaling-prerequisite"]
        assert [f"ConfigMap/{ELSEWHERE}/inferenceservice-config" in text for text in found] == [True] * (
            place == "kserve"
        )


def test_the_gateway_is_that_of_the_settings(project: Project) -> None:
    text = (project.root / "environments/ocp.yaml").read_text("utf-8")
    project.write("environments/ocp.yaml", text.replace(f"Gateway/{GATEWAY}", "Gateway/kserve/kserve-ingress-gateway"))
    missing = {text.partition(": ")[2] for rule, _, text in findings(project) if rule == "kserve/gateway-reference"}
    assert missing == {f"Gateway {GATEWAY} does not exist, as far as the environment says"}


@pytest.mark.parametrize("name", ["Kserve", "a.b", "-a", "a" * 64, "''"])
def test_a_word_that_is_no_namespace_is_refused(project: Project, name: str) -> None:
    environment(project, namespace=name)
    assert any("environments/ocp.yaml:6:14" in text for _, _, text in findings(project))


# Charts of ours, in a namespace of one's own: of which kinds models are, and whether it can be.
def test_charts_that_name_their_namespace_are_refused_elsewhere(project: Project) -> None:
    text = (project.root / "environments/ocp.yaml").read_text("utf-8").replace("install: none", "install: charts")
    project.write("environments/ocp.yaml", text.replace("prerequisites: [", "prerequisites: [cert-manager, "))
    (found,) = [d for d in project.validate().diagnostics if d.rule == "kserve/chart-namespace"]
    assert str(found.location).endswith("environments/ocp.yaml:6:14")
    assert found.severity == "error"
    assert found.message.endswith(
        "kserve-llmisvc-resources and kserve-runtime-configs must be installed in namespace kserve"
    )
    assert (found.seen, found.allowed) == (ELSEWHERE, "kserve")
    assert found.hint.endswith("Where others have installed KServe elsewhere, say kserve.install: none.")


@pytest.mark.parametrize("engine", ["argocd", "flux"])
def test_the_other_charts_are_installed_where_the_word_says(project: Project, engine: str) -> None:
    environment(project, engine)
    text = (project.root / "environments/ocp.yaml").read_text("utf-8").replace("install: none", "install: charts")
    project.write("environments/ocp.yaml", text.replace("prerequisites: [", "prerequisites: [cert-manager, "))
    project.write("models.yaml", MODELS.partition("  chat:")[0])
    result = project.render()
    assert [d.message for d in result.diagnostics if d.severity == "error"] == []
    found: set[str] = set()
    targets: set[str] = set()
    for file in (project.root / "rendered/ocp/sync").rglob("*.yaml"):
        document = yaml.safe_load(file.read_text("utf-8"))
        found |= set(places(document))
        if document["kind"] == "HelmRelease":
            targets |= {document["spec"]["targetNamespace"], document["spec"]["storageNamespace"]}
        if document["kind"] == "Application" and "chart" in str(document["spec"]):
            targets.add(document["spec"]["destination"]["namespace"])
    assert ELSEWHERE in targets
    assert "kserve" not in found | targets


INVENTORY = """\
version: 1
taken: "2026-11-01"
covers: {ClusterServingRuntime: ["*"], LLMInferenceServiceConfig: [{PLACE}]}
namespaces:
  {PLACE}:
    ConfigMap:
      inferenceservice-config:
        keys: [ingress]
        data: {ingress: {kserveIngressGateway: a/b, enableGatewayApi: true}}
"""


@pytest.mark.parametrize(("word", "counts"), [("", True), (ELSEWHERE, True), ("opendatahub", False)])
def test_an_inventory_says_where_kserve_runs(project: Project, word: str, counts: bool) -> None:
    environment(project, namespace=word)
    project.write("environments/ocp.inventory.yaml", INVENTORY.replace("{PLACE}", ELSEWHERE))
    found = findings(project)
    place = word or ELSEWHERE
    assert any(f"not found in namespaces [search {place}]" in text for rule, _, text in found)
    gateways = {text.partition(": ")[2] for rule, _, text in found if rule == "kserve/gateway-reference"}
    assert any("Gateway a/b" in text for text in gateways) == counts


OWN_RUNTIME = """\
runtimes:
  mine:
    namespace: search
    spec: {supportedModelFormats: [{name: sklearn}], containers: [{name: kserve-container, image: "r/i:1"}]}
"""


def test_controllers_go_by_the_settings_of_the_inventory(project: Project) -> None:
    environment(project, namespace="", more=", Gateway/a/b")
    project.write("environments/ocp.inventory.yaml", INVENTORY.replace("{PLACE}", ELSEWHERE))
    models = MODELS.partition("  chat:")[0].replace("s3://models/ranker", "s3://models/ranker, runtime: mine")
    project.write("models.yaml", models + OWN_RUNTIME)
    line = ["simulate", "ranker", "--env", "ocp", "--root", str(project.root), "--output", "json"]
    report = json.loads(CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).stdout)
    (made,) = report["documents"]
    routes = [item["spec"]["parentRefs"] for item in made["objects"] if item["kind"] == "HTTPRoute"]
    assert {(parent["namespace"], parent["name"]) for parents in routes for parent in parents} == {("a", "b")}


def test_of_two_settings_in_an_inventory_none_counts(project: Project) -> None:
    environment(project, namespace="")
    one = INVENTORY.replace("{PLACE}", ELSEWHERE)
    project.write(
        "environments/ocp.inventory.yaml", one + INVENTORY.replace("{PLACE}", "old").partition("namespaces:\n")[2]
    )
    assert any("not found in namespaces [search kserve]" in text for _, _, text in findings(project))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    with serve_api() as server:
        config = {"metadata": {"name": "inferenceservice-config", "namespace": ELSEWHERE}, "data": {"ingress": "{}"}}
        server.add("", "v1", "ConfigMap", config)
        yield server


def controller(image: str = "quay.io/modh/odh-kserve-controller@sha256:1") -> dict[str, Any]:
    pod = {"spec": {"containers": [{"image": image}]}}
    return {"metadata": {"name": "kserve-controller-manager", "namespace": ELSEWHERE}, "spec": {"template": pod}}


@pytest.mark.parametrize(("word", "may_look"), [("", True), (ELSEWHERE, False)])
def test_an_inventory_is_taken_where_the_controller_runs(
    project: Project, api: FakeApi, word: str, may_look: bool
) -> None:
    environment(project, namespace=word)
    api.add("apps", "v1", "Deployment", controller())
    api.forbidden = set() if may_look else {"/apis/apps/v1/deployments"}
    line = ["inventory", "--root", str(project.root), "--env", "ocp", "--date", "2026-11-28"]
    line += ["--kubeconfig", str(api.kubeconfig(project.root))]
    assert CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).return_value == 0
    written = yaml.safe_load((project.root / "environments/ocp.inventory.yaml").read_text("utf-8"))
    assert written["namespaces"][ELSEWHERE]["ConfigMap"]["inferenceservice-config"]["data"] == {"ingress": {}}
    assert not any("/namespaces/kserve/" in path for _, path, _ in api.asked)


def test_the_settings_of_charts_of_ours_are_in_no_inventory(project: Project, api: FakeApi) -> None:
    text = (project.root / "environments/ocp.yaml").read_text("utf-8").replace("install: none", "install: charts")
    project.write("environments/ocp.yaml", text)
    project.write("models.yaml", MODELS.partition("  chat:")[0])
    line = ["inventory", "--root", str(project.root), "--env", "ocp", "--date", "2026-11-28"]
    line += ["--kubeconfig", str(api.kubeconfig(project.root))]
    assert CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).return_value == 0
    written = yaml.safe_load((project.root / "environments/ocp.inventory.yaml").read_text("utf-8"))
    assert ELSEWHERE in written["covers"]["ConfigMap"]
    assert ELSEWHERE not in written.get("namespaces", {})


def test_charts_are_found_where_they_are_installed(project: Project) -> None:
    environment(project, "argocd")
    text = (project.root / "environments/ocp.yaml").read_text("utf-8").replace("install: none", "install: charts")
    project.write("environments/ocp.yaml", text)
    project.write("models.yaml", MODELS.partition("  chat:")[0])
    line = ["find", "--root", str(project.root)]
    runner = CliRunner()
    found = runner.invoke(cli, [*line, f"{ELSEWHERE}/kserve-controller-manager"], standalone_mode=False)
    assert found.return_value == 0
    with pytest.raises(GeneratorError, match="kserve/kserve-controller-manager"):
        runner.invoke(cli, [*line, "kserve/kserve-controller-manager"], catch_exceptions=False, standalone_mode=False)


def preset(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceServiceConfig",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"containers": [{"name": "main", "image": "r/i:1", "args": ["--own"]}]}},
    }


ISVC: dict[str, Any] = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "iris", "namespace": "search"},
    "spec": {
        "predictor": {
            "serviceAccountName": "reader",
            "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://a/iris"},
        }
    },
}
TEMPLATE = "kserve-config-llm-template"


def adopted(root: Path, *words: str) -> tuple[dict[str, Any], str]:
    """Adopt, and return what the environments have in common of KServe, and all the models files."""
    line = ["adopt", "--root", str(root), "--kserve", "v0.20.0", "--write", *words]
    done = CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False)
    assert done.return_value == 0, done.output
    kserve = yaml.safe_load((root / "environments/defaults.yaml").read_text("utf-8"))["kserve"]
    return kserve, "\n".join(file.read_text("utf-8") for file in sorted((root / "models").glob("*.yaml")))


def test_adopted_files_say_where_kserve_runs(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": ELSEWHERE},
        "data": {"ingress": "{}"},
    }
    theirs = [config, preset(TEMPLATE, ELSEWHERE), preset(TEMPLATE, "search"), ISVC]
    (tmp_path / "live.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": theirs}), "utf-8")
    root = tmp_path / "out"
    root.mkdir()
    kserve, models = adopted(root, str(tmp_path / "live.json"))
    assert kserve["namespace"] == ELSEWHERE
    assert models.count(TEMPLATE) == 1  # the one of search, which its owners wrote


def test_all_presets_of_a_release_say_where_kserve_runs(tmp_path: Path) -> None:
    record = json.loads((Path(__file__).parents[2] / "facts/releases/v0.20.0.json").read_text("utf-8"))
    names = record["presets"]["names"]
    for number, items in enumerate((names, names[1:])):
        (tmp_path / "live.json").write_text(
            json.dumps({"kind": "List", "items": [ISVC, *(preset(name, "opendatahub") for name in items)]}), "utf-8"
        )
        root = tmp_path / f"out{number}"
        root.mkdir()
        kserve, models = adopted(root, str(tmp_path / "live.json"))
        assert kserve.get("namespace") == ("opendatahub" if items is names else None)
        assert models.count("kserve-config-llm") == (0 if items is names else len(items))


def test_an_adopted_cluster_says_where_kserve_runs(api: FakeApi, tmp_path: Path) -> None:
    api.add("serving.kserve.io", "v1alpha2", "LLMInferenceServiceConfig", preset(TEMPLATE, ELSEWHERE))
    api.add("serving.kserve.io", "v1beta1", "InferenceService", ISVC)
    api.add("apps", "v1", "Deployment", controller())
    root = tmp_path / "out"
    root.mkdir()
    kserve, models = adopted(root, "--from-cluster", "--kubeconfig", str(api.kubeconfig(tmp_path)))
    assert kserve["namespace"] == ELSEWHERE
    assert TEMPLATE not in models


def test_a_config_map_among_manifests_says_where_kserve_runs(tmp_path: Path) -> None:
    chat = {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": "chat", "namespace": "search"},
        "spec": {"model": {"uri": "hf://acme/chat", "name": "chat"}, "router": {"route": {}, "gateway": {}}},
    }
    (tmp_path / "chat.json").write_text(json.dumps(chat), "utf-8")
    (tmp_path / "preset.json").write_text(json.dumps(preset(TEMPLATE, ELSEWHERE)), "utf-8")

    def arguments() -> tuple[list[str], str]:
        line = ["simulate", str(tmp_path), "--kserve-version", "v0.20.0", "--output", "json"]
        report = json.loads(CliRunner().invoke(cli, line, catch_exceptions=False, standalone_mode=False).stdout)
        (made,) = [found for found in report["documents"] if found["name"] == "chat"]
        (pods,) = [item for item in made["objects"] if item["kind"] == "Deployment"]
        route = next(item for item in made["objects"] if item["kind"] == "HTTPRoute")
        main = next(c for c in pods["spec"]["template"]["spec"]["containers"] if c["name"] == "main")
        return main.get("args") or [], route["spec"]["parentRefs"][0]["namespace"]

    assert arguments() == ([], "kserve")
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": ELSEWHERE},
        "data": {"ingress": json.dumps({"enableGatewayApi": True, "kserveIngressGateway": GATEWAY})},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    assert arguments() == (["--own"], "openshift-ingress")
