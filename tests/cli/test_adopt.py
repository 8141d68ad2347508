"""What runs already comes in: nothing is lost without a word, and the catalog renders what came in."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.project import Project
from tests.support.reports import checked_report
from tools.team_repository import write_team_repository

from kservegen.checks.waivers.apply import Clock
from kservegen.cli import cli
from kservegen.commands.render import RenderOptions, render
from kservegen.commands.validate import validate
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.formats.yaml.load import load_strict
from kservegen.kserve.controllers.control_plane import shipped_objects

IRIS = """\
# Petals, asked for by the botanists.
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  namespace: flowers
  uid: 1a2b
  resourceVersion: "12"
  annotations:
    serving.kserve.io/deploymentMode: RawDeployment
    kubectl.kubernetes.io/last-applied-configuration: "{}"
spec:
  predictor:
    minReplicas: %d
    serviceAccountName: reader
    securityContext: {runAsUser: 1000}
    sklearn:
      storageUri: %s
      resources: {requests: {cpu: 1000m, memory: 1Gi}, limits: {cpu: "1", memory: 1024Mi}}
status: {url: http://iris}
"""
CHAT = """\
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: chat, namespace: flowers}
spec:
  model: {uri: hf://Qwen/Qwen2.5-7B-Instruct, name: chat, criticality: Critical}
  router: {route: {}, gateway: {}, scheduler: {}}
  template:
    containers:
    - name: main
      args: [--max-model-len=8192]
      resources: {limits: {nvidia.com/gpu: "1"}}
    - {name: logs, image: fluent/fluent-bit:3.0}
"""
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: flowers}
"""


def adopt(root: Path, *words: str) -> Result:
    root.mkdir(exist_ok=True)
    return CliRunner().invoke(
        cli, ["adopt", *words, "--root", str(root)], catch_exceptions=False, standalone_mode=False
    )


def report(root: Path, *words: str) -> dict[str, object]:
    adoption = checked_report(adopt(root, *words, "--output", "json").stdout)["adoption"]
    assert isinstance(adoption, dict)
    return adoption


def manifests(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_what_environments_have_in_common_is_said_once(tmp_path: Path) -> None:
    dev = manifests(tmp_path / "in/dev", iris=IRIS % (1, "s3://dev/iris"), chat=CHAT)
    prod = manifests(tmp_path / "in/prod", iris=IRIS % (2, "s3://dev/iris"))
    told = adopt(tmp_path / "out", f"dev={dev}", f"prod={prod}", "--write")
    assert told.return_value == 0, told.output
    assert "proof: 3 of 3 objects of KServe's kinds would be stored as they are now" in told.output
    assert "pods that restart: none" in told.output
    models = (tmp_path / "out/models/flowers.yaml").read_text("utf-8")
    assert models == (
        "version: 1\n"
        "defaults:\n"
        "  namespace: flowers\n"
        "models:\n"
        "  chat:\n"
        "    kind: LLMInferenceService\n"
        "    model: hf://Qwen/Qwen2.5-7B-Instruct\n"
        "    environments: [dev]\n"
        "    args: [--max-model-len=8192]\n"
        '    resources: {limits: {nvidia.com/gpu: "1"}}\n'
        "    annotations: {internal.serving.kserve.io/model-criticality: Critical}\n"
        "    containers: [{name: logs, image: fluent/fluent-bit:3.0}]\n"
        "    router: true\n"
        "  # Petals, asked for by the botanists.\n"
        "  iris:\n"
        "    modelFormat: sklearn\n"
        "    storageUri: s3://dev/iris\n"
        "    minReplicas: 1\n"
        '    resources: {requests: {cpu: 1000m, memory: 1Gi}, limits: {cpu: "1", memory: 1024Mi}}\n'
        "    predictor: {securityContext: {runAsUser: 1000}}\n"
        "    serviceAccountName: reader\n"
    )
    words = load_strict((tmp_path / "out/environments/prod.yaml").read_bytes(), "prod").value
    assert words == {
        "version": 1,
        "cluster": {"name": "prod"},
        "gitops": {"instance": "prod"},
        "prerequisites": ["Namespace/flowers", "ServiceAccount/flowers/reader"],
        "models": {"iris": {"minReplicas": 2}},
    }
    result = validate(Repository.find(tmp_path / "out", search_parents=False))
    assert [d for d in result.diagnostics if d.severity is Severity.ERROR] == []


def test_a_repository_of_many_teams_comes_back_from_its_manifests(tmp_path: Path) -> None:
    write_team_repository(tmp_path / "teams", 48)
    before = Project.at(tmp_path / "teams")
    assert render(before.repository, RenderOptions(out=before.repository.output)).exit_code == 0
    there = before.root / "rendered"
    words = [f"{name}={there / name / 'models'}" for name in ("dev", "staging", "prod-eu", "prod-us")]
    adoption = report(tmp_path / "new", *words, "--write", "--kserve", "v0.19.0")
    assert (adoption["keptAsManifests"], adoption["written"]) == ([], True)
    lines = adoption["lines"]
    assert isinstance(lines, dict)
    assert lines["catalog"] < 0.4 * lines["manifests"]
    after = Project.at(tmp_path / "new")
    assert render(after.repository, RenderOptions(out=after.repository.output)).exit_code == 0
    for environment in ("dev", "staging", "prod-eu", "prod-us"):
        files = {p.relative_to(there): p.read_bytes() for p in (there / environment / "models").rglob("*.yaml")}
        assert files == {path: (after.root / "rendered" / path).read_bytes() for path in files}
        assert files
    again = report(tmp_path / "again", *(w.replace("teams", "new") for w in words), "--write", "--kserve", "v0.19.0")
    first, second = (
        {p.relative_to(r): p.read_bytes() for p in r.rglob("*.yaml") if "rendered" not in p.parts}
        for r in (after.root, tmp_path / "again")
    )
    assert again["written"]
    assert first == second


WITH_DATA = "apiVersion: v1\nkind: Secret\nmetadata: {name: hf, namespace: flowers}\ndata: {HF_TOKEN: aHVzaA==}\n"
MADE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: iris-predictor
  namespace: flowers
  ownerReferences: [{kind: InferenceService, name: iris, controller: true}]
"""
RUNTIME = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata: {name: kserve-sklearnserver}
spec: {containers: []}
"""
OF_HELM = RUNTIME.replace("sklearnserver}", "sklearnserver, annotations: {meta.helm.sh/release-name: kserve}}")
PRESET = """\
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceServiceConfig
metadata: {name: kserve-config-llm-template, namespace: kserve}
spec: {}
"""
SHIPPED = next(
    doc["spec"] for doc in shipped_objects("v0.20.0").documents if "kserve-sklearnserver" in str(doc["metadata"])
)
AS_SHIPPED = RUNTIME.replace("{containers: []}", json.dumps(SHIPPED))
APPLICATION = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: models, namespace: argocd}\nspec: {}\n"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WITH_DATA, "a Secret with its data"),
        (MADE, "made by InferenceService iris"),
        (
            RUNTIME.replace("sklearnserver}", "sklearnserver, annotations: {meta.helm.sh/release-name: k}}"),
            "of a Helm release",
        ),
        (APPLICATION, "an object of a GitOps engine"),
        (IRIS.replace("  name: iris\n", "  generateName: iris-\n") % (1, "s3://a/b"), "it has no name"),
        (WITH_DATA.replace("\ndata:", "\nData:"), "a Secret with its data"),
        (WITH_DATA.replace("Secret", "secret").replace("\ndata:", "\nstringdata:"), "a Secret with its data"),
        (AS_SHIPPED, "installed by KServe's charts, as it is"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-root-ca.crt, namespace: flowers}\ndata: {a: b}\n",
            "made in every namespace by the cluster itself",
        ),
        (ACCOUNT.replace("reader", "default"), "made in every namespace by the cluster itself"),
    ],
)
def test_what_is_nobodys_to_write_down_is_left_out_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    folder = manifests(tmp_path / "in", a=IRIS % (1, "s3://dev/iris"), b=text)
    told = adopt(tmp_path / "out", str(folder), "--write")
    assert told.return_value == 0, told.output
    assert "prod: left out, 1 object:" in told.output
    assert reason in told.output
    assert "aHVzaA" not in told.output
    held = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.yaml"))
    assert "aHVzaA" not in held
    assert ("Secret/flowers/hf" in held) is ("{HF_TOKEN: aHVzaA==}" in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            IRIS.replace("serving.kserve.io/v1beta1", "serving.kserve.io/v1alpha2") % (1, "s3://a/b"),
            "does not serve it",
        ),
        (
            IRIS.replace("serving.kserve.io/v1beta1", "serving.kubeflow.org/v1alpha2") % (1, "s3://a/b"),
            "does not serve it",
        ),
        (IRIS.replace("minReplicas:", "minReplica:") % (1, "s3://a/b"), 'unknown field "minReplica"'),
        (IRIS.replace("name: iris", "name: ../../iris") % (1, "s3://a/b"), "'../../iris' is no name"),
    ],
)
def test_what_cannot_be_admitted_is_listed_and_left_out_only_on_request(tmp_path: Path, text: str, said: str) -> None:
    folder = manifests(tmp_path / "in", chat=CHAT, iris=text)
    told = adopt(tmp_path / "out", str(folder), "--write")
    assert told.return_value == 1
    assert said in told.output
    assert f"prod: {folder / 'iris.yaml'}:" in told.output
    assert "nothing was written" in told.output
    assert told.output.count(said) == 1, "once, and not again of a catalog that is not written"
    assert list((tmp_path / "out").iterdir()) == []
    told = adopt(tmp_path / "out", str(folder), "--write", "--leave-out")
    assert told.return_value == 0, told.output
    assert "InferenceService flowers/" in told.output
    assert f"({folder / 'iris.yaml'}:" in told.output
    assert "iris" not in (tmp_path / "out/models/flowers.yaml").read_text("utf-8")


def test_what_environments_have_alike_is_told_once(tmp_path: Path) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: flowers}\ndata: {a: b}\n"
    held = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: flowers}\nstringData: {a: b}\n"
    values = tmp_path / "values.yaml"
    values.write_text("kserve: {nonsense: 1, controler: {deploymentMode: Standard}}\n", encoding="utf-8")
    told = []
    for name in ("dev", "prod"):
        folder = manifests(tmp_path / name, iris=PLAIN % "iris", chat=CHAT, c=settings, s=held)
        told.append(f"{name}={folder}")
    said = adopt(tmp_path / "out", *told, "--values", f"kserve-resources={values}", "--write").output
    places = ", ".join(f"{tmp_path / name / 's.yaml'}:1:1" for name in ("dev", "prod"))
    assert said.count("a Secret with its data") == 1
    assert "dev, prod: left out, 1 object of each:\n" in said
    assert f"Secret flowers/s ({places})\n" in said
    assert "dev, prod: kserve-resources reads what it was installed with: 0 values beside its defaults\n" in said
    assert said.count("  not taken over: kserve.nonsense: no chart reads it\n") == 1
    slip = "kserve.controler.deploymentMode: no chart reads it. Did you mean controller?"
    assert f"  not taken over: {slip}\n" in said
    assert said.endswith(
        "  and 1 manifest below manifests/all/\n"
        "next: kservegen render, then kservegen init for CI; gitops.engine says who syncs\n"
    )


def test_a_folder_without_a_kind_of_kserve_is_told_what_is_looked_for(tmp_path: Path) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: flowers}\ndata: {a: b}\n"
    told = adopt(tmp_path / "out", str(manifests(tmp_path / "in", c=settings)))
    assert told.return_value == 1
    assert "no object of a kind of KServe stands there. kubectl get inferenceservices," in told.output


def test_an_overlay_is_adopted_as_what_becomes_of_it(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=IRIS % (1, "s3://a/b"), kustomization="resources: [iris.yaml]\n")
    told = adopt(tmp_path / "out", str(folder))
    assert told.return_value == 1
    build = f"kustomize build {folder}"
    assert f"1:1: a kustomization: it is not checked (Adopt what becomes of it: {build} | kservegen" in told.output


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("v1\nkind: Namespace", "Namespace flowers"),
        ("rbac.authorization.k8s.io/v1\nkind: ClusterRole", "ClusterRole flowers"),
    ],
)
def test_two_objects_without_a_namespace_that_differ(tmp_path: Path, kind: str, name: str) -> None:
    text = f"apiVersion: {kind}\nmetadata: {{name: flowers, labels: {{a: %s}}}}\n"
    folder = manifests(tmp_path / "in", chat=CHAT, a=text % "b", b=text % "c")
    told = adopt(tmp_path / "out", str(folder))
    assert told.return_value == 1
    assert f"{folder / 'b.yaml'}:1:1: {name} stands at {folder / 'a.yaml'}:1:1, too, and differs" in told.output
    assert (
        adopt(tmp_path / "out", str(manifests(tmp_path / "same", a=text % "b", b=text % "b", c=CHAT))).return_value == 0
    )


def test_what_is_left_out_is_not_told_as_kept(tmp_path: Path) -> None:
    """No words bring a number back as the name of a finalizer; then the schema refuses the object."""
    odd = (IRIS % (1, "s3://a/b")).replace("uid: 1a2b", "finalizers: [1]", 1)
    folder = manifests(tmp_path / "in", chat=CHAT, iris=odd)
    done = adopt(tmp_path / "out", str(folder), "--leave-out", "--output", "json")
    told = json.loads(done.output)["adoption"]
    assert [each["object"] for each in told["leftOut"]] == ["InferenceService flowers/iris"]
    assert (told["bySpecAlone"], told["keptAsManifests"]) == ([], [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"apiVersion: v1\nkind: {{ .Values.kind }}\n", "the file is a template"),
        (b"a: [1,\n", "in.yaml"),
        (b"\xff\xfe\x00a", "in.yaml"),
        (b"- 1\n- 2\n", "not a Kubernetes object"),
    ],
)
def test_what_cannot_be_read_stops_it(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "in.yaml").write_bytes(content)
    told = adopt(tmp_path / "out", str(tmp_path / "in.yaml"), "--write")
    assert told.return_value == 1
    assert said in told.output
    assert list((tmp_path / "out").iterdir()) == []


def test_other_objects_come_as_plain_manifests(tmp_path: Path) -> None:
    dev = manifests(tmp_path / "in/dev", iris=IRIS % (1, "s3://dev/iris"), account=ACCOUNT)
    extra = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: flowers}\ndata: {a: b}\n"
    prod = manifests(tmp_path / "in/prod", iris=IRIS % (1, "s3://dev/iris"), account=ACCOUNT, extra=extra)
    files = report(tmp_path / "out", f"dev={dev}", f"prod={prod}")["files"]
    assert isinstance(files, list)
    assert [file for file in files if file.startswith("manifests/")] == [
        "manifests/prod/flowers/configmap-c.yaml",
        "manifests/all/flowers/serviceaccount-reader.yaml",
    ]


def test_a_long_name_is_shortened_in_its_file_alone(tmp_path: Path) -> None:
    names = ["c" * 249 + end for end in "ab"]
    folder = manifests(tmp_path / "in", iris=IRIS % (1, "s3://a/b"), account=ACCOUNT)
    for name in names:
        manifests(
            folder, **{name[-1]: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: flowers}}\n"}
        )
    assert adopt(tmp_path / "out", str(folder), "--write").return_value == 0
    files = sorted((tmp_path / "out/manifests/all/flowers").glob("configmap-*"))
    assert [len(file.stem) for file in files] == [200, 200]
    assert {line for file in files for line in file.read_text("utf-8").split() if len(line) > 200} == set(names)
    project = Project.at(tmp_path / "out")
    assert render(project.repository, RenderOptions(out=project.repository.output)).exit_code == 0


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=IRIS % (1, "s3://a/b"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/models.yaml").write_text("version: 1\n", "utf-8")
    with pytest.raises(GeneratorError, match=r"already holds models\.yaml"):
        adopt(tmp_path / "out", str(folder), "--write")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["models.yaml"]


PLAIN = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: %s, namespace: flowers}
spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://a/b}}}
"""


def rendered(root: Path) -> dict[str, JsonObject]:
    repository = Repository.find(root, search_parents=False)
    assert render(repository, RenderOptions(out=repository.output)).exit_code == 0
    found: dict[str, JsonObject] = {}
    for path in (root / "rendered").rglob("inferenceservice-*.yaml"):
        doc = load_strict(path.read_bytes(), path.name).value
        assert isinstance(doc, dict)
        metadata = doc["metadata"]
        assert isinstance(metadata, dict)
        found[str(metadata["name"])] = metadata
    return found


@pytest.mark.parametrize(
    ("words", "recorded", "cluster", "said"),
    [
        ((), ("Knative",), "Knative", (None,)),
        ((), ("Serverless",), "Knative", (None,)),
        ((), ("Standard",), "Standard", ("Standard",)),
        ((), ("",), "Standard", ("Standard",)),
        ((), ("[x]",), "Standard", ("Standard",)),
        ((), ("Knative", "Knative", "Standard"), "Knative", (None, None, "Standard")),
        (("--mode", "Standard"), ("Knative",), "Standard", ("Knative",)),
    ],
)
def test_models_keep_the_mode_that_their_status_records(
    tmp_path: Path, words: tuple[str, ...], recorded: tuple[str, ...], cluster: str, said: tuple[str | None, ...]
) -> None:
    texts = {f"m{n}": f"{PLAIN % f'm{n}'}status: {{deploymentMode: {mode}}}\n" for n, mode in enumerate(recorded)}
    told = adopt(tmp_path / "out", str(manifests(tmp_path / "in", **texts)), "--write", *words)
    assert told.return_value == 0, told.output
    assert f"deploymentMode: {cluster}" in (tmp_path / "out/environments/defaults.yaml").read_text("utf-8")
    found = rendered(tmp_path / "out")
    key = "serving.kserve.io/deploymentMode"
    modes = tuple(mapping(found[name].get("annotations")).get(key) for name in texts)
    assert modes == said


@pytest.mark.parametrize(
    "metadata",
    [
        "finalizers: [inferenceservice.finalizers]",
        "finalizers: [localmodel.kserve.io/finalizer, foregroundDeletion]",
        'annotations: {serving.kserve.io/deploymentMode: ""}',
    ],
)
def test_what_controllers_wrote_and_odd_modes_stay_no_plain_manifests(tmp_path: Path, metadata: str) -> None:
    text = (PLAIN % "iris").replace("namespace:", f"{metadata}, namespace:")
    adoption = report(tmp_path / "out", str(manifests(tmp_path / "in", iris=text)), "--write")
    assert (adoption["keptAsManifests"], adoption["errors"], adoption["equal"]) == ([], [], 1)
    result = validate(Repository.find(tmp_path / "out", search_parents=False))
    assert [d for d in result.diagnostics if d.severity is Severity.ERROR] == []


def test_a_claim_loses_what_its_controllers_wrote(tmp_path: Path) -> None:
    claim = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: models\n"
        "  finalizers: [kubernetes.io/pvc-protection, example.com/ours]\n"
        "  annotations: {pv.kubernetes.io/bind-completed: 'yes'}\n"
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    )
    folder = manifests(tmp_path / "in", claim=claim, iris=(PLAIN % "iris").replace(", namespace: flowers", ""))
    assert adopt(tmp_path / "out", str(folder), "--write").return_value == 0
    path = tmp_path / "out/manifests/all/default/persistentvolumeclaim-models.yaml"
    doc = load_strict(path.read_bytes(), path.name).value
    assert isinstance(doc, dict)
    assert doc["metadata"] == {"name": "models", "namespace": "default", "finalizers": ["example.com/ours"]}
    assert (tmp_path / "out/models/default.yaml").exists()


def test_an_object_that_contradicts_itself_waits_for_a_decision(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", a=IRIS % (1, "s3://a/b"), b=IRIS % (2, "s3://a/c"))
    told = adopt(tmp_path / "out", str(folder), "--write")
    assert told.return_value == 1
    assert (
        f"b.yaml:2:1: InferenceService flowers/iris stands at {folder / 'a.yaml'}:2:1, too, and differs" in told.output
    )
    problems = report(tmp_path / "out", str(folder))["problems"]
    assert isinstance(problems, list)
    assert [problem["rule"] for problem in problems] == ["kubernetes/duplicate-object"]
    told = adopt(tmp_path / "out", str(folder), "--write", "--leave-out")
    assert told.return_value == 0, told.output
    assert "stands before, too, and differs: the first is taken: InferenceService flowers/iris (" in told.output
    assert "s3://a/b" in (tmp_path / "out/models/flowers.yaml").read_text("utf-8")


@pytest.mark.parametrize("place", ["manifests/dev", "models", "environments/x"])
def test_what_comes_in_lies_apart_from_the_new_catalog(tmp_path: Path, place: str) -> None:
    folder = manifests(tmp_path / "out" / place, a=IRIS % (1, "s3://a/b"))
    with pytest.raises(GeneratorError, match="lies where the catalog reads its own files"):
        adopt(tmp_path / "out", str(folder))


@pytest.mark.parametrize("name", ["e" * 64, "A", "a_b", "a-", "defaults", "all", ""])
def test_a_name_that_no_environment_can_have_is_refused(tmp_path: Path, name: str) -> None:
    folder = manifests(tmp_path / "in", a=IRIS % (1, "s3://a/b"))
    with pytest.raises(GeneratorError, match="this can be no environment's name"):
        adopt(tmp_path / "out", f"{name}={folder}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dev=",), "dev=: PATH is empty"),
        (("",), "PATH is empty"),
        (("--from-cluster", "--context", "dev="), "dev=: CON"),
    ],
)
def test_a_variable_that_is_not_set_is_no_folder_and_no_cluster(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(GeneratorError, match=f"^{said}"):
        adopt(tmp_path / "out", *words)


def test_a_namespace_may_be_called_cluster(tmp_path: Path) -> None:
    model = (PLAIN % "iris").replace("flowers", "cluster")
    runtime = RUNTIME.replace("kserve-sklearnserver", "own").replace("[]", "[{name: kserve-container, image: a/b:1}]")
    adoption = report(tmp_path / "out", str(manifests(tmp_path / "in", model=model, runtime=runtime)), "--write")
    assert (adoption["keptAsManifests"], adoption["equal"]) == ([], 2)
    assert (tmp_path / "out/models/cluster_wide.yaml").exists()


def test_lines_are_those_of_what_became_words(tmp_path: Path) -> None:
    extra = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: flowers}\ndata: {a: b}\n"
    alone = report(tmp_path / "out", str(manifests(tmp_path / "one", a=PLAIN % "iris")))
    beside = report(tmp_path / "out", str(manifests(tmp_path / "two", a=PLAIN % "iris", b=extra)))
    assert alone["lines"] == beside["lines"]


def test_errors_of_the_catalog_are_those_that_validate_says(tmp_path: Path) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, namespace: flowers}\ndata: [1]\n"
    texts = {"iris": IRIS % (1, "s3://a/b"), **{f"c{n}": settings % n for n in range(12)}}
    folder = str(manifests(tmp_path / "in", **texts))
    told = adopt(tmp_path / "out", folder, "--write")
    result = validate(Repository.find(tmp_path / "out", search_parents=False))
    errors = [d for d in result.diagnostics if d.severity is Severity.ERROR]
    assert f"of the catalog kservegen validate will say {len(errors)} errors:" in told.output
    assert f"  {errors[0].location}: {errors[0].subjects[0]}: {errors[0].message}" in told.output
    assert "  and 2 more" in told.output


UNTIDY = (PLAIN % "iris").replace(
    "{predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://a/b}}}",
    "{predictor: {containers: [{name: kserve-container, image: 'r.example.com/iris:latest'}]}}",
)
TODAY = ("--today", "2026-11-29")


def errors_of(root: Path) -> list[str]:
    clock = Clock(date(2026, 11, 30))
    result = validate(Repository.find(root, search_parents=False), clock=clock)
    return [d.rule for d in result.diagnostics if d.severity is Severity.ERROR]


def test_what_policies_refuse_and_runs_is_waived_for_a_time(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=UNTIDY, rose=PLAIN % "rose")
    words = ("--bind", "no-latest-image", "--bind", "no-privileged", "--owner", "botany", "--ttl", "60d", *TODAY)
    told = adopt(tmp_path / "out", str(folder), "--write", *words)
    assert told.return_value == 0, told.output
    assert "prod: 1 waiver until 2027-01-28, for what is refused and runs: no-latest-image-iris\n" in told.output
    environment = mapping(load_strict((tmp_path / "out/environments/prod.yaml").read_bytes(), "prod").value)
    assert environment["waivers"] == {
        "no-latest-image-iris": {
            "rule": "policy/no-latest-image",
            "model": "iris",
            "reason": "adopted",
            "owner": "botany",
            "expires": "2027-01-28",
        }
    }
    assert errors_of(tmp_path / "out") == []


def test_what_nobody_answers_for_is_only_told(tmp_path: Path) -> None:
    dev = manifests(tmp_path / "in/dev", iris=PLAIN % "iris")
    prod = manifests(tmp_path / "in/prod", iris=UNTIDY)
    words = (f"dev={dev}", f"prod={prod}", "--bind", "no-latest-image", "--bind", "no-latest-image", *TODAY)
    adoption = report(tmp_path / "out", *words, "--write")
    assert (adoption["audited"], adoption["waivers"], adoption["errors"]) == ({"prod": ["no-latest-image"]}, {}, [])
    actions = [
        mapping(load_strict((tmp_path / f"out/environments/{name}.yaml").read_bytes(), name).value).get("policies")
        for name in ("defaults", "dev", "prod")
    ]
    said = [{"bindings": {"no-latest-image": {"actions": [action]}}} for action in ("Deny", "Audit")]
    assert actions == [said[0], None, said[1]]
    assert errors_of(tmp_path / "out") == []


def test_what_somebody_could_answer_for_is_said(tmp_path: Path) -> None:
    large = (PLAIN % "rose").replace("{name: sklearn}, storageUri: s3://a/b", "{name: huggingface}, storageUri: %s")
    folder = manifests(tmp_path / "in", rose=large % "'hf://Qwen/Qwen2.5-7B-Instruct'")
    told = adopt(tmp_path / "out", str(folder), *TODAY)
    assert "(gpu/host-memory)\n--owner NAME waives 1 of them for a time: NAME answers for it\n" in told.output
    told = adopt(tmp_path / "out", str(folder), "--owner", "botany", "--write", *TODAY)
    assert "prod: 1 waiver until 2026-12-29" in told.output
    assert errors_of(tmp_path / "out") == []


def test_an_unknown_policy_is_named(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris")
    with pytest.raises(GeneratorError, match="no such policy") as raised:
        adopt(tmp_path / "out", str(folder), "--bind", "no-latst-image")
    assert raised.value.hint == "Did you mean no-latest-image?"


VALUES = """\
USER-SUPPLIED VALUES:
kserve:
  version: v0.20.0
  controller:
    deploymentMode: Serverless
    tag: v0.20.0
    gateway: {domain: models.example.com, disableIngressCreation: false}
    nonsense: 1
  storage: {caBundleConfigMapName: "", %s}
"""


def kserve_of(root: Path) -> JsonObject:
    return mapping(mapping(load_strict((root / "environments/defaults.yaml").read_bytes(), "").value)["kserve"])


def test_what_charts_were_installed_with_comes_in_beside_their_defaults(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris")
    manifests(tmp_path, resources=VALUES % "enableModelcar: false", runtimes="kserve: {servingruntime: {}}\n", local="")
    words = [f"kserve-{name}={tmp_path / file}.yaml" for name, file in (("resources", "resources"),)]
    words += [f"prod=kserve-runtime-configs={tmp_path / 'runtimes.yaml'}"]
    words += [f"kserve-localmodel-resources={tmp_path / 'local.yaml'}"]
    told = adopt(tmp_path / "out", str(folder), "--write", *(part for word in words for part in ("--values", word)))
    assert told.return_value == 1, told.output
    assert "prod: kserve-resources reads what it was installed with: 2 values beside its defaults\n" in told.output
    assert "not taken over: kserve.controller.nonsense: no chart reads it\n" in told.output
    assert kserve_of(tmp_path / "out") == {
        "version": "v0.20.0",
        "install": "none",
        "deploymentMode": "Knative",  # as the values say, by its new name
        "charts": {"kserve-localmodel-resources": True},  # nothing in use asks for it, and it is there
        "values": {
            "kserve-resources": {
                "kserve": {
                    "controller": {"gateway": {"domain": "models.example.com"}},
                    "storage": {"enableModelcar": False},
                }
            },
            # The environment would turn them on; whoever installed the chart left them off.
            "kserve-runtime-configs": {"kserve": {"servingruntime": {"enabled": False}}},
        },
    }


@pytest.mark.parametrize(
    ("said", "content", "problem"),
    [
        ("kserve-resorces=%s", "a: 1\n", "no chart of this name that has values"),
        ("%s", "a: 1\n", "write CHART=FILE, or ENV=CHART=FILE"),
        ("dev=kserve-resources=%s", "a: 1\n", "nothing comes in of such an environment"),
        ("kserve-resources=%s.not", "a: 1\n", "cannot be read: No such file"),
        ("kserve-resources=%s", "- a\n", "values of a chart are a map"),
        ("kserve-resources=%s", "a: 1\n---\na: 2\n", "values of a chart are a map"),
        ("kserve-resources=%s", "a: [\n", "values.yaml"),
    ],
)
def test_values_that_are_none_are_named(tmp_path: Path, said: str, content: str, problem: str) -> None:
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris")
    (tmp_path / "values.yaml").write_text(content, "utf-8")
    with pytest.raises(GeneratorError) as raised:
        adopt(tmp_path / "out", str(folder), "--values", said % (tmp_path / "values.yaml"))
    assert problem in str(raised.value)


def test_clusters_of_several_modes_wait_for_a_decision(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris")
    words = [f"dev={folder}", f"prod={folder}"]
    for name, mode in (("dev", "Standard"), ("prod", "Knative")):
        manifests(tmp_path, **{name: f"kserve: {{controller: {{deploymentMode: {mode}}}}}\n"})
        words += ["--values", f"{name}=kserve-resources={tmp_path / name}.yaml"]
    with pytest.raises(GeneratorError, match="dev is Standard") as raised:
        adopt(tmp_path / "out", *words)
    assert "--mode" in str(raised.value.hint)
    assert adopt(tmp_path / "out", *words, "--mode", "Knative").return_value == 0


@pytest.mark.parametrize(
    ("metadata", "framework"),
    [
        ("annotations: {serving.kserve.io/deploymentMode: null}", "model: {modelFormat: {name: sklearn}, "),
        ("annotations: {note: null}, labels: {team: null}", "model: {modelFormat: {name: sklearn}, "),
        # The webhook leaves the old form to ModelMesh.
        ("annotations: {serving.kserve.io/deploymentMode: ModelMesh}", "sklearn: {"),
    ],
)
def test_odd_forms_come_back_as_a_server_stores_them(tmp_path: Path, metadata: str, framework: str) -> None:
    text = (PLAIN % "iris").replace("namespace:", f"{metadata}, namespace:")
    text = text.replace("model: {modelFormat: {name: sklearn}, ", framework)
    adoption = report(tmp_path / "out", str(manifests(tmp_path / "in", iris=text)), "--write")
    assert (adoption["keptAsManifests"], adoption["refused"], adoption["equal"]) == ([], [], 1)


def test_what_is_no_object_is_told(tmp_path: Path) -> None:
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris", values="replicaCount: 1\n")
    told = adopt(tmp_path / "out", str(folder))
    assert f"prod: no objects of Kubernetes, so left out: {folder / 'values.yaml'}:1:1\n" in told.output
    places = report(tmp_path / "out", str(folder))["noObjects"]
    assert places == [{"environment": "prod", "file": str(folder / "values.yaml"), "line": 1, "column": 1}]


def test_standard_input_is_a_path(tmp_path: Path) -> None:
    root = tmp_path / "out"
    root.mkdir()
    line = ["adopt", "dev=-", "--root", str(root), "--write"]
    content = f"# Petals.\n{PLAIN % 'iris'}"
    told = CliRunner().invoke(cli, line, input=content, catch_exceptions=False, standalone_mode=False)
    assert told.return_value == 0, told.output
    assert "  # Petals.\n  iris:\n" in (root / "models/flowers.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"apiVersion: v1\nkind: {{ .Values.kind }}\n", "helm template or kustomize build makes of it"),
        (b"a: " + b"x" * (33 << 20), "Write one file for each namespace"),
        (b"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: [1]\nspec: 5\n", "'' is no name"),
    ],
)
def test_the_way_out_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "in.yaml").write_bytes(content)
    told = adopt(tmp_path / "out", str(tmp_path / "in.yaml"), "--write")
    assert told.return_value == 1
    assert said in told.output
    assert "files of a catalog" not in told.output


def test_a_runtime_that_was_changed_under_the_name_of_a_chart_s_comes_in(tmp_path: Path) -> None:
    mirrored = AS_SHIPPED.replace('"image": "', '"image": "mirror.example.com/')
    assert mirrored != AS_SHIPPED
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris", runtime=mirrored)
    adoption = report(tmp_path / "out", str(folder), "--write")
    assert (adoption["equal"], adoption["leftOut"], adoption["errors"]) == (2, [], [])
    assert "mirror.example.com/" in (tmp_path / "out/models/cluster.yaml").read_text("utf-8")
    assert errors_of(tmp_path / "out") == []


def test_namespaces_of_what_stands_beside_models_are_there_too(tmp_path: Path) -> None:
    elsewhere = ACCOUNT.replace("flowers", "elsewhere")
    folder = manifests(tmp_path / "in", iris=PLAIN % "iris", account=elsewhere)
    adoption = report(tmp_path / "out", str(folder), "--write")
    assert adoption["errors"] == []
    environment = mapping(load_strict((tmp_path / "out/environments/prod.yaml").read_bytes(), "prod").value)
    assert environment["prerequisites"] == ["Namespace/elsewhere", "Namespace/flowers"]
