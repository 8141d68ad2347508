"""What runs in a real cluster is adopted from there, rendered and synced, and nothing of it is written to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from tests.cluster.conftest import KSERVE_VERSION
from tests.cluster.control_plane import Client, Json, kubeconfig
from tests.cluster.models import marks
from tests.cluster.objects import make_namespace, url
from tests.support.running import KUBEFLOW, OPENSHIFT_AI
from tools.team_repository import write_team_repository

from kservegen.catalog.sections import KINDS
from kservegen.cli import cli
from kservegen.commands.render import RenderOptions, render
from kservegen.core.repository import Repository

PERSON = "person"
ENGINE = "kustomize-controller"


def teams(folder: Path) -> list[Json]:
    """Return the models of a repository of many teams, as they are rendered for one environment."""
    write_team_repository(folder, 300)
    repository = Repository.find(folder, search_parents=False)
    assert render(repository, RenderOptions(out=repository.output)).exit_code == 0
    return read(folder / "rendered/dev/models")


def read(folder: Path) -> list[Json]:
    return [yaml.safe_load(path.read_bytes()) for path in sorted(folder.rglob("*.yaml"))]


def apply(client: Client, docs: Iterable[Json], manager: str) -> None:
    """Apply objects as kubectl apply --server-side and Flux do."""
    for doc in docs:
        done = client.call("PATCH", url(doc), doc, fieldManager=manager, fieldValidation="Strict", force="true")
        assert done.accepted, done.message


def adopted(folder: Path, *words: str) -> list[Json]:
    """Adopt; return the objects of KServe's kinds that are rendered of it."""
    folder.mkdir()
    line = ["adopt", *words, "--write", "--root", str(folder), "--kserve", KSERVE_VERSION]
    done = CliRunner().invoke(cli, line, standalone_mode=False)
    assert done.exception is None, done.exception
    assert done.return_value == 0, done.output
    repository = Repository.find(folder, search_parents=False)
    result = render(repository, RenderOptions(out=repository.output))
    assert result.exit_code == 0, [f"{d.location} {d.rule} {d.message}" for d in result.diagnostics]
    return [doc for doc in read(folder / "rendered/prod") if doc["kind"] in KINDS]


@pytest.mark.parametrize("name", ["teams", "kubeflow", "openshift-ai"])
def test_what_runs_is_not_written_to(cluster: Client, tmp_path: Path, name: str) -> None:
    texts = {"kubeflow": KUBEFLOW, "openshift-ai": OPENSHIFT_AI}
    held = [*yaml.safe_load_all(texts[name])] if name in texts else teams(tmp_path / "teams")
    running = [doc for doc in held if doc["kind"] in KINDS]
    for doc in running:
        doc.pop("status", None)
        doc["metadata"].pop("uid", None)
        doc["metadata"].pop("finalizers", None)
    namespaces = sorted({doc["metadata"]["namespace"] for doc in running})
    for namespace in namespaces:
        make_namespace(cluster, namespace)
    apply(cluster, running, PERSON)
    before = marks(cluster, running)
    (tmp_path / "running.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": running}), "utf-8")
    rendered = adopted(tmp_path / "from-files", str(tmp_path / "running.json"))
    apply(cluster, rendered, PERSON)  # whoever applied them goes on
    assert specs(cluster, rendered) == {key: (mark.uid, mark.generation) for key, mark in before.items()}
    if name not in texts:  # with the very bytes that were applied before
        assert marks(cluster, running) == before
    asked = [word for namespace in namespaces for word in ("--namespace", namespace)]
    config = str(kubeconfig(tmp_path, cluster))
    rendered = adopted(tmp_path / "from-cluster", "--from-cluster", "--kubeconfig", config, *asked)
    apply(cluster, rendered, ENGINE)  # an engine takes over: it notes its name, and no controller sees anything else
    assert specs(cluster, rendered) == {key: (mark.uid, mark.generation) for key, mark in before.items()}


def specs(client: Client, docs: Iterable[Json]) -> dict[str, tuple[str, int]]:
    """Return what tells the specs of objects apart, as they are now."""
    return {name: (mark.uid, mark.generation) for name, mark in marks(client, docs).items()}
