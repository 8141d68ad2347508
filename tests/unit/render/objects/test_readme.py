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


LLM, ISVC = "models/ns/llminferenceservice", "models/ns/inferenceservice"


def page(project: Project) -> str:
    project.render(allow_removals=20)
    return (project.root / "rendered/dev/README.md").read_text("utf-8")


@pytest.fixture
def loaded(project: Project) -> Project:
    project.models(MODELS)
    return project


def test_every_model_is_listed_with_the_name_that_its_server_knows(loaded: Project) -> None:
    rows = [line for line in page(loaded).splitlines() if line.startswith("| ns |")]
    assert rows == [
        f"| ns | [chat]({LLM}-chat.yaml) | LLMInferenceService | OpenAI chat completions, as `chat` |",
        f"| ns | [iris]({ISVC}-iris.yaml) | InferenceService | Open Inference Protocol v1, as `iris` |",
        f"| ns | [own]({ISVC}-own.yaml) | InferenceService | it runs a server of its own |",
        f"| ns | [qwen]({ISVC}-qwen.yaml) | InferenceService | OpenAI chat completions, as `q` |",
    ]
    for row in rows:
        assert (loaded.root / "rendered/dev" / row.partition("](")[2].partition(")")[0]).is_file()


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
        "kubectl -n ns port-forward service/chat-kserve-workload-svc 8080:8000 &",
        '"$URL"/v1/chat/completions',
        "kubectl -n ns port-forward service/qwen-predictor 8080:80 &",
        '"$URL"/openai/v1/chat/completions',
        '"model": "q", "messages": [{"role": "user"',
        '"$URL"/v1/models/iris:predict',
    ):
        assert piece in said


def test_a_headless_service_is_forwarded_by_the_port_of_the_container(loaded: Project) -> None:
    values = "{version: v0.19.0, values: {kserve-resources: {kserve: {service: {serviceClusterIPNone: true}}}}, "
    loaded.write("environments/dev.yaml", DEV.replace("{version: v0.19.0, ", values))
    assert "port-forward service/iris-predictor 8080:8080 &" in page(loaded)


def test_knative_services_are_called_by_their_url(loaded: Project) -> None:
    loaded.models("models:\n  iris: {modelFormat: sklearn, storageUri: s3://models/iris, deploymentMode: Knative}\n")
    loaded.write("environments/dev.yaml", DEV.replace("prerequisites: [", "prerequisites: [knative-serving, "))
    said = page(loaded)
    assert "URL=$(kubectl -n ns get inferenceservice iris -o jsonpath='{.status.url}')" in said
    assert "port-forward" not in said


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
        "kubectl -n argocd delete applications.argoproj.io/dev-models-ns\n",
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
    named = set(re.findall(r"applications\.argoproj\.io/(\S+)", said))
    files = {path.stem.removeprefix("application-") for path in (loaded.root / "rendered/dev/sync").rglob("*.yaml")}
    assert named <= files
    applied = re.findall(r"kubectl apply --server-side --field-manager=kservegen -f (\S+)", said)
    assert applied == ["rendered/dev/sync/configmap-argocd-cm.yaml", "rendered/dev/sync/application-dev.yaml"]
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
    assert first.index("kserve-crd ") < first.index("kserve-resources ") < first.index("rendered/dev/models/ns")
    for file in re.findall(r"-f (\S+)", first):
        assert (loaded.root / file).exists()
    last = said.partition("## Uninstall")[2]
    assert last.index("-R -f rendered/dev/models") < last.index("helm uninstall kserve-resources")


@pytest.mark.parametrize(
    ("environment", "models", "said"),
    [
        (ARGOCD, MODELS, "`kubectl scale` changes, the next sync undoes."),
        (DEV, MODELS, "`kubectl scale` changes, the next apply undoes."),
        (DEV, MODELS, "| stop it, and keep it | `chat: {stop: true}`; without the word it starts again |"),
        (DEV, MODELS, "| scale an InferenceService | `iris: {minReplicas: 2, maxReplicas: 4}` |"),
        (DEV, MODELS, "| scale an LLMInferenceService | `chat: {replicas: 2}` |"),
        (
            DEV.replace("[cert-manager,", "[cert-manager, wva,"),
            MODELS.replace("router: true", "router: true, scaling: {maxReplicas: 2, wva: {hpa: {}}}"),
            "| scale an LLMInferenceService | `chat: {scaling: {minReplicas: 2, maxReplicas: 4}}` |",
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
