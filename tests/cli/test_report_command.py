"""`kservegen report`: a row for each model in each environment."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import jsonschema
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.git_repository import commit_files, git
from tests.support.project import DEV, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
REVISION = "0123456789abcdef0123456789abcdef01234567"
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
  iris: {modelFormat: sklearn, storageUri: "s3://models/iris|=x"}
graphs:
  both: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""
DEVELOPMENT = DEV.replace("tolerations:", "pricePerHour: 0.5\n    tolerations:") + (
    "waivers:\n"
    "  w1: {rule: policy/pinned-revision, model: iris, owner: platform, reason: fixed file, expires: 2027-03-01}\n"
)
LOCK = f"""\
version: 1
models:
  hf://Qwen/Qwen2.5-7B-Instruct: {{revision: {REVISION}, license: apache-2.0}}
"""


def _committed(project: Project) -> Path:
    project.write("models.yaml", MODELS)
    project.write("environments/dev.yaml", DEVELOPMENT)
    project.write("environments/dev.lock.yaml", LOCK)
    git(project.root, "init", "--quiet", "--initial-branch=main")
    commit_files(project.root, {}, "first\n\nApproved-by: Grace")
    return project.root


def report(root: Path, *words: str) -> str:
    done = CliRunner().invoke(cli, ["report", "--root", str(root), *words], standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return f"{done.exception} | {done.exception.hint}"
    assert done.exception is None, done.exception
    return done.output


def test_a_model_is_told_with_all_that_an_audit_asks(project: Project, snapshot: SnapshotAssertion) -> None:
    root = _committed(project)
    said = json.loads(report(root, "--output", "json"))
    jsonschema.validate(said, SCHEMA)
    chat, iris = said["models"]
    assert chat["sources"] == [{"uri": "hf://Qwen/Qwen2.5-7B-Instruct", "revision": REVISION, "licence": "apache-2.0"}]
    assert chat["accelerators"] == [{"type": "l4", "minimum": 6, "maximum": 6, "costPerMonth": 6 * 0.5 * 730}]
    assert (chat["owner"], iris["owner"], iris["waivers"][0]["rule"]) == (
        "language",
        "platform",
        "policy/pinned-revision",
    )
    assert {(row["change"]["date"], *row["change"]["approvers"]) for row in (chat, iris)} == {("2026-01-02", "Grace")}
    commit = git(root, "rev-parse", "--short=12", "HEAD")
    assert report(root).replace(commit, "COMMIT") == snapshot


def test_csv_has_the_same_in_cells(project: Project) -> None:
    rows = list(csv.DictReader(StringIO(report(_committed(project), "--output", "csv"))))
    assert [(r["model"], r["accelerators"], r["costPerMonth"], r["licence"], r["approvers"]) for r in rows] == [
        ("chat", "6 l4", "2190.00", "apache-2.0", "Grace"),
        ("iris", "", "", "", "Grace"),
    ]
    assert rows[1]["waivers"] == "policy/pinned-revision until 2027-03-01"


def test_a_commit_is_reported_as_it_was(project: Project) -> None:
    root = _committed(project)
    first = git(root, "rev-parse", "HEAD")
    project.write("models.yaml", MODELS.replace("owner: language", "owner: search"))
    edited = json.loads(report(root, "--output", "json"))["models"]
    assert [(row["owner"], row["change"] is None) for row in edited] == [("search", True), ("platform", False)]
    assert "Of 1 of 2 rows git does not know the last change" in report(root)
    commit_files(root, {}, "second")
    assert [row["owner"] for row in json.loads(report(root, "--output", "json"))["models"]] == ["search", "platform"]
    past = json.loads(report(root, "--at", first, "--output", "json"))["models"]
    assert [(row["owner"], row["change"]["commit"]) for row in past] == [("language", first), ("platform", first)]


def test_what_cannot_be_reported_is_said(project: Project) -> None:
    project.write("models.yaml", MODELS)
    assert "Who changed and approved what is not known" in report(project.root)
    root = _committed(project)
    assert report(root, "--at", "nowhere").startswith("nowhere: no such revision")
    project.write("models.yaml", MODELS.replace("kind: LLMInferenceService", "kind: LLM"))
    assert "the catalog has errors" in report(root)
