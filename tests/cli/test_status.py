"""`kservegen status`: how far each model has come, from Git to Ready, and why it has not come further."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.live_cluster import as_list, conditions, fake_kubectl, live, pod
from tests.support.project import CLUSTER, Project

from kservegen.cli import cli
from kservegen.commands.rollout.gather import ClusterSource
from kservegen.commands.rollout.live import read_live
from kservegen.commands.status import report_status
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.evaluate.project import open_project
from kservegen.report.status import status_as_text

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
LONG = "a-model-whose-name-is-as-long-as-a-label-lets-it"  # as long as a label lets
FAR = "an-environment-of-which-the-name-is-as-long-as-names-may-bex"  # 60 characters
DEFAULTS = CLUSTER.replace("cluster: {name: dev}\n", "").replace(
    "{engine: none}", "{engine: argocd, repoURL: 'https://example.com/x.git'}"
)
MODELS = f"""\
version: 1
defaults: {{namespace: ns, owner: platform}}
models:
  iris: {{modelFormat: sklearn, storageUri: s3://models/iris/2}}
  plain: {{modelFormat: sklearn, storageUri: s3://models/plain}}
  other: {{modelFormat: sklearn, storageUri: s3://models/other}}
  {LONG}: {{modelFormat: sklearn, storageUri: "s3://a-bucket-with-a-long-name/and/a/path/that/is/long/as/well/{LONG}"}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "r")
    new_repository(made.root)
    made.write("models.yaml", MODELS)
    made.write(
        "environments/defaults.yaml",
        f"{DEFAULTS}stages: [[dev], {{environments: [{FAR}], soak: 24h, ready: true}}, [prod]]\n",
    )
    for name in ("dev", FAR, "prod"):
        own = "models: {iris: {storageUri: s3://models/iris/1}}\n" if name == "prod" else ""
        made.write(
            f"environments/{name}.yaml", f"version: 1\ncluster: {{name: {name}, server: 'https://{name}'}}\n{own}"
        )
    assert made.render().exit_code == 0
    commit_files(made.root, {})
    return made


def status(project: Project, *words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(cli, ["status", "--root", str(project.root), *words], standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    if done.exception is not None:
        return 2, str(done.exception)
    if "json" not in words:
        return done.return_value, done.output
    told = json.loads(done.output)
    jsonschema.Draft7Validator(SCHEMA).validate(told)
    assert told["exitCode"] == done.return_value
    return done.return_value, {row["id"]: row for row in told["status"]["models"]}


def written(project: Project, environment: str, objects: list[Any]) -> str:
    file = project.root.parent / f"{environment}.json"
    file.write_text(as_list(objects), "utf-8")
    return f"{environment}={file}"


def test_offline_it_tells_what_files_and_git_do(project: Project) -> None:
    code, rows = status(project, "iris", "--output", "json")
    head = git(project.root, "rev-parse", "HEAD")
    assert (code, list(rows)) == (0, ["dev/models/iris", f"{FAR}/models/iris", "prod/models/iris"])
    dev, prod = rows["dev/models/iris"], rows["prod/models/iris"]
    assert (dev["state"], dev["stage"], prod["stage"], dev["live"]) == ("rendered", 1, 3, None)
    assert (dev["version"], prod["version"]["storageUri"]) == (
        {"storageUri": "s3://models/iris/2"},
        "s3://models/iris/1",
    )
    assert (dev["rendered"]["commit"], dev["written"]["commit"], dev["rendered"]["branch"]) == (head, head, "main")
    assert dev["rendered"]["time"] == "2026-01-02T03:04:05Z"


def test_the_first_link_that_does_not_hold_is_the_state(project: Project) -> None:
    project.write("environments/dev.yaml", "version: 1\ncluster: {name: dev}\nmodels: {iris: {minReplicas: 2}}\n")
    _, rows = status(project, "iris", "--output", "json")
    assert (rows["dev/models/iris"]["state"], rows["prod/models/iris"]["state"]) == ("not-rendered", "rendered")
    assert status(project, "iris", "--exit-code")[0] == 1
    project.render()
    assert status(project, "--output", "json")[1]["dev/models/iris"]["state"] == "not-merged"
    commit_files(project.root, {})
    assert status(project, "iris", "--exit-code")[0] == 0


def test_what_is_merged_is_what_the_remote_has(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(project.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(project.root, "push", "--quiet", "origin", "main")
    project.write("environments/dev.yaml", "version: 1\ncluster: {name: dev}\nmodels: {iris: {minReplicas: 2}}\n")
    project.render()
    commit_files(project.root, {})
    row = status(project, "iris", "--output", "json")[1]["dev/models/iris"]
    assert (row["state"], row["rendered"]["branch"], row["rendered"]["current"]) == ("not-merged", "origin/main", True)
    git(project.root, "push", "--quiet", "origin", "main")
    assert status(project, "iris", "--output", "json")[1]["dev/models/iris"]["state"] == "rendered"


def test_output_on_a_branch_of_its_own_is_found_there(project: Project) -> None:
    head = git(project.root, "rev-parse", "HEAD")
    git(project.root, "branch", "environments/dev")
    git(project.root, "rm", "-r", "--quiet", "rendered/dev")
    text = (project.root / "environments/dev.yaml").read_text("utf-8")
    project.write("environments/dev.yaml", f"{text}gitops: {{targetRevision: environments/dev}}\n")
    commit_files(project.root, {})
    row = status(project, "iris", "--output", "json")[1]["dev/models/iris"]
    assert (row["state"], row["rendered"]["branch"], row["rendered"]["commit"]) == (
        "rendered",
        "environments/dev",
        head,
    )


def everything(project: Project) -> dict[str, list[Any]]:
    """Return what three clusters hold: all is well in dev, one is not Ready, one is old, one is gone elsewhere."""
    ready = conditions("True")
    every = dict.fromkeys(("iris", "plain", "other", LONG), ready)
    waiting = conditions(
        "False", reason="MinimumReplicasUnavailable", message="Deployment does not have minimum availability."
    )
    far = live(project.root, FAR, {**every, "iris": waiting, LONG: waiting})
    lacking: dict[str, Any] = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    lacking["message"] = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    far.append(pod("iris-predictor-1", "iris", {"phase": "Pending", "conditions": [lacking]}))
    crashed: Any = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    crashing: Any = {"name": "kserve-container", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    far.append(pod(f"{LONG}-predictor-1", LONG, {"containerStatuses": [{**crashing, "lastState": crashed}]}))
    prod = live(project.root, "prod", every)
    prod = [doc for doc in prod if doc["metadata"]["name"] != "other"]  # type: ignore[index,call-overload]
    old = next(doc for doc in prod if doc["metadata"]["name"] == "iris")  # type: ignore[index,call-overload]
    old["spec"]["predictor"]["model"]["storageUri"] = "s3://models/iris/0"  # type: ignore[index,call-overload]
    application: Any = {"name": "prod-models-ns", "namespace": "argocd"}
    synced: Any = {"sync": {"status": "OutOfSync", "revision": "a" * 40}, "health": {"status": "Healthy"}}
    failed: Any = {"operationState": {"phase": "Failed", "message": "one or more objects failed to apply"}}
    prod.append(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": application,
            "status": {**synced, **failed},
        }
    )
    return {"dev": live(project.root, "dev", every), FAR: far, "prod": prod}


@pytest.mark.parametrize("width", [80, 140])
def test_text(project: Project, width: int, snapshot: SnapshotAssertion) -> None:
    clusters = {
        name: ClusterSource(name="a file", live=read_live([("f", as_list(objects).encode())], "a file"))
        for name, objects in everything(project).items()
    }
    opened = open_project(project.repository)
    report = report_status(opened, (), (), clusters)
    text = status_as_text(report, width=width, everything=False)
    short = git(project.root, "rev-parse", "HEAD")[:9]
    assert text.replace(short, "0123abcde") == snapshot
    words = {word.rstrip(":,") for line in text.splitlines() for word in line.split()}
    assert {LONG, FAR} <= words  # never cut
    longest = max(len(line) for line in text.splitlines() if LONG not in line)
    assert longest <= width


def test_states_of_a_cluster(project: Project) -> None:
    words = [
        word for name, objects in everything(project).items() for word in ("--from", written(project, name, objects))
    ]
    code, rows = status(project, *words, "--output", "json")
    states = {id_: row["state"] for id_, row in rows.items() if row["state"] != "ready"}
    assert (code, states) == (
        0,
        {
            f"{FAR}/models/iris": "not-ready",
            f"{FAR}/models/{LONG}": "not-ready",
            "prod/models/iris": "not-synced",
            "prod/models/other": "absent",
        },
    )
    waiting, old = rows[f"{FAR}/models/iris"]["live"], rows["prod/models/iris"]["live"]
    assert waiting["reasons"] == [
        {
            "type": "PredictorReady",
            "reason": "MinimumReplicasUnavailable",
            "message": "Deployment does not have minimum availability.",
        }
    ]
    assert [pod["reason"] for pod in waiting["pods"]] == ["Unschedulable"]
    assert (waiting["ready"], waiting["since"]) == (False, "2026-01-02T12:00:00Z")
    assert (old["differing"], old["ready"]) == (["spec.predictor.model.storageUri"], True)
    assert (old["engine"]["sync"], old["engine"]["messages"]) == (
        "OutOfSync",
        ["one or more objects failed to apply"],
    )


def test_an_engine_that_is_behind_is_the_cause(project: Project) -> None:
    first = git(project.root, "rev-parse", "HEAD")
    before = live(project.root, "dev", {"iris": conditions("True")})
    text = (project.root / "environments/dev.yaml").read_text("utf-8")
    project.write("environments/dev.yaml", f"{text}models: {{iris: {{minReplicas: 2, maxReplicas: 2}}}}\n")
    project.render()
    second = commit_files(project.root, {})
    for revision, behind in ((first, True), (second, False), ("b" * 40, None), ("", None), ("-x", None)):
        application: Any = {"kind": "Application", "apiVersion": "argoproj.io/v1alpha1"}
        application |= {"metadata": {"name": "dev-models-ns", "namespace": "argocd"}}
        application |= {"status": {"sync": {"status": "Synced", "revision": revision}}}
        words = ("iris", "--env", "dev", "--from", written(project, "dev", [*before, application]))
        row = status(project, *words, "--output", "json")[1]["dev/models/iris"]
        assert (row["state"], row["live"]["engine"]["behind"]) == ("not-synced", behind)
        told = f"has synced {first[:9]}, which is older than what is on the branch" in status(project, *words)[1]
        assert told is bool(behind)


# what the cluster has of iris in dev -> the state
ODD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a controller that has not looked": ({"generation": 4}, conditions("True"), "not-observed"),
    "a controller that counts ahead": ({"generation": 1}, conditions("True"), "ready"),
    "no status": ({}, {}, "not-ready"),
    "not known yet": ({}, conditions("Unknown"), "not-ready"),
    "a status of no shape": ({}, {"conditions": "no", "observedGeneration": "x", "modelStatus": 3}, "not-ready"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_objects(project: Project, name: str) -> None:
    metadata, said, state = ODD[name]
    (doc,) = live(project.root, "dev", {"iris": said})
    doc["metadata"].update(metadata)  # type: ignore[union-attr]
    _, rows = status(project, "iris", "--from", written(project, "dev", [doc]), "--output", "json")
    assert rows["dev/models/iris"]["state"] == state
    assert rows["prod/models/iris"]["live"] is None


def test_what_an_error_leaves_readable_is_told(project: Project) -> None:
    project.write("models/broken.yaml", "version: 1\nmodels:\n  more: {modelFormat: [\n")
    said = "the catalog has errors, and what they are in may be missing: models/broken.yaml:"
    code, text = status(project, "--env", "dev")
    assert (code, f"not told: {said}" in text, "rendered and merged in dev: 4 models" in text) == (2, True, True)
    code, text = status(project, "iris", "--env", "dev")
    assert (code, f"note: {said}" in text) == (0, True)
    code, text = status(project, "more", "--env", "dev")
    assert (code, text) == (2, "more is not in what can be read of the catalog | Run kservegen validate.")


def _deployment(model: str, *conditions_: JsonObject) -> JsonObject:
    labels: JsonObject = {"serving.kserve.io/inferenceservice": model}
    metadata: JsonObject = {"name": f"{model}-predictor", "namespace": "ns", "labels": labels}
    status: JsonObject = {"conditions": [*conditions_]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "status": status}


QUOTA = 'pods "iris-predictor-1" is forbidden: exceeded quota: ns-cpu'
REFUSED: JsonObject = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}
WAITS = conditions("False", reason="MinimumReplicasUnavailable", message="no")
NO_PODS = [
    # what else is there, the last reason
    ([_deployment("iris", {"type": "Available", "status": "False"}, REFUSED)], ("Deployment iris-predictor", QUOTA)),
    ([_deployment("iris", {**REFUSED, "status": "False"})], ("PredictorReady", "no")),
    ([_deployment("plain", REFUSED)], ("PredictorReady", "no")),
    ([pod("plain-1", "plain", {})], ("pods", "none of it is among those that were read")),
    ([pod("iris-1", "iris", {})], ("PredictorReady", "no")),
    ([pod("plain-1", "plain", {}), _deployment("iris", REFUSED)], ("Deployment iris-predictor", QUOTA)),
    ([], ("PredictorReady", "no")),
]


@pytest.mark.parametrize(("beside", "said"), NO_PODS)
def test_why_a_model_has_no_pods(project: Project, beside: list[Any], said: tuple[str, str]) -> None:
    objects = [*live(project.root, "dev", {"iris": WAITS}), *beside]
    words = ("iris", "--env", "dev", "--from", written(project, "dev", objects))
    last = status(project, *words, "--output", "json")[1]["dev/models/iris"]["live"]["reasons"][-1]
    assert (last["type"], last["message"]) == said
    objects = [*live(project.root, "dev", {"iris": conditions("True")}), *beside]
    words = ("iris", "--env", "dev", "--from", written(project, "dev", objects))
    assert status(project, *words, "--output", "json")[1]["dev/models/iris"]["live"]["reasons"] == []


def test_a_controller_that_wrote_no_status_is_told(project: Project) -> None:
    words = ("iris", "--env", "dev", "--from", written(project, "dev", live(project.root, "dev", {"iris": {}})))
    assert "    status: its controller has written none\n" in status(project, *words)[1]


def test_a_condition_without_a_word_of_its_own_is_told_by_its_name(project: Project) -> None:
    silent = live(project.root, "dev", {"iris": conditions("False")})
    said = status(project, "iris", "--env", "dev", "--from", written(project, "dev", silent))[1]
    assert "    IngressReady is not True\n" in said


def test_a_stopped_model_is_no_alarm(project: Project) -> None:
    project.write("environments/dev.yaml", "version: 1\ncluster: {name: dev}\nmodels: {iris: {stop: true}}\n")
    project.render()
    commit_files(project.root, {})
    (doc,) = live(project.root, "dev", {"iris": conditions("False", reason="Stopped")})
    words = ("iris", "--env", "dev", "--from", written(project, "dev", [doc]).removeprefix("dev="))
    assert status(project, *words, "--output", "json")[1]["dev/models/iris"]["state"] == "stopped"
    assert status(project, *words, "--exit-code")[0] == 0


def test_an_object_by_itself_tells_nothing_of_others(project: Project) -> None:
    (doc,) = live(project.root, "dev", {"iris": conditions("True")})
    file = project.root.parent / "one.json"
    file.write_text(json.dumps(doc), "utf-8")
    _, rows = status(project, "--from", f"dev={file}", "--output", "json")
    assert (rows["dev/models/iris"]["state"], rows["dev/models/plain"]["state"]) == ("ready", "rendered")
    assert rows["dev/models/plain"]["live"]["there"] is None


def test_clusters_are_asked_for_no_more_than_that(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = fake_kubectl(tmp_path, monkeypatch)
    objects = everything(project)[FAR]
    models = [doc for doc in objects if doc["kind"] == "InferenceService"]
    (answers / "far.inferenceservices.ns.json").write_text(as_list(models), "utf-8")
    (answers / "far.pods.ns.json").write_text(as_list([doc for doc in objects if doc["kind"] == "Pod"]), "utf-8")
    (answers / "far.applications.argocd.err").write_text(
        'Error from server (Forbidden): applications.argoproj.io is forbidden: User "u" cannot list', "utf-8"
    )
    code, rows = status(project, "--env", FAR, "--from-cluster", "--context", "far", "--output", "json")
    assert code == 0
    assert rows[f"{FAR}/models/iris"]["state"] == "not-ready"
    assert [p["message"] for p in rows[f"{FAR}/models/{LONG}"]["live"]["pods"]] == [
        "kserve-container: ended with exit code 137, OOMKilled"
    ]
    asked = (answers / "log").read_text("utf-8").splitlines()
    assert all(line.startswith("--context far --request-timeout=30s --namespace ") for line in asked)
    assert [line.split(" --namespace ")[1] for line in asked] == [
        "ns get inferenceservices.serving.kserve.io --output json",
        "argocd get applications.argoproj.io --output json",
        "ns get pods --output json --selector=serving.kserve.io/inferenceservice",
        "ns get deployments.apps --output json --selector=serving.kserve.io/inferenceservice",
    ]
    assert "secret" not in "".join(asked)
    text = status(project, "--env", FAR, "--from-cluster", "--context", "far")[1]
    assert "what syncs it is not known: applications.argoproj.io in argocd: may not be read" in text


def test_a_cluster_that_does_not_answer_is_said_and_the_rest_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = fake_kubectl(tmp_path, monkeypatch)
    ready = live(project.root, "dev", {"iris": conditions("True")})
    (answers / "one.inferenceservices.ns.json").write_text(as_list(ready), "utf-8")
    refused = "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
    (answers / "two.inferenceservices.ns.err").write_text(refused, "utf-8")
    words = ("iris", "--from-cluster", "--context", "dev=one", "--context", "prod=two")
    code, rows = status(project, *words, "--output", "json")
    assert code == 2
    assert [row["state"] for row in rows.values()] == ["ready", "rendered", "rendered"]
    assert (
        f"not told: prod: inferenceservices.serving.kserve.io in ns: kubectl cannot read it: {refused}"
        in (status(project, *words)[1])
    )


def test_a_cluster_without_the_kind_has_none_of_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = fake_kubectl(tmp_path, monkeypatch)
    said = 'error: the server doesn\'t have a resource type "inferenceservices"'
    (answers / "current.inferenceservices.ns.err").write_text(said, "utf-8")
    _, rows = status(project, "iris", "--env", "dev", "--from-cluster", "--output", "json")
    assert rows["dev/models/iris"]["state"] == "absent"


WRONG = [
    (
        ("--from", "x.json"),
        "--from x.json is of which of dev",
    ),
    (("--from-cluster",), "has its own cluster: say --context ENV=NAME for those to ask"),
    (("--context", "a"), "--context is about clusters: say --from-cluster, too"),
    (("--from", "dev=a", "--from-cluster"), "--from reads files, --from-cluster and --context ask clusters"),
    (("--from-cluster", "--context", "devv=a"), "devv is none of the environments looked at. Did you mean dev?"),
    (("--from-cluster", "--context", "dev=a", "--context", "dev=b"), "dev has one cluster, and several contexts"),
    (("--from", "dev="), "--from dev=: nothing is named after the ="),
    (("--env", "dev", "--from", ""), "--from names nothing"),
    (("--from-cluster", "--context", "dev="), "--context dev=: nothing is named after the ="),
    (("--env", "dev", "--from", "nowhere"), "nowhere: there is no such file or folder"),
    (("--env", "staging"), "there is no environment staging"),
    (("irs",), "the catalog has no entry irs | Did you mean iris?"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_cannot_be_meant(project: Project, words: tuple[str, ...], said: str) -> None:
    code, text = status(project, *words)
    assert code == 2
    assert said in text


def test_files_of_something_else(project: Project) -> None:
    file = project.root.parent / "secrets.json"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"token": "aHVudGVyMg=="}}
    file.write_text(json.dumps(secret), "utf-8")
    code, text = status(project, "--env", "dev", "--from", str(file))
    assert (code, "no object among them is a model" in text, "aHVudGVyMg" in text) == (2, True, False)


def test_a_repository_without_git_or_stages(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.render()
    code, text = status(project)
    assert code == 0
    assert "what Git has is not known: not in a git work tree" in text
    assert "rendered in dev: 1 model: iris" in text
    assert "stages" not in text
