"""The page of an environment: what it says, and what it does not change with."""

from __future__ import annotations

import re
import subprocess

import pytest
from tests.support.project import DEV, Project

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  qwen: {modelFormat: huggingface, storageUri: hf://Qwen/Qwen2.5-0.5B-Instruct, args: [--model_name=q]}
  own: {image: registry.example.com/own:1}
  chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen2.5-7B-Instruct, router: true}
"""
ARGOCD = DEV.replace(
    "gitops: {engine: none}", "gitops: {engine: argocd, repoURL: https://example.com/models.git, targetRevision: main}"
)


def page(project: Project, path: str = "README.md") -> str:
    project.render(allow_removals=20)
    return (project.root / "rendered/dev" / path).read_text("utf-8")


@pytest.fixture
def loaded(project: Project) -> Project:
    project.models(MODELS)
    return project


def test_every_model_is_listed_in_its_namespace(loaded: Project) -> None:
    loaded.models(MODELS.replace("model: hf", "owner: a@b | c, model: hf"))
    rows = [line for line in page(loaded, "models/ns/README.md").splitlines() if line.startswith("| [")]
    isvc, llm = "InferenceService", "LLMInferenceService | a@\u200bb \\| c"
    openai, v1 = "OpenAI chat completions", "Open Inference Protocol v1"
    assert rows == [
        f"| [iris](inferenceservice-iris.yaml) | InferenceService |  | {v1} | `iris` | `/v1/models/iris:predict` |",
        "| [own](inferenceservice-own.yaml) | InferenceService |  | it runs a server of its own | |  |",
        f"| [qwen](inferenceservice-qwen.yaml) | {isvc} |  | {openai} | `q` | `/openai/v1/chat/completions` |",
        f"| [chat](llminferenceservice-chat.yaml) | {llm} | {openai} | `chat` | `/v1/chat/completions` |",
    ]
    for row in rows:
        assert (loaded.root / "rendered/dev/models/ns" / row.partition("](")[2].partition(")")[0]).is_file()


MANY = """\
version: 1
defaults: {namespace: ns}
models:
  iris: {modelFormat: sklearn, storageUri: s3://models/iris}
  alone: {modelFormat: triton, storageUri: s3://models/a, namespace: team}
  own: {image: registry.example.com/own:1, environments: [dev]}
  chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen2.5-7B-Instruct, router: true}
  talk: {kind: LLMInferenceService, model: hf://a/b, namespace: talk, scaling: {maxReplicas: 2, wva: {hpa: {}}}}
graphs:
  both: {nodes: {root: {routerType: Sequence, steps: [{serviceUrl: 'http://example.com'}]}}}
"""


def rendered(project: Project) -> dict[str, str]:
    """Render, and return the files by path; those that sync others are left out."""
    assert project.render(allow_removals=9).exit_code == 0
    out = project.root / "rendered"
    files = (path for path in out.rglob("*") if path.is_file() and "sync" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_text("utf-8") for path in files}


@pytest.mark.parametrize("engine", [DEV, ARGOCD, ARGOCD.replace("argocd", "flux")], ids=["none", "argocd", "flux"])
def test_who_removes_a_model_touches_what_is_theirs(project: Project, engine: str) -> None:
    dev = engine.replace("{ns: {}}", "{ns: {}, team: {}, talk: {}}").replace("[cert-manager,", "[cert-manager, wva,")
    project.write("environments/dev.yaml", dev)
    project.write("environments/prod.yaml", dev.replace("name: dev", "name: prod"))
    project.write("models.yaml", MANY)
    before = rendered(project)
    assert sum(path.endswith("README.md") for path in before) == 8
    for model, namespace, kind, environments in (
        ("iris", "ns", "inferenceservice", ("dev", "prod")),
        ("alone", "team", "inferenceservice", ("dev", "prod")),
        ("own", "ns", "inferenceservice", ("dev",)),
        ("chat", "ns", "llminferenceservice", ("dev", "prod")),
        ("talk", "talk", "llminferenceservice", ("dev", "prod")),
    ):
        project.write("models.yaml", re.sub(rf"  {model}: .*\n", "", MANY))
        after = rendered(project)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        own = ("README.md", f"{kind}-{model}.yaml")
        assert changed == {f"{e}/models/{namespace}/{name}" for e in environments for name in own}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("s3://models/iris", "s3://models/iris-2"),
        ("Qwen2.5-7B-Instruct", "Qwen3-8B"),
        ("own:1", "own:2"),
        ("{modelFormat: sklearn,", "{modelFormat: sklearn, minReplicas: 3, resources: {limits: {memory: 8Gi}},"),
    ],
)
def test_an_ordinary_edit_of_a_model_leaves_the_page_as_it_is(loaded: Project, old: str, new: str) -> None:
    before = page(loaded)
    loaded.models(MODELS.replace(old, new))
    assert MODELS.replace(old, new) != MODELS
    assert page(loaded) == before


def test_requests_are_those_of_each_protocol(loaded: Project) -> None:
    said = page(loaded)
    for piece in (
        "kubectl -n NAMESPACE port-forward service/MODEL-kserve-workload-svc 8080:8000 &",
        '"$URL"/v1/chat/completions',
        "kubectl -n NAMESPACE port-forward service/MODEL-predictor 8080:80 &",
        '"$URL"/openai/v1/chat/completions',
        '"model": "MODEL", "messages": [{"role": "user"',
        '"$URL"/v1/models/MODEL:predict',
    ):
        assert piece in said


def test_a_headless_service_is_forwarded_by_the_port_of_the_container(loaded: Project) -> None:
    values = "{version: v0.19.0, values: {kserve-resources: {kserve: {service: {serviceClusterIPNone: true}}}}, "
    loaded.write("environments/dev.yaml", DEV.replace("{version: v0.19.0, ", values))
    assert "port-forward service/MODEL-predictor 8080:8080 &" in page(loaded)


def test_knative_services_are_called_by_their_url(loaded: Project) -> None:
    url = "URL=$(kubectl -n NAMESPACE get inferenceservice MODEL -o jsonpath='{.status.url}')"
    assert f"\n# in Knative mode: {url}\n" in page(loaded)
    loaded.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris}\n")
    knative = DEV.replace("prerequisites: [", "prerequisites: [knative-serving, ").replace("Standard", "Knative")
    loaded.write("environments/dev.yaml", knative)
    assert f"\n{url}\n" in page(loaded)
    assert "port-forward" not in page(loaded)


def test_commands_are_such_that_a_shell_reads_them(loaded: Project) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", page(loaded), flags=re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        checked = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert checked.stderr == ""


def test_models_leave_before_the_controller(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", ARGOCD)
    said = page(loaded).partition("## Uninstall")[2]
    wanted = [
        "kubectl -n argocd delete applications.argoproj.io/dev  #",
        'kubectl -n argocd delete applications.argoproj.io/dev-models-"$(basename "$namespace")"; done\n',
        "kubectl delete --ignore-not-found -R -f rendered/dev/models\n",
        "kubectl -n argocd delete applications.argoproj.io/dev-kserve-runtime-configs\n",
        "kubectl -n argocd delete applications.argoproj.io/dev-kserve-resources\n",
    ]
    places = [said.index(command) for command in wanted]
    assert places == sorted(places)
    assert "delete applications.argoproj.io/dev-kserve-crds" not in said
    assert "delete applications.argoproj.io/dev-cluster" not in said


def test_the_names_of_sync_objects_are_those_that_are_rendered(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", ARGOCD)
    said = page(loaded)
    named = set(re.findall(r"applications\.argoproj\.io/([\w-]+)(?!\S)", said)) | {"dev-models-ns"}
    assert 'applications.argoproj.io/dev-models-"$(basename "$namespace")"' in said
    files = {path.stem.removeprefix("application-") for path in (loaded.root / "rendered/dev/sync").rglob("*.yaml")}
    assert named <= files
    applied = re.findall(r"kubectl apply --server-side --field-manager=kservegen -f (\S+)", said)
    assert applied == [
        f"rendered/dev/sync/{name}.yaml" for name in ("appproject-dev-sync", "configmap-argocd-cm", "application-dev")
    ]
    assert all((loaded.root / file).is_file() for file in applied)


@pytest.mark.parametrize("words", ["argocd: {applicationSet: true}", "argocd: {chartSource: oci}"])
def test_an_environment_leaves_alike_in_every_form(loaded: Project, words: str) -> None:
    loaded.write("environments/dev.yaml", ARGOCD)
    plain = page(loaded).partition("## Uninstall")[2]
    loaded.write("environments/dev.yaml", ARGOCD.replace("engine: argocd", f"engine: argocd, {words}"))
    said = page(loaded).partition("## Uninstall")[2]
    by_set = "kubectl -n argocd delete applicationsets.argoproj.io/dev --cascade=orphan"
    assert (by_set in said) == ("applicationSet" in words)
    assert [line for line in said.splitlines() if not line.startswith(by_set)] == plain.splitlines()


def test_without_an_engine_charts_and_folders_go_by_hand_and_in_order(loaded: Project) -> None:
    said = page(loaded)
    first = said.partition("## First install")[2].partition("## Uninstall")[0]
    assert (
        "helm upgrade --install kserve-crd oci://ghcr.io/kserve/charts/kserve-crd --version v0.19.0 -n kserve" in first
    )
    assert first.index("kserve-crd ") < first.index("kserve-resources ") < first.index("-R -f rendered/dev/models")
    for file in re.findall(r"-f (\S+)", first):
        assert (loaded.root / file).exists()
    last = said.partition("## Uninstall")[2]
    assert last.index("-R -f rendered/dev/models") < last.index("helm uninstall kserve-resources")


@pytest.mark.parametrize(
    ("environment", "models", "said"),
    [
        (ARGOCD, MODELS, "`kubectl scale` changes, the next sync undoes."),
        (DEV, MODELS, "`kubectl scale` changes, the next apply undoes."),
        (DEV, MODELS, "| stop it, and keep it | `MODEL: {stop: true}`; without the word it starts again |"),
        (DEV, MODELS, "| scale an InferenceService | `MODEL: {minReplicas: 2, maxReplicas: 4}` |"),
        (
            DEV,
            MODELS,
            "`MODEL: {replicas: 2}`, or where it has `scaling`: `MODEL: {scaling: {minReplicas: 2, maxReplicas: 4}}` |",
        ),
    ],
)
def test_what_is_to_be_written_to_stop_and_to_scale(loaded: Project, environment: str, models: str, said: str) -> None:
    loaded.write("environments/dev.yaml", environment)
    loaded.models(models)
    assert said in page(loaded)


def test_the_words_that_the_page_names_are_words(loaded: Project) -> None:
    # What the page tells to write is written, and finds its way to the object.
    loaded.write(
        "environments/dev.yaml",
        f"{DEV}models: {{iris: {{minReplicas: 2, maxReplicas: 4}}, chat: {{stop: true, replicas: 2}}, own: null}}\n",
    )
    built = loaded.built()
    iris, chat = built["InferenceService/iris"], built["LLMInferenceService/chat"]
    assert "InferenceService/own" not in built
    assert iris["spec"]["predictor"]["maxReplicas"] == 4  # type: ignore[index, call-overload]
    assert chat["spec"]["replicas"] == 2  # type: ignore[index, call-overload]
    assert chat["metadata"]["annotations"]["serving.kserve.io/stop"] == "true"  # type: ignore[index, call-overload]
