"""The help of every command has examples, and they work as they stand; words of other tools lead to ours."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.support.committed import ARGO, committed
from tests.support.git_repository import commit_files, git
from tests.support.project import Project

from kservegen.cli import COMMANDS, cli
from kservegen.cli.examples import EXAMPLES
from kservegen.cli.failures import run_cli

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: s3://a/iris}
  chat: {kind: LLMInferenceService, model: hf://Qwen/Qwen2.5-7B-Instruct, accelerator: {type: l4}, replicas: 1}
"""
DEFINITION = (
    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a.b.c}, "
    "spec: {group: b.c, names: {kind: A}, versions: [{name: v1, served: true, "
    "schema: {openAPIV3Schema: {type: object}}}]}}"
)
MANIFEST = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: wine, namespace: ns}
spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: "s3://a/wine"}}}
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository that the examples speak of, with a change that is not rendered yet."""
    root = tmp_path_factory.mktemp("examples") / "r"
    project = committed(root, MODELS, ARGO.replace("    resource:", "    gpu: L4\n    resource:"))
    project.write("owners.yaml", "version: 1\nplatform: {reviewers: ['@p']}\n")
    project.write("environments/prod.yaml", ARGO.replace("name: dev", "name: prod"))
    project.render()
    commit_files(root, {})
    project.models(MODELS.replace("a/iris", "a/iris2"))
    project.render()
    commit_files(root, {})
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.com")
    project.write("facts.yaml", f"revision: {'b' * 40}\n")
    project.write("cluster.json", '{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}')
    project.write("status.json", '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}')
    project.write("definition.yaml", DEFINITION)
    project.write("request.json", '{"model": "chat", "messages": [{"role": "user", "content": "2 + 2?"}]}')
    project.write("running/wine.yaml", MANIFEST)
    run_cli(cli, ["check", "--base", "HEAD", "--root", str(root), "--report", f"json={root / 'run.json'}"])
    return root


def commands() -> list[str]:
    """Return the names of all commands, those inside of others with both words."""
    context, found = click.Context(cli), list[str]()
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        found += [name, *(f"{name} {inner}" for inner in getattr(command, "commands", ()))]
    return found


def test_every_command_has_two_examples() -> None:
    """A command that is new needs a row in cli/examples.py."""
    assert sorted(commands()) == sorted(EXAMPLES)
    assert {len(examples) for examples in EXAMPLES.values()} == {2}


@pytest.mark.parametrize(("name", "words"), [(name, it.words) for name, its in EXAMPLES.items() for it in its])
def test_an_example_works_as_it_stands(
    name: str,
    words: str,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert words.startswith(name)
    shutil.copytree(repository, tmp_path / "r", symlinks=True)
    (tmp_path / "catalog").mkdir()
    monkeypatch.chdir(tmp_path / "r")
    monkeypatch.delenv("CI", raising=False)
    code = run_cli(cli, shlex.split(words))
    out, err = capfd.readouterr()
    assert code in {0, 1}, out + err
    assert "Usage:" not in err
    assert not err.startswith("kservegen: "), err


def test_help_shows_the_examples_line_by_line() -> None:
    said = CliRunner().invoke(cli, ["plan", "--help"], prog_name="kservegen").stdout
    assert "  Examples:\n    $ kservegen plan\n        what a render would change\n" in said


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("lint", "validate"),
        ("build", "render"),
        ("test", "validate, or policy test for policies"),
        ("import", "adopt"),
        ("validat", "validate"),
    ],
)
def test_words_of_other_tools_lead_to_ours(word: str, meant: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(cli, [word]) == 2
    assert f"No such command '{word}'. Did you mean {meant}?" in capfd.readouterr().err


def test_output_has_a_short_name(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    run_cli(cli, ["validate", "-o", "json", "--root", str(project.root)])
    assert capfd.readouterr().out.startswith('{\n  "reportVersion"')
    assert run_cli(cli, ["explain", "no/rule", "-o", "json"]) == 2
    assert '"error"' in capfd.readouterr().out
