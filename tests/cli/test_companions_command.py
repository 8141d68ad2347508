"""A fresh catalog with objects of many kinds beside its model: rendered, planned and removed through the commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from tests.support.git_repository import commit_files, git, new_repository

from kservegen.cli import cli

CRON_JOB = """\
  batch/CronJob/models/warm:
    spec:
      schedule: "0 6 * * *"
      jobTemplate:
        spec: {template: {spec: {restartPolicy: Never, containers: [{name: warm, image: "curl:8"}]}}}
"""
OBJECTS = """
extraManifests:
  ServiceAccount/models/reader: {}
  ConfigMap/models/settings: {data: {LEVEL: info}}
  PersistentVolumeClaim/models/weights: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
  Service/models/web: {spec: {selector: {app: web}, ports: [{port: 80}]}}
  rbac.authorization.k8s.io/Role/models/reader: {rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}
  rbac.authorization.k8s.io/RoleBinding/models/reader:
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
    subjects: [{kind: ServiceAccount, name: reader, namespace: models}]
  networking.k8s.io/NetworkPolicy/models/deny: {spec: {podSelector: {}, policyTypes: [Ingress]}}
  policy/PodDisruptionBudget/models/iris: {spec: {minAvailable: 1, selector: {matchLabels: {app: iris}}}}
  autoscaling/HorizontalPodAutoscaler/models/web:
    spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
  apps/Deployment/models/web:
    spec:
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "nginx:1.27"}]}}
  scheduling.k8s.io/PriorityClass/online: {value: 1000}
"""
OBJECTS += CRON_JOB
PLAIN = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: LimitRange, metadata: {name: small, namespace: models}, spec: {limits: [{type: Pod}]}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: plain, namespace: models}, data: {a: "1"}}
"""


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)
    return result.return_value or 0, result.output


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["argocd", "flux"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    assert _run("init", str(folder))[0] == 0
    shared = folder / "environments/defaults.yaml"
    shared.write_text(
        shared.read_text("utf-8")
        .replace("engine: argocd", f"engine: {request.param}")
        .replace("maxRemovals: 3", "maxRemovals: 8"),
        "utf-8",
    )
    models = folder / "models.yaml"
    models.write_text(models.read_text("utf-8") + OBJECTS, "utf-8")
    (folder / "manifests/all").mkdir(parents=True)
    (folder / "manifests/all/plain.yaml").write_text(PLAIN, "utf-8")
    monkeypatch.chdir(folder)
    return folder


def test_every_kind_is_rendered_once_and_twice_alike(root: Path) -> None:
    code, output = _run("render")
    assert code == 0, output
    rendered = _files(root / "rendered")
    assert _run("render", "--check")[0] == 0
    beside = {
        path.rpartition("/")[2].partition("-")[0] for path in rendered if path.startswith("dev/companions/models/")
    }
    assert beside == {
        *("configmap", "cronjob", "deployment", "horizontalpodautoscaler", "limitrange", "networkpolicy"),
        *("persistentvolumeclaim", "poddisruptionbudget", "role", "rolebinding", "service", "serviceaccount"),
    }
    assert "dev/cluster/priorityclass-online.yaml" in rendered
    for path, content in rendered.items():
        if "/companions/" in path:
            (doc,) = yaml.safe_load_all(content)
            assert doc["kind"].lower() in path
            assert doc["metadata"]["namespace"] == "models"
    shutil.rmtree(root / "rendered")
    assert _run("render")[0] == 0
    assert _files(root / "rendered") == rendered


def test_a_change_shows_what_comes_changes_and_goes(root: Path) -> None:
    new_repository(root)
    assert _run("render")[0] == 0
    commit_files(root, {})
    git(root, "checkout", "-q", "-b", "change")
    models, plain = root / "models.yaml", root / "manifests/all/plain.yaml"
    text = (
        models.read_text("utf-8")
        .replace("LEVEL: info", "LEVEL: debug")
        .replace("  ServiceAccount/models/reader: {}\n", "")
        .replace(CRON_JOB, "")
    )
    models.write_text(text + "  ConfigMap/models/new: {data: {a: b}}\n", "utf-8")
    plain.write_text(PLAIN.replace('data: {a: "1"}', 'data: {a: "2"}'), "utf-8")
    code, output = _run("plan", "dev", "--base", "main")
    assert code == 0, output
    for said in (
        "ConfigMap models/new",
        "ServiceAccount models/reader",
        "ConfigMap models/settings",
        "data.LEVEL",
        "ConfigMap models/plain",
        "CronJob models/warm",
    ):
        assert said in output
    forgotten = "CronJob models/warm: stays in the cluster: project dev-companions permits no CronJob any more"
    assert (forgotten in output) == ("AppProject" in output)
    assert "info" in output
    assert "debug" in output


def test_the_guard_on_removals_counts_them(root: Path) -> None:
    new_repository(root)
    assert _run("render")[0] == 0
    commit_files(root, {})
    text = (root / "models.yaml").read_text("utf-8")
    (root / "models.yaml").write_text(text.replace(OBJECTS, ""), "utf-8")
    code, output = _run("render", "dev")
    assert code == 1, output
    assert "gitops/removal-guard" in output
    assert (root / "rendered/dev/companions/models/service-web.yaml").is_file()


def test_set_changes_an_object_in_one_environment(root: Path) -> None:
    code, output = _run("set", "ConfigMap/models/settings", "data.LEVEL=debug", "--env", "prod", "--yes")
    assert code == 0, output
    said = yaml.safe_load((root / "environments/prod.yaml").read_text("utf-8"))
    assert said["extraManifests"] == {"ConfigMap/models/settings": {"data": {"LEVEL": "debug"}}}
