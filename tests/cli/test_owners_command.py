"""`kservegen owners`: which pods are whose, in words that tools which sum up costs can join."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from tests.cli.test_report_command import SCHEMA
from tests.support.git_repository import commit_files, git
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.document import mapping
from kservegen.core.errors import GeneratorError
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project

MODELS = """\
version: 1
defaults: {namespace: ns, owner: platform}
models:
  chat:
    kind: LLMInferenceService
    owner: language
    model: hf://Qwen/Qwen2.5-7B-Instruct
    accelerator: {type: l4, count: 2}
    replicas: 3
  wide:
    kind: LLMInferenceService
    owner: "=cmd()"
    model: hf://Qwen/Qwen2.5-7B-Instruct
    parallelism: {data: 2, dataLocal: 1}
    template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: '1'}}}], nodeSelector: {gpu: L4}}
    worker: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: '1'}}}]}
  iris: {modelFormat: sklearn, storageUri: s3://models/iris, minReplicas: 1, maxReplicas: 4}
  shelf: {modelFormat: sklearn, resources: {limits: {memory: 4Gi}, requests: {memory: 4Gi}}}
trainedModels:
  book: {inferenceService: shelf, owner: growth, model: {framework: sklearn, storageUri: s3://models/book, memory: 1Gi}}
graphs:
  both: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
runtimes:
  own: {supportedModelFormats: [{name: x}], containers: [{name: kserve-container, image: 'a:1'}]}
"""


@pytest.fixture
def owned(project: Project) -> Project:
    project.write("models.yaml", MODELS)
    return project


def owners(project: Project, *words: str) -> str:
    done = CliRunner().invoke(cli, ["owners", "--root", str(project.root), *words], standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return f"{done.exception} | {done.exception.hint}"
    assert done.exception is None, done.exception
    return done.output


def exported(project: Project, *words: str) -> list[dict[str, Any]]:
    said = json.loads(owners(project, "--output", "json", *words))
    jsonschema.validate(said, SCHEMA)
    rows: list[dict[str, Any]] = said["owners"]
    return rows


def test_each_group_of_pods_is_told_with_its_workload(owned: Project) -> None:
    told = [
        (
            row["owner"],
            row["entry"],
            row["role"],
            "/".join(row["workload"][word] for word in ("kind", "name")) if row["workload"] else "",
            (row["pods"]["minimum"], row["pods"]["maximum"]),
            [(taken["type"], taken["each"]) for taken in row["accelerators"]],
        )
        for row in exported(owned)
    ]
    assert told == [
        ("language", "chat", "main", "Deployment/chat-kserve", (3, 3), [("l4", 2)]),
        ("platform", "iris", "predictor", "Deployment/iris-predictor", (1, 4), []),
        ("platform", "shelf", "predictor", "Deployment/shelf-predictor", (1, 1), []),
        ("=cmd()", "wide", "main", "LeaderWorkerSet/wide-kserve-mn", (1, 1), [("l4", 1)]),
        ("=cmd()", "wide", "main worker", "LeaderWorkerSet/wide-kserve-mn", (1, 1), [("l4", 1)]),
        ("platform", "both", "router", "Deployment/both", (1, 1), []),
        ("growth", "book", "", "", (0, 0), []),
    ]


def test_a_selector_finds_the_pods_of_its_workload_and_no_other(owned: Project) -> None:
    opened = open_project(owned.repository)
    defaulted = evaluate(opened.catalog, "dev", opened.tools).defaulted
    assert defaulted is not None
    pods = {
        (workload.kind, workload.name): mapping(mapping(workload.pod.get("metadata")).get("labels"))
        for item in defaulted.objects
        for workload in defaulted.context.simulation.workloads(item.resource) or ()
    }
    stated = [row["workload"] for row in exported(owned) if row["workload"] and row["workload"]["kind"] == "Deployment"]
    assert len(stated) == 4
    for workload in stated:
        found = [name for name, labels in pods.items() if workload["selector"].items() <= labels.items()]
        assert found == [("Deployment", workload["name"])]


@pytest.mark.parametrize(
    ("mode", "entry", "selector"),
    [
        ("Standard", "wide", {"leaderworkerset.sigs.k8s.io/name": "wide-kserve-mn"}),
        ("Knative", "iris", {"serving.knative.dev/service": "iris-predictor"}),
    ],
)
def test_a_workload_that_states_no_selector_has_its_controller_s_label(
    mode: str, entry: str, selector: dict[str, str], owned: Project
) -> None:
    owned.write(
        "environments/dev.yaml",
        DEV.replace("Standard", mode).replace("cert-manager,", "cert-manager, knative-serving, istio,"),
    )
    assert {str(row["workload"]["selector"]) for row in exported(owned) if row["entry"] == entry} == {str(selector)}


def test_a_spreadsheet_runs_nothing(owned: Project) -> None:
    rows = list(csv.DictReader(StringIO(owners(owned))))
    assert [row["owner"] for row in rows if row["entry"] == "wide"] == ["'=cmd()"] * 2
    (iris,) = (row for row in rows if row["entry"] == "iris")
    assert iris == {
        "environment": "dev",
        "cluster": "dev",
        "namespace": "ns",
        "owner": "platform",
        "entry": "iris",
        "kind": "InferenceService",
        "name": "iris",
        "role": "predictor",
        "workloadKind": "Deployment",
        "workload": "iris-predictor",
        "selector": "app=isvc.iris-predictor",
        "labels": "app=isvc.iris-predictor,serving.kserve.io/inferenceservice=iris",
        "minPods": "1",
        "maxPods": "4",
        "accelerators": "",
    }


def test_owners_as_a_commit_had_them(owned: Project) -> None:
    git(owned.root, "init", "--quiet", "--initial-branch=main")
    commit_files(owned.root, {}, "first")
    before = owners(owned)
    owned.write("models.yaml", MODELS.replace("owner: platform", "owner: web"))
    assert "web" in owners(owned)
    assert owners(owned, "--at", "HEAD") == before == owners(owned, "dev", "--at", "main")


def test_nothing_is_told_of_a_catalog_with_errors(owned: Project) -> None:
    owned.write("models.yaml", MODELS.replace("sklearn", "nonesuch", 1))
    assert "pods would be missing" in owners(owned)
    assert owners(owned, "prod").startswith("no environment is called prod") or "prod" in owners(owned, "prod")
