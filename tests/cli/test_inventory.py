"""`kservegen inventory` against a server that speaks Kubernetes' API, and against what kubectl writes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from tests.support.api_server import TOKEN, FakeApi, serve_api
from tests.support.project import Project

from kservegen.catalog.inventory import collection
from kservegen.cli import cli
from kservegen.commands import inventory as command
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.text import LARGEST_FILE
from kservegen.kserve.servers.command_line import container_environment

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "inventory.schema.json").read_text("utf-8"))
FILE = "environments/dev.inventory.yaml"
VALUE = "c3VwZXItc2VjcmV0LXZhbHVl"
_META = "PartialObjectMetadataList"


def thing(kind: str, name: str, namespace: str = "", version: str = "v1", **fields: object) -> dict[str, Any]:
    """Return an object as the API server has it."""
    metadata: dict[str, object] = {"name": name, "uid": "1", **({"namespace": namespace} if namespace else {})}
    more = fields.pop("metadata", {})
    assert isinstance(more, dict)
    return {"apiVersion": version, "kind": kind, "metadata": {**metadata, **more}, **fields}


def secret(name: str, namespace: str = "ns", **fields: object) -> dict[str, Any]:
    return {**thing("Secret", name, namespace, "v1", **fields), "data": dict.fromkeys(("password", "user"), VALUE)}


def node(name: str, memory: str = "60Gi", **fields: object) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "cloud.google.com/gke-nodepool": "L4 pool"}
    allocatable = {"cpu": "7910m", "memory": memory, "nvidia.com/gpu": "1"}
    status = {"allocatable": allocatable}
    return thing("Node", name, "", "v1", metadata={"labels": labels}, status=status, **fields)


RUNTIME_SPEC = {
    "supportedModelFormats": [{"name": "own", "autoSelect": True}],
    "containers": [
        {"name": "kserve-container", "image": "r/i:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]}
    ],
}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serve_api() as server:
        yield server


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find no cluster by the environment of whoever runs the tests."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


def run(project: Project, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    line = ["inventory", "--root", str(project.root), "--env", "dev", *words]
    done = CliRunner().invoke(cli, line, standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0), done.output


def written(project: Project) -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((project.root / FILE).read_text("utf-8"))
    jsonschema.validate(words, SCHEMA)
    return words


def ask(project: Project, api: FakeApi, *words: str) -> tuple[int, str]:
    return run(project, "--kubeconfig", str(api.kubeconfig(project.root.parent)), *words)


@pytest.mark.parametrize("aggregated", [True, False])
def test_a_cluster_is_written_down(project: Project, api: FakeApi, *, aggregated: bool) -> None:
    api.aggregated = aggregated
    api.add("", "v1", "Secret", secret("reg"), secret("other", "elsewhere"), secret("sh.helm.release.v1.x.v1"))
    api.add("", "v1", "ServiceAccount", *(thing("ServiceAccount", f"a{n}", "ns") for n in range(5)))
    api.add("scheduling.k8s.io", "v1", "PriorityClass", thing("PriorityClass", "high"))
    marked = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    api.add("storage.k8s.io", "v1", "StorageClass", thing("StorageClass", "ssd", metadata=marked))
    listeners = [{"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}]
    listeners += [{"name": "tls", "port": 443, "protocol": "HTTPS", "hostname": "*.a.b", "tls": {"mode": "Terminate"}}]
    gateway = thing("Gateway", "g", "infra", spec={"gatewayClassName": "eg", "listeners": listeners})
    api.add("gateway.networking.k8s.io", "v1", "Gateway", gateway)
    api.add("gateway.networking.k8s.io", "v1beta1", "Gateway")
    api.add(
        "serving.kserve.io",
        "v1alpha1",
        "ClusterServingRuntime",
        thing("ClusterServingRuntime", "own", spec=RUNTIME_SPEC),
    )
    api.add(
        "",
        "v1",
        "Node",
        node("n1"),
        node("n2", "59Gi"),
        node("n3", spec={"taints": [{"key": "t", "effect": "NoSchedule"}]}),
    )
    pod = {"spec": {"containers": [{"image": "kserve/kserve-controller:v0.19.0"}]}}
    api.add(
        "apps", "v1", "Deployment", thing("Deployment", "kserve-controller-manager", "kserve", spec={"template": pod})
    )
    said = "1 ClusterServingRuntime, 2 CustomResourceDefinitions, 1 Gateway, 3 Nodes, 1 PriorityClass, 1 Secret"
    assert ask(project, api) == (0, f"{FILE}: 2026-11-29: {said}, 5 ServiceAccounts, 1 StorageClass\n")
    words = written(project)
    assert words["taken"] == "2026-11-29"  # the day that the server says it is
    assert (words["kubernetesVersion"], words["kserveVersion"]) == ("v1.34.1", "v0.19.0")
    assert words["namespaces"]["ns"] == {
        "Secret": {"reg": {"keys": ["password", "user"]}},
        "ServiceAccount": {f"a{n}": {} for n in range(5)},
    }
    assert words["namespaces"]["infra"]["Gateway"]["g"]["listeners"] == [
        {"name": "web", "port": 80, "protocol": "HTTP", "from": "All"},
        {"name": "tls", "hostname": "*.a.b", "port": 443, "protocol": "HTTPS", "from": "Same"},
    ]
    assert words["cluster"]["CustomResourceDefinition"] == {
        "clusterservingruntimes.serving.kserve.io": {"versions": ["v1alpha1"]},
        "gateways.gateway.networking.k8s.io": {"versions": ["v1", "v1beta1"]},
    }
    assert words["cluster"]["StorageClass"] == {"ssd": {"default": True}}
    kept = words["cluster"]["ClusterServingRuntime"]["own"]["spec"]
    assert kept["containers"][0]["env"] == [{"name": "DB_PASSWORD", "value": "(hidden)"}]
    assert kept["supportedModelFormats"] == RUNTIME_SPEC["supportedModelFormats"]
    assert {name: (pool["nodes"], pool["allocatable"]["memory"]) for name, pool in words["nodePools"].items()} == {
        "l4-pool": (1, "60Gi"),  # tainted
        "l4-pool-2": (2, "59Gi"),
    }
    assert words["covers"]["Secret"] == ["ns"]
    assert words["covers"]["LocalQueue"] == ["ns"]  # no server has the kind: there is none, and that is known
    assert "unread" not in words
    text = (project.root / FILE).read_text("utf-8")
    assert VALUE not in text
    assert TOKEN not in text


def test_a_number_that_no_int64_holds_is_written_as_the_server_has_it(project: Project, api: FakeApi) -> None:
    runtime = thing("ClusterServingRuntime", "own", spec={**RUNTIME_SPEC, "terminationGracePeriodSeconds": 10**20})
    api.add("serving.kserve.io", "v1alpha1", "ClusterServingRuntime", runtime)
    assert ask(project, api)[0] == 0
    kept = written(project)["cluster"]["ClusterServingRuntime"]["own"]["spec"]
    assert kept["terminationGracePeriodSeconds"] == 1e20


def test_queues_are_kept_with_what_they_offer(project: Project, api: FakeApi) -> None:
    offer = {"namespaceSelector": {"matchLabels": {"team": "a"}}, "cohortName": "all"}
    for kind, spec in (
        ("ClusterQueue", offer),
        ("Cohort", {"parentName": "root"}),
        ("ResourceFlavor", {"nodeLabels": {"gpu": "L4"}}),
    ):
        api.add("kueue.x-k8s.io", "v1beta2", kind, thing(kind, "a", spec=spec))
    queues = [
        thing("LocalQueue", "a", "ns", spec={"clusterQueue": "a", "stopPolicy": "None"}),
        thing("LocalQueue", "b", "ns", spec={"clusterQueue": "a", "stopPolicy": "Hold"}),
    ]
    api.add("kueue.x-k8s.io", "v1beta2", "LocalQueue", *queues)
    labels = {"team": "a", "kubernetes.io/metadata.name": "other"}
    api.add("", "v1", "Namespace", thing("Namespace", "other", metadata={"labels": labels}))
    assert ask(project, api)[0] == 0
    words = written(project)
    assert words["namespaces"]["ns"]["LocalQueue"] == {
        "a": {"clusterQueue": "a"},
        "b": {"clusterQueue": "a", "stopPolicy": "Hold"},
    }
    assert words["cluster"]["ClusterQueue"] == {"a": {"spec": offer}}
    assert words["cluster"]["Cohort"] == {"a": {"spec": {"parentName": "root"}}}
    assert words["cluster"]["ResourceFlavor"] == {"a": {"spec": {"nodeLabels": {"gpu": "L4"}}}}
    assert words["cluster"]["Namespace"] == {"other": {"labels": {"team": "a"}}}


def test_only_get_is_asked_and_names_come_without_content(project: Project, api: FakeApi) -> None:
    assert ask(project, api)[0] == 0
    assert {method for method, _, _ in api.asked} == {"GET"}
    assert api.tokens == {f"Bearer {TOKEN}"}
    whole = {path for _, path, accept in api.asked if "/namespaces/" in path and _META not in accept}
    assert whole == {
        "/api/v1/namespaces/ns/secrets",
        "/api/v1/namespaces/ns/configmaps",
        "/api/v1/namespaces/kserve/configmaps",
        "/apis/apps/v1/namespaces/kserve/deployments",
    }
    assert not any("kserve/secrets" in path for _, path, _ in api.asked)


def test_keys_of_secrets_are_not_asked_for_where_nobody_wants_them(project: Project, api: FakeApi) -> None:
    api.add("", "v1", "Secret", secret("reg"))
    assert ask(project, api, "--no-secret-keys", "--namespace", "more")[0] == 0
    asked = {path: accept for _, path, accept in api.asked if path.endswith("/secrets")}
    assert sorted(asked) == ["/api/v1/namespaces/more/secrets", "/api/v1/namespaces/ns/secrets"]
    assert all(_META in accept for accept in asked.values())
    assert written(project)["namespaces"]["ns"]["Secret"] == {"reg": {}}


def test_what_may_not_be_read_is_not_covered(project: Project, api: FakeApi) -> None:
    api.add("", "v1", "Secret", secret("reg"))
    api.add("gateway.networking.k8s.io", "v1", "Gateway", thing("Gateway", "g", "kserve"), thing("Gateway", "h", "far"))
    api.forbidden = {
        "/api/v1/namespaces/ns/secrets",
        "/api/v1/nodes",
        "/apis/gateway.networking.k8s.io/v1/gateways",
    }
    code, said = ask(project, api)
    assert code == 0
    assert "not read, and so not covered: Secret/ns: forbidden\n" in said
    assert TOKEN not in said
    words = written(project)
    assert words["unread"] == {"Gateway": "forbidden", "Node": "forbidden", "Secret/ns": "forbidden"}
    assert "Secret" not in words["covers"]
    # Where all namespaces may not be read, those that models are in, and KServe's own, may be.
    assert words["covers"]["Gateway"] == ["kserve", "ns"]
    assert [*words["namespaces"]["kserve"]["Gateway"]] == ["g"]
    assert "far" not in words["namespaces"]


def test_without_discovery_kinds_of_operators_are_not_covered(project: Project, api: FakeApi) -> None:
    api.forbidden = {"/apis"}
    assert ask(project, api)[0] == 0
    words = written(project)
    assert words["unread"]["CustomResourceDefinition"] == "forbidden"
    assert words["unread"]["Gateway"] == "the server does not say what it serves"
    assert set(words["covers"]) == {
        "ConfigMap",
        "Namespace",
        "Node",
        "PersistentVolumeClaim",
        "Secret",
        "ServiceAccount",
    }


def test_a_list_that_outlives_its_token_goes_on(project: Project, api: FakeApi) -> None:
    api.add("", "v1", "ServiceAccount", *(thing("ServiceAccount", f"a{n}", "ns") for n in range(5)))
    api.expired = 1
    assert ask(project, api)[0] == 0
    assert [*written(project)["namespaces"]["ns"]["ServiceAccount"]] == ["a0", "a1", "a2", "a3", "a4"]


def test_what_the_catalog_brings_is_left_out(project: Project, api: FakeApi) -> None:
    project.models(
        """\
        models:
          iris: {modelFormat: sklearn, storageUri: s3://models/iris, runtime: mine}
        runtimes:
          mine:
            kind: ClusterServingRuntime
            spec: {supportedModelFormats: [{name: sklearn}], containers: [{name: kserve-container, image: 'r/i:1'}]}
        """
    )
    runtimes = [
        thing("ClusterServingRuntime", name, spec=RUNTIME_SPEC) for name in ("mine", "kserve-sklearnserver", "own")
    ]
    api.add("serving.kserve.io", "v1alpha1", "ClusterServingRuntime", *runtimes)
    owners = {
        "ownerReferences": [{"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "name": "x"}]
    }
    api.add("", "v1", "Secret", secret("made", metadata=owners), secret("kept"))
    api.add("", "v1", "ConfigMap", thing("ConfigMap", "inferenceservice-config", "kserve", data={"deploy": "{}"}))
    assert ask(project, api)[0] == 0
    words = written(project)
    assert [*words["cluster"]["ClusterServingRuntime"]] == ["own"]
    assert [*words["namespaces"]["ns"]["Secret"]] == ["kept"]
    assert "kserve" not in words["namespaces"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--kubeconfig", "nowhere"), "no cluster can be found: there is no such file"),
        (("--from", "nowhere"), "no such file"),
        (("--from", "empty.json"), "it holds no object of Kubernetes"),
        (("--from", "pods.json"), "no object among them is of a kind that inventories list"),
        (("--from", "list.yaml"), "it is no YAML that kubectl wrote"),
        (("--from", "nameless.json"), "no object among them has a name that Kubernetes takes"),
        (("--from", "utf-16.json"), "it is UTF-16"),
        (("--from", "utf-16le.json"), "it is UTF-16"),
        (("--from", "large.json"), "Write one file for each kind or namespace: kubectl get KIND -n NAMESPACE"),
        (("--from", "one.json", "--covers", "Secrets"), "no inventory lists such a kind"),
        (("--from", "one.json", "--covers", "StorageClass/ns"), "StorageClass has no namespaces"),
        (("--check", "--from", "one.json"), "there is no inventory to compare with"),
    ],
)
def test_who_runs_it_is_told_what_is_wrong(project: Project, words: tuple[str, ...], told: str) -> None:
    project.write("empty.json", "[1]")
    project.write("pods.json", json.dumps(thing("Pod", "p", "ns")))
    project.write("list.yaml", f"kind: Secret\n  data: {{password: {VALUE}\n")
    project.write("one.json", json.dumps(secret("reg")))
    project.write("nameless.json", json.dumps({"kind": "List", "items": [secret("A"), secret("")]}))
    for encoding in ("utf-16", "utf-16le"):
        (project.root / f"{encoding}.json").write_bytes(json.dumps(secret("reg")).encode(encoding))
    with (project.root / "large.json").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    done = [str(project.root / word) if "." in word or word == "nowhere" else word for word in words]
    code, said = run(project, *done)
    assert code == 2
    assert told in said
    assert VALUE not in said


@pytest.mark.parametrize("words", [("--from", "a", "--context", "b"), ("--covers", "Secret")])
def test_options_that_say_two_things_are_refused(project: Project, words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, ["inventory", "--root", str(project.root), "--env", "dev", *words])
    assert done.exit_code == 2


def test_a_server_that_gives_no_answer_is_told_without_its_address(project: Project, api: FakeApi) -> None:
    file = api.kubeconfig(project.root.parent)
    file.write_text(file.read_text("utf-8").replace(api.url, "http://127.0.0.1:1/secret-place"), "utf-8")
    code, said = run(project, "--kubeconfig", str(file))
    assert (code, "the cluster gives no answer" in said, "secret-place" in said) == (2, True, False)


def test_without_the_client_the_extra_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    code, said = run(project)
    assert code == 2
    assert "kservegen[cluster]" in said


@pytest.mark.parametrize(
    ("documents", "covers"),
    [
        ([secret("a")], {}),
        ([{"kind": "List", "items": [secret("a")]}], {"Secret": ["ns"]}),
        ([{"kind": "List", "items": [secret("a"), secret("b", "other")]}], {"Secret": ["*"]}),
        (
            [{"kind": "SecretList", "apiVersion": "v1", "items": [{"metadata": {"name": "a", "namespace": "ns"}}]}],
            {"Secret": ["ns"]},
        ),
        (
            [{"kind": "List", "items": [thing("PriorityClass", "p", version="scheduling.k8s.io/v1")]}],
            {"PriorityClass": ["*"]},
        ),
        # Another kind of the same name, of Istio.
        ([secret("a"), {"kind": "List", "items": [thing("Gateway", "g", "ns", "networking.istio.io/v1")]}], {}),
    ],
)
def test_a_list_covers_its_kinds_and_an_object_covers_nothing(
    project: Project, documents: list[dict[str, Any]], covers: dict[str, list[str]]
) -> None:
    for index, document in enumerate(documents):
        project.write(f"dump/{index}.json", json.dumps(document))
    assert run(project, "--from", str(project.root / "dump"), "--date", "2026-01-02")[0] == 0
    words = written(project)
    assert words["covers"] == covers
    assert words["taken"] == "2026-01-02"
    assert "Gateway" not in str(words)


def test_standard_input_and_what_files_cover(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\n".join(json.dumps(doc) for doc in (secret("a"), secret("b"))).encode()
    monkeypatch.setattr(command, "LARGEST_INPUT", len(content))
    line = [
        "inventory",
        "--root",
        str(project.root),
        "--env",
        "dev",
        "--from",
        "-",
        "--covers",
        "Secret/ns",
        "--covers",
        "ConfigMap",
    ]
    done = CliRunner().invoke(cli, line, input=io.BytesIO(content), standalone_mode=False)
    assert (done.exit_code, done.exception) == (0, None)
    assert written(project)["covers"] == {"ConfigMap": ["*"], "Secret": ["ns"]}
    assert [*written(project)["namespaces"]["ns"]["Secret"]] == ["a", "b"]


def test_hostile_files_are_refused_or_read_in_bounds(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["../x", "A", "", "a/b", "x" * 300, "ok"]
    items = [secret(name) for name in names] + [thing("Secret", "noted", "n/s"), {"kind": "Secret", "metadata": 7}]
    items += [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "odd", "namespace": "ns"}, "data": ["x"]}]
    project.write("dump.json", json.dumps({"kind": "List", "items": items}))
    code, said = run(project, "--from", str(project.root / "dump.json"))
    assert (code, "not read, and so not covered: Secret: an object has no name that Kubernetes takes" in said) == (
        0,
        True,
    )
    assert written(project)["covers"] == {}  # a name that is not listed may be one of those
    assert written(project)["namespaces"] == {
        "ns": {"Secret": {"odd": {"keys": []}, "ok": {"keys": ["password", "user"]}}}
    }
    project.write("deep.json", '{"kind": "List", "items": ' + "[" * 100_000 + "]" * 100_000 + "}")
    assert run(project, "--from", str(project.root / "deep.json"))[0] == 2
    monkeypatch.setattr(collection, "MOST_LISTED", 1)
    project.write("dump.json", json.dumps({"kind": "List", "items": [secret("a"), secret("b")]}))
    assert "there are more than 1 objects" in run(project, "--from", str(project.root / "dump.json"))[1]


def test_a_check_says_what_differs_and_where(project: Project) -> None:
    before = {"kind": "List", "items": [secret("a"), secret("b"), thing("ServiceAccount", "x", "ns"), node("n1")]}
    project.write("dump.json", json.dumps(before))
    path = str(project.root / "dump.json")
    assert run(project, "--from", path)[0] == 0
    assert run(project, "--check", "--from", path, "--date", "2026-01-02") == (
        0,
        f"{FILE}: the cluster is as it says\n",
    )
    later = secret("a")
    later["data"] = {"user": VALUE, "token": VALUE}
    after = {"kind": "List", "items": [later, secret("c"), node("n1"), node("n2")]}
    project.write("dump.json", json.dumps(after))
    code, said = run(project, "--check", "--from", path)
    lines = (project.root / FILE).read_text("utf-8").splitlines()
    places = {line.split(": ", 1)[1]: lines[int(line.split(":")[1]) - 1].strip() for line in said.splitlines()}
    assert code == 1
    assert places == {
        "Node/l4-pool has changed: 1 nodes then, 2 now": "l4-pool:",
        "Secret/ns/a has changed: key password is gone, key token is new": "a:",
        "Secret/ns/b is not in the cluster any more": "b:",
        "Secret/ns/c is new in the cluster": "Secret:",
    }
    # Accounts were not listed this time: nothing is said of them.
    report = json.loads(run(project, "--check", "--from", path, "--output", "json")[1])
    assert [(item["change"], item["kind"], item["namespace"], item["name"]) for item in report["inventory"]] == [
        ("changed", "Node", None, "l4-pool"),
        ("changed", "Secret", "ns", "a"),
        ("gone", "Secret", "ns", "b"),
        ("new", "Secret", "ns", "c"),
    ]


# Names that say nothing to a list of telling words, or what nobody foresees.
ODD_NAMES = """
AUTH AWS_ACCESS_KEY_ID BEARER CONNECTION_STRING CREDS DBPASS DSN FOO GITLAB_PAT KENNWORT LICENSE_KEY LOGIN PSW SSH_KEY
VLLM_API_KEY VLLM_ADDITIONAL_ARGS_X X home
""".split()


def test_no_value_of_a_variable_is_kept_that_no_check_reads(project: Project, tmp_path: Path) -> None:
    said: list[dict[str, Any]] = [{"name": name, "value": "hunter2"} for name in ODD_NAMES]
    said += [{"name": "STORAGE_URI", "value": "https://me:hunter2@models/x"}, {"name": "AUTH2", "value": "$(HOME)"}]
    said += [{"name": "HF_HUB_OFFLINE", "value": "1"}, {"name": "EMPTY", "value": ""}]
    said += [{"name": "FROM", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    container = {"name": "kserve-container", "image": "r/i:1", "env": said}
    version = "serving.kserve.io/v1alpha1"
    spec = {
        "supportedModelFormats": [{"name": "own"}],
        "containers": [container],
        "workerSpec": {"containers": [container]},
    }
    docs = [
        thing("ClusterServingRuntime", "own", "", version, spec=spec),
        thing("ServingRuntime", "near", "ns", version, spec=spec),
        thing("ClusterStorageContainer", "own", "", version, spec={"container": container}),
        thing(
            "LLMInferenceServiceConfig",
            "own",
            "ns",
            "serving.kserve.io/v1alpha2",
            spec={"template": {"initContainers": [container]}, "prefill": {"worker": {"containers": [container]}}},
        ),
    ]
    file = tmp_path / "objects.json"
    file.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": docs}))
    assert run(project, "--from", str(file))[0] == 0
    words = written(project)
    assert "hunter2" not in (project.root / FILE).read_text("utf-8")
    (kept,) = words["cluster"]["ClusterServingRuntime"]["own"]["spec"]["containers"]
    assert {item["name"]: item.get("value") for item in kept["env"]} == {
        **dict.fromkeys([*ODD_NAMES, "STORAGE_URI"], "(hidden)"),
        "AUTH2": "$(HOME)",
        "HF_HUB_OFFLINE": "1",
        "EMPTY": "",
        "FROM": None,
    }


def test_an_argument_of_a_hidden_variable_is_not_known() -> None:
    container: dict[str, Any] = {"env": [{"name": "MOST", "value": "(hidden)"}, {"name": "A", "value": "$(MOST)"}]}
    assert container_environment(container) == {"MOST": None, "A": None}


@pytest.mark.parametrize("offered", [None, {}, {"cpu": "4", "nvidia.com/gpu": "many"}, {"cpu": 4}, "all"])
def test_nodes_of_which_one_says_nothing_readable_are_not_covered(project: Project, offered: object) -> None:
    odd = {**node("n2"), "status": {"allocatable": offered}}
    project.write("nodes.json", json.dumps({"kind": "List", "items": [node("n1"), odd]}))
    code, said = run(project, "--from", str(project.root / "nodes.json"), "--covers", "Node")
    assert (code, "Node: what node n2 offers is not readable" in said) == (0, True)
    words = written(project)
    assert (words["covers"], [pool["nodes"] for pool in words["nodePools"].values()]) == ({}, [1])
