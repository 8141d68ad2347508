"""`validate --fix`: what leaves no doubt is mended where it stands, with comments kept; nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click import UsageError
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.project import CLUSTER, Project

from kservegen.catalog.editing.patch import quote_value, rename_key
from kservegen.cli import cli
from kservegen.commands.fixes import fix_repository
from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError

HEAD = "version: 1\ndefaults: {namespace: ns}  # ours\n"
SMALL = "profiles:\n  small: {minReplicas: 1}\n"
IRIS = "models:\n  iris:\n    modelFormat: sklearn\n    storageUri: s3://m/iris\n"

# A line below an entry, and what becomes of it.
MENDED = {
    '    maxReplicas: "3"  # three': "    maxReplicas: 3  # three",
    '    stop: "false"': "    stop: false",
    "    maxReplicass: 3": "    maxReplicas: 3",
    "    minreplicas: 3": "    minReplicas: 3",
    "    profile: smal": "    profile: small",
    "    profile: [smalll]": "    profile: [small]",
    "    deploymentMode: RawDeployment # old": "    deploymentMode: Standard # old",
    "    deploymentMode: standard": "    deploymentMode: Standard",
    "    autoscalerClass: 'HPA'": "    autoscalerClass: 'hpa'",
    "    resources: {limits: {memory: 2GiB}}": "    resources: {limits: {memory: 2Gi}}",
    "    resources: {limits: {memory: 2 gi}}": "    resources: {limits: {memory: 2Gi}}",
    "    resources: {limits: {cpu: 500 m}}": "    resources: {limits: {cpu: 500m}}",
    "    resources: {limit: {cpu: 1}}": "    resources: {limits: {cpu: 1}}",
    "    env: [{name: PORT, value: 8080}] # a number": '    env: [{name: PORT, value: "8080"}] # a number',
    "    labels: {tier: 1.10}": '    labels: {tier: "1.10"}',
    "    annotations: {a: true}": '    annotations: {a: "true"}',
    "    livenessProbe: {periodSecond: '5'}": "    livenessProbe: {periodSeconds: 5}",
}
# What could have been meant in more ways than one, or is somebody's own.
LEFT = (
    "    resources: {limits: {memory: 2GB}}",
    "    resources: {limits: {memory: 1024mb}}",
    "    resources: {limits: {memory: 1K}}",
    "    resources: {limits: {cpu: 2 cores}}",
    "    resources: {limits: {cpu: '0,5'}}",
    "    maxReplicas: three",
    "    maxReplicas: '03'",
    "    profile: other",
    "    deploymentMode: Fast",
    "    command: serve",
    "    somethingElse: 1",
    "    maxReplicas: 3\n    maxReplicass: 4",
    "    stop: 'yes'",
)


def run(root: Path, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["validate", *words, "--root", str(root)], standalone_mode=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a repository with one model."""
    found = Project(tmp_path)
    found.write("environments/dev.yaml", CLUSTER)
    return found


def models(project: Project) -> str:
    return (project.root / "models.yaml").read_text("utf-8")


@pytest.mark.parametrize("line", MENDED)
def test_what_is_certain_is_mended(line: str, project: Project) -> None:
    """In its line, with the comment behind it; a second run has nothing to do."""
    project.write("models.yaml", f"{HEAD}{SMALL}{IRIS}{line}\n")
    told = run(project.root, "--fix")
    assert told.exception is None
    assert models(project) == f"{HEAD}{SMALL}{IRIS}{MENDED[line]}\n"
    assert not fix_repository(project.repository).changes


@pytest.mark.parametrize("line", LEFT)
def test_what_is_not_certain_is_left(line: str, project: Project) -> None:
    project.write("models.yaml", f"{HEAD}{SMALL}{IRIS}{line}\n")
    run(project.root, "--fix")
    assert models(project) == f"{HEAD}{SMALL}{IRIS}{line}\n"


def test_a_dry_run_shows_and_writes_nothing(project: Project) -> None:
    project.write("models.yaml", f"{HEAD}{IRIS}    maxReplicass: '3'\n")
    before = models(project)
    shown = run(project.root, "--fix", "--dry-run")
    assert shown.return_value == 0
    assert "-    maxReplicass: '3'\n+    maxReplicas: 3\n" in shown.output
    assert models(project) == before
    report = json.loads(run(project.root, "--fix", "--dry-run", "--output", "json").stdout)
    assert [file["file"] for file in report["edits"]["files"]] == ["models.yaml"]
    assert report["edits"]["written"] is False


def test_it_is_judged_afterwards(project: Project) -> None:
    """The findings are those of the mended files."""
    project.write("models.yaml", f"{HEAD}{IRIS}    maxReplicass: 3\n    nonsense: 1\n")
    told = run(project.root, "--fix", "--output", "json")
    assert told.return_value == 1
    assert [found["seen"] for found in json.loads(told.stdout)["findings"] if found["severity"] == "error"] == [
        "nonsense"
    ]
    assert "mended: models.yaml: models.iris.maxReplicass is called maxReplicas" in told.stderr


def test_a_finding_says_its_fix(project: Project) -> None:
    """As `--fix` would make it: in the file where the word stands, by its path there."""
    project.write("models.yaml", f"{HEAD}{IRIS}    profile: smal\n    stop: 'true'\n{SMALL}")
    findings = json.loads(run(project.root, "--output", "json").stdout)["findings"]
    fixes = {found["rule"]: found["fixes"] for found in findings if "fixes" in found}
    assert fixes == {
        "catalog/unknown-profile": [
            {"change": "replace", "file": "models.yaml", "path": "models.iris.profile", "value": "small"}
        ],
        "schema/wrong-type": [{"change": "replace", "file": "models.yaml", "path": "models.iris.stop", "value": True}],
    }


def test_environments_and_owners_are_mended_too(project: Project) -> None:
    project.write(
        "environments/dev.yaml", f"{CLUSTER}guards: {{maxRemoval: '3'}}\nmodels: {{iris: {{minReplica: 1}}}}\n"
    )
    project.write("owners.yaml", "version: 1\nplatform: {reviewer: ['@p']}\n")
    run(project.root, "--fix")
    dev = (project.root / "environments/dev.yaml").read_text("utf-8")
    assert dev.endswith("guards: {maxRemovals: 3}\nmodels: {iris: {minReplicas: 1}}\n")
    assert (project.root / "owners.yaml").read_text("utf-8") == "version: 1\nplatform: {reviewers: ['@p']}\n"


def test_a_file_that_the_reader_refuses_is_left_and_told(project: Project) -> None:
    project.write("models.yaml", f"{HEAD}{IRIS}    maxReplicass: 3\n    labels: {{on: x}}\n")
    before = models(project)
    told = run(project.root, "--fix")
    assert models(project) == before
    assert "models.yaml is left as it is until this is mended by hand: models.yaml:8:14" in told.stderr


def test_a_link_that_leads_out_is_not_followed(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "m.yaml"
    outside.write_text(f"{HEAD}{IRIS}    maxReplicass: 3\n", "utf-8")
    (project.root / "models.yaml").unlink()
    (project.root / "models.yaml").symlink_to(outside)
    run(project.root, "--fix")
    assert "maxReplicass" in outside.read_text("utf-8")


@pytest.mark.parametrize("words", [("--dry-run",), ("--fix", "models.yaml")])
def test_usage(words: tuple[str, ...], project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    told = CliRunner().invoke(cli, ["validate", *words], standalone_mode=False)
    assert isinstance(told.exception, UsageError)


@pytest.mark.parametrize(
    ("text", "path", "name", "wanted"),
    [
        ("a: {b: 1, c: 2}\n", ("a", "b"), "x", "a: {x: 1, c: 2}\n"),
        ("a:\n  'b': 1 # c\n", ("a", "b"), "x", "a:\n  x: 1 # c\n"),
        ("\ufeffb: 1\n", ("b",), "x", "\ufeffx: 1\n"),
        ("a:\n- b: 1\n", ("a", 0, "b"), "x", "a:\n- x: 1\n"),
        ("b:\n  c: 1\n", ("b",), "on", '"on":\n  c: 1\n'),
    ],
)
def test_a_key_is_renamed_in_its_place(text: str, path: tuple[str | int, ...], name: str, wanted: str) -> None:
    assert rename_key(text, path, name, "f.yaml") == wanted


def test_a_name_is_not_taken_twice() -> None:
    with pytest.raises(GeneratorError, match="cannot be called c here"):
        rename_key("a: {b: 1, c: 2}\n", ("a", "b"), "c", "f.yaml")


def test_a_value_is_quoted_as_it_is_written() -> None:
    assert quote_value("a: 1.10 # x\n", ("a",), "f.yaml") == 'a: "1.10" # x\n'
    with pytest.raises(GeneratorError, match="no plain value"):
        quote_value("a: [1]\n", ("a",), "f.yaml")


GOOD = f"""\
{HEAD}profiles:
  small: {{minReplicas: 1, resources: {{requests: {{cpu: 500m, memory: 2Gi}}}}}}
models:
  iris:  # a flower
    modelFormat: sklearn
    storageUri: s3://m/iris
    profile: small
    maxReplicas: 3
    deploymentMode: Standard
    env: [{{name: PORT, value: "8080"}}]
    livenessProbe: {{periodSeconds: 5, httpGet: {{path: /, port: 8080}}}}
  chat:
    kind: LLMInferenceService
    model: hf://org/chat
    replicas: 1
    router: true
"""


@st.composite
def broken(draw: st.DrawFn) -> str:
    """Return a catalog with a few characters of it other, gone or twice."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(len(HEAD), len(text) - 1))
        text = (
            text[:at] + draw(st.sampled_from(["", text[at] * 2, text[at].swapcase(), '"', " ", "x"])) + text[at + 1 :]
        )
    return text


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=broken())
def test_a_fix_is_made_once_and_never_brings_an_error(text: str, project: Project) -> None:
    """Whatever is broken: what is mended stays mended, and there are no more errors than before."""
    (project.root / "models.yaml").write_text(text, "utf-8")
    before = errors(project)
    edits = fix_repository(project.repository)
    for file, (_, new) in edits.changes.items():
        (project.root / file).write_bytes(new)
    assert errors(project) <= before
    assert not fix_repository(project.repository).changes


def errors(project: Project) -> int:
    told = project.validate().diagnostics
    return sum(len(found.everywhere) for found in told if found.severity is Severity.ERROR)
