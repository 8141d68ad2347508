"""`kservegen set`: edits of the files that people write."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from tests.support.project import CLUSTER, DEV, IRIS, Project

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "kservegen" / "report.schema.json").read_text("utf-8"))
INSTALLED = "kserve: {install: none, "
MODELS = """\
version: 1
defaults: {namespace: ns}
models:
  # The first one.
  iris:   {modelFormat: sklearn, storageUri: s3://models/iris}   # here
  team/iris: {modelFormat: sklearn, storageUri: s3://models/b, env: [{name: A, value: x}]}
graphs:
  chain: {nodes: {root: {routerType: Sequence, steps: [{serviceName: iris}]}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name in ("dev", "prod"):
        text = DEV.replace("name: dev", f"name: {name}").replace("{ns: {}}", "{ns: {}, team: {}}")
        made.write(f"environments/{name}.yaml", text)
    made.write("models.yaml", MODELS)
    return made


def run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--root", str(project.root)], standalone_mode=False)


def edited(project: Project, *words: str) -> str:
    """Run a command that writes, and return models.yaml."""
    done = run(project, "set", *words, "--yes")
    assert done.exception is None, done.exception
    return (project.root / "models.yaml").read_text("utf-8")


def test_the_catalogs_entry_is_edited_in_place(project: Project) -> None:
    after = edited(project, "ns/iris", "minReplicas=2", "resources.limits.memory=8Gi")
    old = "{modelFormat: sklearn, storageUri: s3://models/iris}   # here"
    new = old.replace("/iris}", "/iris, minReplicas: 2, resources: {limits: {memory: 8Gi}}}")
    assert after == MODELS.replace(old, new)
    assert edited(project, "ns/iris", "minReplicas=2") == after


def test_an_item_of_a_list_is_found_by_its_name(project: Project) -> None:
    assert "env: [{name: A, value: z}]" in edited(project, "team/iris", "env[A].value=z")
    assert 'env: [{name: A, value: z}, {name: B, value: "1"}]' in edited(project, "team/iris", "env[B].value='1'")


def test_an_environment_gets_an_entry_where_it_has_none(project: Project) -> None:
    before = (project.root / "environments" / "prod.yaml").read_text("utf-8")
    assert edited(project, "ns/iris", "minReplicas=2", "--env", "prod") == MODELS
    after = (project.root / "environments" / "prod.yaml").read_text("utf-8")
    assert after == f"{before}models:\n  iris: {{minReplicas: 2}}\n"
    edited(project, "ns/iris", "--unset", "minReplicas", "--env", "prod")
    assert (project.root / "environments" / "prod.yaml").read_text("utf-8") == before


def test_an_edit_that_brings_an_error_is_refused(project: Project) -> None:
    done = run(project, "set", "InferenceGraph/chain", "nodes.root.routerTyp=Switch", "--yes")
    assert done.return_value == 1
    assert "Did you mean `routerType`?" in done.output
    assert "nothing was written" in done.output
    assert (project.root / "models.yaml").read_text("utf-8") == MODELS


def test_an_error_that_was_there_before_does_not_stand_in_the_way(project: Project) -> None:
    project.write("models.yaml", MODELS.replace("storageUri: s3://models/b", "storageUr: s3://models/b"))
    assert "minReplicas: 2" in edited(project, "ns/iris", "minReplicas=2")


def test_a_dry_run_shows_whom_the_edit_reaches(project: Project) -> None:
    edited(project, "ns/iris", "minReplicas=3", "--env", "prod")
    done = run(project, "set", "ns/iris", "minReplicas=2", "--dry-run")
    assert done.return_value == 0
    assert "dev: changes iris" in done.output
    assert "prod: does not change iris" in done.output
    assert (project.root / "models.yaml").read_text("utf-8") == MODELS


def test_the_json_report_follows_its_schema(project: Project) -> None:
    done = run(project, "set", "ns/iris", "minReplicas=2", "--output", "json", "--yes")
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert report["edits"]["written"]
    assert [f["file"] for f in report["edits"]["files"]] == ["models.yaml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("irs", "a=1"), "no entry irs"),
        (("dev", "a=1"), "dev is an environment, and a model is named here: "),
        (("ns/iris", "a"), "this is no path=value"),
        (("ns/iris", "a="), "there is no value"),
        (("ns/iris", "a=yes"), "does not mean the same"),
        (("ns/iris", "a=yes"), 'Quote it if text is meant: "yes". Otherwise write true.'),
        (("ns/iris", "a=b: c"), "has to be quoted"),
        (("ns/iris", "storageUri.x=1"), "which has no words below it"),
        (("team/iris", "env.A=1"), "env is a list"),
        (("ns/iris", "--unset", "minReplicas"), "does not say minReplicas"),
        (("ns/iris", "a=1", "--env", "prd"), "no environment prd"),
        (("ns/iris", "minReplicas=2"), "no terminal"),
    ],
)
def test_what_cannot_be_done_is_said(project: Project, words: tuple[str, ...], message: str) -> None:
    done = run(project, "set", *words, *(() if message == "no terminal" else ("--yes",)))
    failure = done.exception
    said = f"{failure} {failure.hint}" if isinstance(failure, GeneratorError) else str(failure)
    assert message in f"{said}{done.output}"
    assert (project.root / "models.yaml").read_text("utf-8") == MODELS


def test_no_file_outside_of_the_repository_is_written(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "models.yaml"
    outside.write_text(MODELS, "utf-8")
    (project.root / "models.yaml").unlink()
    (project.root / "models.yaml").symlink_to(outside)
    done = run(project, "set", "ns/iris", "minReplicas=2", "--yes")
    assert isinstance(done.exception, GeneratorError)
    assert "leads out of the repository" in done.exception.message
    assert outside.read_text("utf-8") == MODELS


@pytest.mark.parametrize(
    "words",
    [
        ("set", "ns/iris", "minReplicas=2", "--env", "dev", "--yes"),
        ("promote", "dev", "prod", "--yes"),
        ("promote", "prod", "dev", "--yes"),
        ("explain", "ns/iris", "--env", "dev"),
    ],
)
def test_an_environment_that_cannot_be_read_is_there_all_the_same(project: Project, words: tuple[str, ...]) -> None:
    project.write("environments/dev.yaml", "models: [\n")
    refused = run(project, *words).exception
    assert isinstance(refused, GeneratorError)
    assert str(refused).startswith("environments/dev.yaml: the file cannot be read as it is")


def test_an_entry_may_stand_in_what_cannot_be_read(project: Project) -> None:
    project.write("models.yaml", "models: [\n")
    refused = run(project, "set", "iris", "minReplicas=2", "--yes").exception
    assert isinstance(refused, GeneratorError)
    assert str(refused).startswith("iris is not in what can be read of the catalog")


def test_an_environment_that_an_edit_does_not_reach_is_not_judged(project: Project) -> None:
    dev = (project.root / "environments" / "dev.yaml").read_text("utf-8")
    project.write("environments/dev.yaml", f"{dev}models:\n  ns/iris: {{storageUri: nowhere}}\n")
    done = run(project, "set", "ns/iris", "minReplicas=2", "--env", "prod", "--output", "json", "--yes")
    told = json.loads(done.stdout)
    jsonschema.validate(told, SCHEMA)
    assert told["edits"]["rendered"]
    assert [each["environment"] for each in told["edits"]["reaches"]] == ["prod"]
    done = run(project, "set", "ns/iris", "minReplicas=3", "--env", "prod", "--dry-run")
    assert "differ (kservegen render prod): " in done.output
    # Through the catalog every environment is reached.
    done = run(project, "set", "ns/iris", "minReplicas=2", "--dry-run")
    assert "(kservegen render)" not in done.output


def test_an_edit_is_held_against_the_environments_of_its_cluster(project: Project) -> None:
    project.write("environments/dev.yaml", CLUSTER)
    prod = CLUSTER.replace("{ns: {}}", "{}").replace("[cert", "[Namespace/ns, cert").replace("kserve: {", INSTALLED)
    project.write("environments/prod.yaml", f"{prod}models: {{iris: null}}\n")
    project.write("models.yaml", IRIS)
    assert run(project, "validate").return_value == 0
    done = run(project, "promote", "dev", "prod", "iris", "--add", "--yes")
    assert "gitops/shared-object" in done.output
    assert "iris: null" in (project.root / "environments" / "prod.yaml").read_text("utf-8")


def test_an_edit_of_a_base_reaches_all_that_extend_it(project: Project) -> None:
    project.write("environments/bases/common.yaml", "version: 1\n")
    for name in ("dev", "prod", "test"):
        extends = "" if name == "test" else "extends: [common]\n"
        project.write(f"environments/{name}.yaml", CLUSTER.replace("name: dev", f"name: {name}") + extends)
    project.write("models.yaml", IRIS)
    done = run(project, "set", "iris", "minReplicas=2", "--env", "common", "--dry-run")
    assert "differ (kservegen render dev prod): " in done.output
    project.write("environments/test.yaml", CLUSTER.replace("name: dev", "name: test") + "extends: [common]\n")
    done = run(project, "set", "iris", "minReplicas=2", "--env", "common", "--dry-run")
    assert "differ (kservegen render): " in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ns/iris", "modelFormat=sklearn"), {"dev": False, "prod": False}),
        (("ns/iris", "minReplicas=2", "--env", "prod"), {"prod": True}),
        (("ns/iris", "minReplicas=2"), {"dev": True, "prod": True}),
    ],
)
def test_whom_an_edit_reaches_is_told(project: Project, words: tuple[str, ...], told: dict[str, bool]) -> None:
    done = run(project, "set", *words, "--output", "json", "--yes")
    reaches = json.loads(done.stdout)["edits"]["reaches"]
    assert {each["environment"]: each["changes"] for each in reaches} == told
