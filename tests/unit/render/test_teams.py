"""What an entry of owners.yaml brings to an environment: namespaces, quotas, projects, accounts; models stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.project import CLUSTER, Project
from tools.team_repository import TEAMS, team_repository

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository

OWNERS = """\
version: 1
platform: {reviewers: ["@acme/platform"], namespaces: {labels: {tier: models}}}
teams:
  ads: {reviewers: ["@acme/ads"], namespaces: [ads, ads-*], quota: {cpu: 4, memory: 8Gi, accelerator: l4, limit: 2}}
  search: {reviewers: ["@acme/search"], namespaces: [search, find], environments: [prod]}
"""
MODEL = (
    "modelFormat: sklearn, storageUri: s3://m/x, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}"
)
MODELS = f"""\
version: 1
models:
  ads/a: {{{MODEL}}}
  ads-eu/b: {{{MODEL}}}
  search/c: {{{MODEL}, environments: [prod]}}
  ns/d: {{{MODEL}}}
"""
ARGOCD = "gitops: {engine: argocd, repoURL: 'https://git.example.org/x.git'}\n"
FLUX = ARGOCD.replace("argocd", "flux")
SPACES = "namespaces: {ns: {}, ads-eu: {}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name, gitops in (("dev", FLUX), ("prod", ARGOCD)):
        made.write(f"environments/{name}.yaml", cluster(name, gitops))
    made.write("models.yaml", MODELS)
    made.write("owners.yaml", OWNERS)
    return made


def cluster(name: str, gitops: str) -> str:
    words = CLUSTER.replace("{name: dev}", f"{{name: {name}, server: 'https://{name}.example.org'}}")
    words = words.replace("gitops: {engine: none}\n", gitops).replace("namespaces: {ns: {}}\n", SPACES)
    return words + "accelerators: {l4: {resource: nvidia.com/gpu, gpu: L4}}\n"


def destinations(project: JsonObject) -> list[str]:
    return [text(mapping(item)["namespace"]) for item in sequence(value_at(project, ("spec", "destinations")))]


def test_a_team_brings_its_namespaces_with_the_platforms_labels(project: Project) -> None:
    assert project.problems() == ["owners.yaml:1:1 owners/stale-codeowners"]
    labels = {
        key: value_at(doc, ("metadata", "labels")) for key, doc in project.built("prod").items() if "Namespace/" in key
    }
    tier = {"tier": "models"}
    assert labels == {
        "Namespace/ads": tier, "Namespace/ads-eu": None, "Namespace/find": tier, "Namespace/ns": None,
        "Namespace/search": tier,
    }  # fmt: skip
    assert "Namespace/search" not in project.built("dev")


def test_an_environments_words_lie_over_what_a_team_brings(project: Project) -> None:
    said = "namespaces: {ns: {}, ads-eu: {}, ads: {labels: {tier: gold, more: x}}}\nbudgets: {team-ads: {cpu: 8}}\n"
    project.write("environments/prod.yaml", cluster("prod", ARGOCD).replace(SPACES, said))
    built = project.built("prod")
    assert value_at(built["Namespace/ads"], ("metadata", "labels")) == {"tier": "gold", "more": "x"}
    assert value_at(built["ResourceQuota/team-ads"], ("spec", "hard", "requests.cpu")) == "8"


def test_a_namespace_that_is_promised_is_not_made(project: Project) -> None:
    words = cluster("prod", ARGOCD).replace("[cert-manager,", "[cert-manager, Namespace/search,")
    project.write("environments/prod.yaml", words)
    built = project.built("prod")
    assert "Namespace/search" not in built
    assert destinations(built["AppProject/prod-team-search"]) == ["find", "search"]


def test_each_named_namespace_of_a_team_has_its_quota(project: Project) -> None:
    built = project.built("prod")
    quotas = {
        key: mapping(doc["metadata"])["namespace"] for key, doc in built.items() if key.startswith("ResourceQuota")
    }
    assert quotas == {"ResourceQuota/team-ads": "ads"}
    hard = {"requests.cpu": "4", "requests.memory": "8Gi", "requests.nvidia.com/gpu": "2"}
    assert value_at(built["ResourceQuota/team-ads"], ("spec", "hard")) == hard
    words = cluster("prod", ARGOCD).replace("l4:", "h100:")
    project.write("environments/prod.yaml", words)
    del hard["requests.nvidia.com/gpu"]
    assert value_at(project.built("prod")["ResourceQuota/team-ads"], ("spec", "hard")) == hard


def test_a_quota_that_is_too_small_is_told_at_its_line(project: Project) -> None:
    project.write("owners.yaml", OWNERS.replace("cpu: 4", "cpu: 500m"))
    assert "owners.yaml:4:74 budget/quota-too-small" in project.problems()


def test_a_team_has_a_project_that_goes_to_its_namespaces(project: Project) -> None:
    built = project.built("prod")
    found = {key.partition("/")[2]: destinations(doc) for key, doc in built.items() if key.startswith("AppProject/")}
    assert found["prod-team-ads"] == ["ads", "ads-eu"]
    assert found["prod-team-search"] == ["find", "search"]
    assert found["prod"] == ["ns"]
    kinds = value_at(built["AppProject/prod"], ("spec", "namespaceResourceWhitelist"))
    assert value_at(built["AppProject/prod-team-ads"], ("spec", "namespaceResourceWhitelist")) == kinds
    projects = {
        key.partition("/")[2]: value_at(doc, ("spec", "project"))
        for key, doc in built.items()
        if key.startswith("Application/")
    }
    assert projects["prod-models-ads"] == projects["prod-models-ads-eu"] == "prod-team-ads"
    assert projects["prod-models-search"] == "prod-team-search"
    assert projects["prod-models-ns"] == "prod"
    assert projects["prod-quotas-ads"] == "prod-platform"


def test_a_project_of_ones_own_stands_for_those_of_teams_too(project: Project) -> None:
    own = ARGOCD.replace("repoURL", "project: ours, repoURL")
    project.write("environments/prod.yaml", cluster("prod", own))
    built = project.built("prod")
    assert not [key for key in built if key.startswith("AppProject/")]
    assert value_at(built["Application/prod-models-ads"], ("spec", "project")) == "ours"


def test_a_team_has_an_account_that_is_bound_in_its_namespaces(project: Project) -> None:
    docs = [item.doc for item in evaluated(project.repository).built["dev"].own]
    accounts = {text(mapping(doc["metadata"])["name"]) for doc in docs if doc["kind"] == "ServiceAccount"}
    assert {"dev-team-ads", "dev-models"} <= accounts
    bound = {
        (text(mapping(doc["metadata"])["namespace"]), text(mapping(subject)["name"]))
        for doc in docs
        if doc["kind"] == "RoleBinding" and mapping(doc["roleRef"])["name"] == "dev-models"
        for subject in sequence(doc["subjects"])
    }
    assert bound == {("ads", "dev-team-ads"), ("ads-eu", "dev-team-ads"), ("ns", "dev-models")}
    account = value_at(project.built("dev")["Kustomization/dev-models-ads-eu"], ("spec", "serviceAccountName"))
    assert account == "dev-team-ads"


def evaluated(repository: Repository) -> EvaluatedRepository:
    wanted = EvaluationOptions(names=(), out=repository.root / "rendered", lays_out=True, judges_output=False)
    return evaluate_repository(repository, wanted)


def test_a_repository_that_lists_its_teams_renders_the_same_models(tmp_path: Path) -> None:
    files = {path: written.encode() for path, written in team_repository(48).items() if path != "owners.yaml"}
    spaces = ", ".join(f"{team}: {{}}" for team in TEAMS)
    files["environments/defaults.yaml"] += f"namespaces: {{{spaces}}}\n".encode()
    before = evaluated(Repository(tmp_path, files))
    teams = "".join(f"  {team}: {{reviewers: ['@acme/{team}'], namespaces: [{team}]}}\n" for team in TEAMS)
    owners = f"version: 1\nplatform: {{reviewers: ['@acme/platform']}}\nteams:\n{teams}"
    after = evaluated(Repository(tmp_path, {**files, "owners.yaml": owners.encode()}))
    found = {d.rule for d in before.diagnostics}
    assert (before.has_errors, {d.rule for d in after.diagnostics} - found) == (False, set())
    assert {path for path in before.desired if "/models/" in path} == {
        path for path in after.desired if "/models/" in path
    }
    changed = {path for path in after.desired if before.desired.get(path) != after.desired[path]}
    assert changed
    assert {path.split("/")[1] for path in changed} <= {"sync", "README.md"}
    kept = {path for path in before.desired if "/application-" in path or "/kustomization-" in path}
    assert kept <= after.desired.keys()
