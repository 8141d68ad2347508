"""A new repository is whole: whatever engine it is for, its first render is clean."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion
from tests.support.git_repository import commit_files, git, new_repository

from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.init import PLACEHOLDER, RENDERERS, SERVICES, guess_service, read_origin

REPORT = json.loads((Path(__file__).parents[2] / "schemas/kservegen/report.schema.json").read_text("utf-8"))
TOOL = ["--tool", f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}"]
ROOTS = {"argocd": ["application-dev.yaml"], "flux": ["gitrepository-dev.yaml", "kustomization-dev.yaml"], "none": []}


@pytest.mark.parametrize("url", ["https://example.com/models.git", "git@example.com:org/models.git"])
@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_a_new_repository_renders_for_every_engine(engine: str, url: str, tmp_path: Path) -> None:
    assert run_cli(cli, ["init", str(tmp_path), "--engine", engine, "--repo-url", url, *TOOL]) == 0
    assert run_cli(cli, ["render", "--root", str(tmp_path)]) == 0
    sync = tmp_path / "rendered" / "dev" / "sync"
    assert sorted(path.name for path in sync.glob("*-dev.yaml")) == ROOTS[engine]


def test_the_schemas_of_a_new_repository_are_current(tmp_path: Path) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert run_cli(cli, ["schema", "--check", "--root", str(tmp_path)]) == 0


def test_schemas_have_the_names_of_the_catalog_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/live.yaml").write_text("version: 1\n", encoding="utf-8")
    (tmp_path / "models.yaml").write_text("version: 1\n", encoding="utf-8")
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert run_cli(cli, ["schema", "--check", "--root", str(tmp_path)]) == 0
    assert '"live"' in (tmp_path / "schemas/kservegen/models.schema.json").read_text("utf-8")


def test_a_catalog_that_cannot_be_read_gets_schemas_without_its_names(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "models.yaml").write_text("version: [\n", encoding="utf-8")
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    schema = (tmp_path / "schemas/kservegen/models.schema.json").read_bytes()
    assert schema == (Path(__file__).parents[2] / "schemas/kservegen/models.schema.json").read_bytes()


@pytest.mark.parametrize("url", ["https://example.com/models.git", PLACEHOLDER])
def test_json_says_what_was_written_and_asks_nothing(
    url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kservegen.cli.init.is_asked", lambda: True)
    assert run_cli(cli, ["init", str(tmp_path), "--repo-url", url, "-o", "json", *TOOL]) == 0
    report = json.loads(capfd.readouterr().out)
    jsonschema.Draft7Validator(REPORT).validate(report)
    said = report["init"]
    assert {"models.yaml", "schemas/kservegen/lock.schema.json"} <= set(said["written"])
    assert all((tmp_path / path).is_file() for path in said["written"])
    first = "init/placeholder-url" if url == PLACEHOLDER else "init/repository-url"
    assert [note["id"] for note in said["notes"]] == [first, "init/tool"]
    assert run_cli(cli, ["init", str(tmp_path), "-o", "json", *TOOL]) == 2
    assert "already holds" in json.loads(capfd.readouterr().out)["error"]["message"]


def test_without_a_terminal_nothing_is_asked_and_nothing_is_written_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert "engine: argocd" in (tmp_path / "environments/defaults.yaml").read_text("utf-8")
    capfd.readouterr()
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 2
    assert capfd.readouterr().err.replace(str(tmp_path), "DIR") == snapshot


def test_beside_a_catalog_what_is_missing_is_added(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    """As after adopt: the catalog and other people's files stay, and nobody is asked for what the catalog says."""
    catalog = {"models.yaml": "version: 1\n", "environments/live.yaml": "version: 1\n"}
    own = {".gitattributes": "* text=auto\n"}
    for path, text in (catalog | own).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kservegen.cli.init.is_asked", lambda: True)
        assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert capfd.readouterr().out.replace(str(tmp_path), "DIR") == snapshot
    for path, text in (catalog | own).items():
        assert (tmp_path / path).read_text("utf-8") == text
    assert sorted(path.name for path in (tmp_path / "environments").iterdir()) == ["live.yaml"]
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 2, "nothing is missing any more"
    assert "already holds" in capfd.readouterr().err
    assert run_cli(cli, ["init", str(tmp_path), "--engine", "flux", *TOOL]) == 2
    assert "write gitops.engine into environments/defaults.yaml" in capfd.readouterr().err


@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_placeholder_is_left(renderer: str, tmp_path: Path) -> None:
    words = ["--engine", "argocd", "--repo-url", "https://example.com/models.git", "--rendered-by", renderer, *TOOL]
    assert run_cli(cli, ["init", str(tmp_path), *words]) == 0
    for path in tmp_path.rglob("*"):
        if path.is_file() and "schemas" not in path.parts:
            text = path.read_text("utf-8")
            assert not re.search(r"\$\$|\$\{(?!\{)|# (begin|end) carried", text), path
            if path.suffix == ".yaml":
                schema = text.partition("$schema=")[2].partition("\n")[0]
                assert (path.parent / schema).is_file(), "editors find the schema"


def test_a_new_repository_refuses_what_owns_a_node(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    with (tmp_path / "models.yaml").open("a", encoding="utf-8") as models:
        models.write(_OWNS_A_NODE)
    capfd.readouterr()
    assert run_cli(cli, ["validate", "--root", str(tmp_path)]) == 1
    rules = set(re.findall(r"error: .* \[(.*)\]", capfd.readouterr().out))
    assert rules == {
        "catalog/plain-secret",  # and no word of policy/no-plain-secrets at the same place
        "kserve/reconcile",  # the runtime's container forbids what privileged needs
        "kubernetes/pod-security",  # and no policy/no-privileged, no-host-path: it says the same of the same words
        *(f"policy/no-{name}" for name in ("host-namespaces", "latest-image")),
    }


_OWNS_A_NODE = """
  evil:
    modelFormat: sklearn
    storageUri: s3://models/evil
    env: [{name: HF_TOKEN, value: hf_Zq3kXvB7nLw9RtY2mCs5JpD8gHfA1eQ4uo}]
    securityContext: {privileged: true}
    hostPID: true
    volumes: [{name: node, hostPath: {path: /}}]
    containers: [{name: side, image: side}]
"""


def test_a_new_repository_has_a_cluster_for_each_environment(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Production's address is told to be an example until somebody knows it; nothing else is."""
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    for words in ([], ["dev"], ["prod"]):
        capfd.readouterr()
        assert run_cli(cli, ["validate", "--root", str(tmp_path), *words]) == 0
        found = re.findall(r"^(\S+): (?:info|warning): .* \[(.*)\]$", capfd.readouterr().out, re.MULTILINE)
        assert found == ([] if "dev" in words else [("environments/prod.yaml:5:31", "gitops/placeholder")])


def test_a_file_is_no_place_for_a_repository(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run_cli(cli, ["init", str(tmp_path / "file"), *TOOL]) == 2
    assert "is no folder" in capfd.readouterr().err


ORIGINS = [
    ("https://gitlab.example.com/org/models.git", "https://gitlab.example.com/org/models.git", "gitlab"),
    ("https://ada:secret@github.com/org/models.git", "https://github.com/org/models.git", "github"),
    ("https://org@dev.azure.com/org/p/_git/models", "https://dev.azure.com/org/p/_git/models", "azure"),
    ("https://org.visualstudio.com/p/_git/models", "https://org.visualstudio.com/p/_git/models", "azure"),
    ("git@gitlab.com:org/models.git", "ssh://git@gitlab.com/org/models.git", "gitlab"),
    ("ssh://git@git.example.com:2222/org/models.git", "ssh://git@git.example.com:2222/org/models.git", "github"),
    ("file:///srv/models.git", "", "github"),
    ("/srv/models.git", "", "github"),
    ("C:\\models", "", "github"),
]


@pytest.mark.parametrize(("origin", "url", "service"), ORIGINS)
def test_the_url_is_that_of_origin_and_tells_the_service(origin: str, url: str, service: str, tmp_path: Path) -> None:
    new_repository(tmp_path)
    git(tmp_path, "remote", "add", "origin", origin)
    assert read_origin(tmp_path) == url
    (tmp_path / "inside").mkdir()
    assert read_origin(tmp_path / "inside") == read_origin(tmp_path / "not/there") == "", "another repository, to come"
    assert guess_service(url) == service
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    wanted = url or PLACEHOLDER
    assert f"repoURL: {wanted}\n" in (tmp_path / "environments/defaults.yaml").read_text("utf-8")
    assert (tmp_path / ".gitlab-ci.yml").exists() is (service == "gitlab")
    assert (tmp_path / "azure-pipelines.yml").exists() is (service == "azure")
    assert (tmp_path / ".github").exists() is (service == "github")


def test_two_things_are_asked_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_repository(tmp_path)
    git(tmp_path, "remote", "add", "origin", "https://gitlab.com/org/models.git")
    monkeypatch.setattr("kservegen.cli.init.is_asked", lambda: True)
    done = CliRunner().invoke(cli, ["init", str(tmp_path), *TOOL], input="flux\n\n", standalone_mode=False)
    assert done.exception is None, done.output
    asked = re.findall(r"^(.+?) (?:\(|\[).*: ", done.output, re.MULTILINE)
    assert asked == ["GitOps engine", "URL of this repository"]
    defaults = (tmp_path / "environments/defaults.yaml").read_text("utf-8")
    assert "engine: flux" in defaults
    assert "repoURL: https://gitlab.com/org/models.git" in defaults


def test_only_github_has_a_workflow_that_renders_on_main(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for service in SERVICES[1:]:
        words = ["--ci", service, "--rendered-by", "main", *TOOL]
        assert run_cli(cli, ["init", str(tmp_path / service), *words]) == 2
        assert f"no workflow that commits rendered/ for {service}" in capfd.readouterr().err
        assert not (tmp_path / service).exists()


@pytest.mark.parametrize(("service", "renderer"), [*((each, RENDERERS[0]) for each in SERVICES), ("github", "main")])
def test_what_agents_are_told_is_so(service: str, renderer: str, tmp_path: Path) -> None:
    root = new_repository(tmp_path / "models")
    words = ["--ci", service, "--rendered-by", renderer, "--repo-url", "https://example.com/m.git", *TOOL]
    assert run_cli(cli, ["init", str(root), *words]) == 0
    page = (root / "AGENTS.md").read_text("utf-8")
    if renderer == "pull-request":
        assert run_cli(cli, ["render", "--root", str(root)]) == 0
    commit_files(root, {}, "first")
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    # An edit of the kind that it asks for, then all that it says to run.
    edit = ["set", "sklearn-iris", "minReplicas=3", "--env", "prod", "--yes"]
    assert run_cli(cli, [*edit, "--root", str(root)]) == 0
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    commands = [line.split() for line in block.splitlines()]
    assert [command[1] for command in commands] == (
        ["fmt", "validate", "render", "check"] if renderer == "pull-request" else ["fmt", "validate", "check"]
    )
    for command in commands:
        assert run_cli(cli, [*command[1:], "--root", str(root)]) == 0, command
    folders = re.findall(r"`(\.?[\w./]+)/`", page)
    assert {"schemas", "rendered", "environments"} <= {path.split("/")[0] for path in folders} | {"environments"}
    (tool,) = [path for path in folders if path.startswith(".")]
    assert (root / tool / "requirements.txt").is_file()
    assert "${" not in page


def test_a_new_repository_is_in_order(tmp_path: Path) -> None:
    assert run_cli(cli, ["init", str(tmp_path), *TOOL]) == 0
    assert run_cli(cli, ["fmt", "--check", "--root", str(tmp_path)]) == 0
