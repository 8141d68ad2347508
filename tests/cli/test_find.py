"""`kservegen find`: from names that a cluster shows to lines, owners, files and commits."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
MODELS = """\
version: 1
defaults: {namespace: ns, owner: everybody}
models:
  # The first one.
  iris:
    modelFormat: sklearn
    storageUri: s3://models/iris

  chat:
    kind: LLMInferenceService
    owner: language
    model: hf://Qwen/Qwen2.5-7B-Instruct
    router: true
    prefill: {replicas: 1}
  # The last one.
  team-b/iris: {modelFormat: sklearn, storageUri: s3://models/b}
graphs:
  iris-predictor-b: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""
ARGOCD = DEV.replace("{ns: {}}", "{ns: {}, team-b: {}}").replace(
    "gitops: {engine: none}", "gitops: {engine: argocd, repoURL: https://example.com/models.git, targetRevision: main}"
)
PROD = ARGOCD.replace("{name: dev}", "{name: prod}") + "models: {iris: {minReplicas: 2}, chat: null}\n"


@pytest.fixture
def loaded(project: Project) -> Project:
    project.write("models.yaml", MODELS)
    project.write("environments/dev.yaml", ARGOCD)
    project.write("environments/prod.yaml", PROD)
    return project


def find(project: Project | Path, *words: str) -> str:
    """Run the command and return what it says; what it cannot find is said too."""
    root = project if isinstance(project, Path) else project.root
    done = CliRunner().invoke(cli, ["find", "--root", str(root), *words], standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return f"{done.exception} | {done.exception.hint}"
    assert done.exception is None, done.exception
    return done.output


def answers(project: Project | Path, *words: str) -> list[dict[str, object]]:
    report = json.loads(find(project, "--output", "json", *words))
    jsonschema.validate(report, SCHEMA)
    found: list[dict[str, object]] = report["found"]
    return found


def lines(project: Project, *words: str) -> list[str]:
    return find(project, *words).splitlines()


def git(root: Path, *words: str) -> None:
    who = {
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    day = {"GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z"}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(root), "-c", "protocol.file.allow=always", *words]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **who, **day, **alone})


def commit(project: Project, message: str) -> None:
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", message)


@pytest.fixture
def versioned(loaded: Project) -> Project:
    git(loaded.root, "init", "-q", "-b", "main")
    commit(loaded, "Begin")
    loaded.write("models.yaml", MODELS.replace("s3://models/iris", "s3://models/iris-2"))
    commit(loaded, "A better iris")
    loaded.write("environments/prod.yaml", PROD.replace("minReplicas: 2", "minReplicas: 3"))
    commit(loaded, "More of it")
    return loaded


NAMES = [
    # name, kinds, object, role, line
    ("ns/iris-predictor-7c9d8b5f6d-x2x9k", ["Pod"], "ns/iris", "predictor", 5),
    ("ns/rs/iris-predictor-7c9d8b5f6d", ["ReplicaSet"], "ns/iris", "predictor", 5),
    ("svc/team-b/iris-predictor", ["Service"], "team-b/iris", "predictor", 16),
    ("team-b/iris", ["InferenceService"], "team-b/iris", None, 16),
    ("chat", ["LLMInferenceService"], "ns/chat", None, 9),
    ("pod/chat-kserve-7c9d8b5f6d-x2x9k", ["Pod"], "ns/chat", "main", 9),
    ("chat-kserve-prefill-7c9d8b5f6d-x2x9k", ["Pod"], "ns/chat", "prefill", 9),
    ("chat-kserve-router-scheduler", ["Deployment"], "ns/chat", "scheduler", 9),
    ("chat-kserve-workload-svc", ["Service"], "ns/chat", "main", 9),
    ("dev-models-ns", ["Application"], "argocd/dev-models-ns", None, 5),
    ("kserve-controller-manager-7c9d8b5f6d-x2x9k", ["Pod"], "kserve/kserve-resources", "controller", 3),
    ("llmisvc-controller-manager", ["Deployment"], "kserve/kserve-llmisvc-resources", "controller", 3),
    ("namespace/team-b", ["Namespace"], "/team-b", None, 5),
]


@pytest.mark.parametrize(("name", "kinds", "subject", "role", "line"), NAMES)
def test_a_name_leads_to_its_line(
    loaded: Project, name: str, kinds: list[str], subject: str, role: str | None, line: int
) -> None:
    (found,) = answers(loaded, "--env", "dev", name)
    thing = found["object"]
    assert isinstance(thing, dict)
    assert (found["kinds"], f"{thing['namespace']}/{thing['name']}", found["role"]) == (kinds, subject, role)
    assert found["line"] == line or found["file"] == "environments/dev.yaml"


def test_an_application_of_an_application_set_is_found(loaded: Project) -> None:
    words = "engine: argocd, argocd: {applicationSet: true}"
    loaded.write("environments/dev.yaml", ARGOCD.replace("engine: argocd", words))
    (found,) = answers(loaded, "--env", "dev", "dev-models-ns")
    assert (found["kinds"], found["file"]) == (["Application"], "environments/dev.yaml")
    assert "sync/applications/applicationset-dev.yaml" in find(loaded, "--env", "dev", "dev-models-ns")


def test_all_that_a_name_can_be_is_told_the_likeliest_first(loaded: Project) -> None:
    # A graph called like the ReplicaSet of a predictor: both can be.
    found = answers(loaded, "iris-predictor-b")
    assert [(item["kinds"], item["workload"]) for item in found] == [
        (["InferenceGraph"], None),
        (["ReplicaSet"], "iris-predictor"),
        (["ReplicaSet"], "iris-predictor"),
    ]
    assert [item["owner"] for item in found] == ["everybody"] * 3
    namespaces = [item["object"]["namespace"] for item in found if isinstance(item["object"], dict)]
    assert namespaces == ["ns", "ns", "team-b"]


def test_environments_are_told_with_files_and_what_syncs_them(loaded: Project) -> None:
    loaded.render()
    (loaded.root / "rendered/prod/models/ns/inferenceservice-iris.yaml").unlink()
    (found,) = answers(loaded, "isvc/ns/iris")
    file = "rendered/{}/models/ns/inferenceservice-iris.yaml"
    assert found["places"] == [
        {
            "environment": name,
            "file": file.format(name),
            "rendered": name == "dev",
            "syncedBy": {"kind": "Application", "namespace": "argocd", "name": f"{name}-models-ns"},
        }
        for name in ("dev", "prod")
    ]


def test_charts_are_told_with_what_installs_them(loaded: Project) -> None:
    (found,) = answers(loaded, "--env", "prod", "deploy/kserve-controller-manager")
    assert found["places"] == [
        {
            "environment": "prod",
            "file": "rendered/prod/platform/values/kserve-resources.yaml",
            "rendered": False,
            "syncedBy": {"kind": "Application", "namespace": "argocd", "name": "prod-kserve-resources"},
        }
    ]


def test_what_flux_syncs_is_told_by_its_kustomization(loaded: Project) -> None:
    loaded.write("environments/dev.yaml", ARGOCD.replace("argocd", "flux"))
    (found,) = answers(loaded, "--env", "dev", "ns/iris-predictor-7c9d8b5f6d-x2x9k")
    assert isinstance(found["places"], list)
    named = {"kind": "Kustomization", "namespace": "flux-system", "name": "dev-models-ns"}
    assert [place["syncedBy"] for place in found["places"]] == [named]


def test_commits_are_those_of_its_lines_in_all_files(versioned: Project) -> None:
    (found,) = answers(versioned, "isvc/ns/iris")
    assert isinstance(found["commits"], list)
    assert [(c["subject"], c["author"], c["date"]) for c in found["commits"]] == [
        ("More of it", "Ada", "2026-03-01"),
        ("A better iris", "Ada", "2026-03-01"),
        ("Begin", "Ada", "2026-03-01"),
    ]
    (other,) = answers(versioned, "isvc/team-b/iris")
    assert isinstance(other["commits"], list)
    assert [c["subject"] for c in other["commits"]] == ["Begin"]
    assert (found["edited"], other["edited"], found["notes"]) == (False, False, [])


def test_edits_that_are_not_committed_are_told_apart(versioned: Project) -> None:
    text = (versioned.root / "models.yaml").read_text("utf-8")
    versioned.write(
        "models.yaml", text.replace("defaults:", "# a line more\ndefaults:").replace("models/b", "models/b-2")
    )
    (found,) = answers(versioned, "isvc/ns/iris")
    (other,) = answers(versioned, "isvc/team-b/iris")
    assert (found["line"], found["edited"], other["edited"]) == (6, False, True)
    assert isinstance(found["commits"], list)
    assert len(found["commits"]) == 3


def test_a_model_that_is_new_has_no_commits(versioned: Project) -> None:
    text = (versioned.root / "models.yaml").read_text("utf-8")
    versioned.write(
        "models.yaml", text.replace("graphs:", "  new: {modelFormat: sklearn, storageUri: s3://a/b}\ngraphs:")
    )
    said = find(versioned, "new")
    assert "  commits       these lines are edited, and not committed yet" in said


def test_a_shallow_clone_says_what_it_lacks(versioned: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    clone = tmp_path_factory.mktemp("clone")
    git(versioned.root, "clone", "-q", "--depth=2", f"file://{versioned.root}", str(clone / "c"))
    (found,) = answers(clone / "c", "isvc/ns/iris")
    assert isinstance(found["commits"], list)
    assert [c["subject"] for c in found["commits"]] == ["More of it"]
    assert found["notes"] == ["the clone is shallow: what older commits did is not here: git fetch --unshallow"]


def test_without_git_the_rest_is_told(loaded: Project) -> None:
    said = find(loaded, "--env", "dev", "ns/iris-predictor-7c9d8b5f6d-x2x9k")
    file = "rendered/dev/models/ns/inferenceservice-iris.yaml"
    assert said.splitlines() == [
        "Pod iris-predictor-7c9d8b5f6d-x2x9k",
        "  of            iris-predictor, the predictor of InferenceService ns/iris",
        "  written in    models.yaml:5:3  models.iris",
        "  owner         everybody",
        f"  environments  dev  {file}  (not rendered)",
        "                     synced by Application dev-models-ns",
        "  commits       (no commits: not in a git work tree)",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "irsi-predictor-7c9d8b5f6d-x2x9k",
            'nothing in the catalog is or makes "irsi-predictor-7c9d8b5f6d-x2x9k" | Did you mean iris?',
        ),
        ("zzz", 'nothing in the catalog is or makes "zzz" | It may belong to something else'),
        ("pod/zzz", 'nothing in the catalog is or makes "pod/zzz" | It may belong to something else'),
        ("chat-serves-people", 'nothing in the catalog is or makes "chat-serves-people" | Did you mean chat?'),
        (
            "team-b/chat-kserve",
            'nothing in the catalog is or makes "team-b/chat-kserve" | Leave out its kind or namespace: chat-kserve is',
        ),
    ],
)
def test_what_comes_from_nothing_is_said_with_a_guess(loaded: Project, name: str, said: str) -> None:
    assert find(loaded, name).startswith(said)


def test_a_broken_catalog_is_told(loaded: Project) -> None:
    loaded.write("models.yaml", "version: 1\nmodels: [\n")
    said = find(loaded, "iris")
    assert said.startswith('nothing in the catalog is or makes "iris" | The catalog has errors, and what they are in')
    assert "missing: models.yaml:" in said


def test_what_an_error_leaves_readable_is_found(loaded: Project) -> None:
    loaded.write("models/other.yaml", "version: 1\nmodels:\n  other: {modelFormat: [\n")
    assert "  written in    models.yaml:5:3  models.iris" in lines(loaded, "iris-predictor-7c9d8b5f6d-x2x9k")
    assert lines(loaded, "iris-predictor")[-1].startswith("note: the catalog has errors, and what they are in may be")
    assert "models/other.yaml:" in str(answers(loaded, "iris-predictor")[0]["notes"])
    assert "The catalog has errors" in find(loaded, "other-predictor")


def test_the_lines_of_environments_are_told(loaded: Project) -> None:
    file = loaded.root / "environments/prod.yaml"
    line = 1 + file.read_text("utf-8").splitlines().index("models: {iris: {minReplicas: 2}, chat: null}")
    assert lines(loaded, "ns/iris")[1:3] == [
        "  written in    models.yaml:5:3  models.iris",
        f"  and in        environments/prod.yaml:{line}:10",
    ]
    assert answers(loaded, "ns/iris")[0]["beside"] == [{"file": "environments/prod.yaml", "line": line, "column": 10}]
    assert answers(loaded, "ns/iris", "--env", "dev")[0]["beside"] == []


@pytest.mark.parametrize(
    "name",
    [
        "iris-predictor.ns",
        "iris-predictor.ns.svc",
        "iris-predictor.ns.svc.cluster.local:80",
        "http://iris-predictor.ns.svc.cluster.local/v1/models/iris:predict",
    ],
)
def test_addresses_are_read_as_alerts_write_them(loaded: Project, name: str) -> None:
    assert [answer["path"] for answer in answers(loaded, name)] == ["models.iris"]
    assert find(loaded, name.replace(".ns", ".elsewhere", 1)).startswith("nothing in the catalog is or makes")


def test_what_entries_name_and_nobody_makes_is_told_with_the_line(loaded: Project) -> None:
    loaded.write(
        "models/more.yaml",
        "version: 1\ndefaults: {namespace: ns}\nmodels:\n"
        "  more: {modelFormat: sklearn, storageUri: pvc://disk/a, serviceAccountName: reader}\n",
    )
    for name, column in (("disk", 44), ("pvc/disk", 44), ("reader", 78)):
        said = f'nothing in the catalog is or makes "{name}" | It is named at models/more.yaml:4:{column} (more).'
        assert find(loaded, name) == said


def test_the_pod_of_a_long_name_comes_before_a_replica_set(loaded: Project) -> None:
    name = "a-model-of-which-the-name-is-nearly-too-long"
    words = "{modelFormat: sklearn, storageUri: s3://a/b, namespace: ns}"
    loaded.write("models/long.yaml", f"version: 1\nmodels:\n  {name}: {words}\n")
    cut = f"{name}-predictor-7c9d8b5f6d-"[:58] + "x2x9k"
    assert len(cut) == 63
    assert [answer["kinds"] for answer in answers(loaded, cut)] == [["Pod"], ["ReplicaSet"]]
