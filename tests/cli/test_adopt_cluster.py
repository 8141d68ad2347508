"""`kservegen adopt --from-cluster`: what an API server gives comes in, and nothing else is asked of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.api_server import TOKEN, FakeApi, serve_api
from tests.support.reports import checked_report

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.load import load_strict

GROUP = "serving.kserve.io"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    with serve_api() as server:
        server.add(GROUP, "v1alpha1", "ClusterServingRuntime")
        server.add("", "v1", "ResourceQuota")
        server.add("", "v1", "LimitRange")
        server.add(GROUP, "v1beta1", "InferenceService", *(model(name) for name in ("iris", "mnist", "wine")))
        yield server


def model(name: str, namespace: str = "flowers", **metadata: object) -> dict[str, Any]:
    """Return a model as a server has it: without its kind in a list, with what the server wrote."""
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": "1", "resourceVersion": "7", **metadata},
        "spec": {
            "predictor": {
                "serviceAccountName": "reader",
                "model": {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://a/{name}"},
            }
        },
        "status": {"deploymentMode": "RawDeployment"},
    }


def controller(tag: str) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"image": f"kserve/kserve-controller:{tag}"}]}}
    return {"metadata": {"name": "kserve-controller-manager", "namespace": "kserve"}, "spec": {"template": pod}}


def account(name: str, namespace: str = "flowers", **metadata: object) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, **metadata}}


def adopt(api: FakeApi, root: Path, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    root.mkdir(exist_ok=True)
    line = ["adopt", "--from-cluster", "--root", str(root), *words]
    if "--kubeconfig" not in words:
        line += ["--kubeconfig", str(api.kubeconfig(root.parent))]
    done = CliRunner().invoke(cli, line, standalone_mode=False)
    if isinstance(done.exception, GeneratorError):
        return 2, f"{done.exception} | {done.exception.hint}"
    if done.exception is not None:
        raise done.exception
    return int(done.return_value or 0), done.output


def words(file: Path) -> Any:  # noqa: ANN401 - whatever the file says
    return load_strict(file.read_bytes(), file.name).value


def test_a_cluster_becomes_a_catalog(api: FakeApi, tmp_path: Path) -> None:
    api.add("apps", "v1", "Deployment", controller("v0.19.0"))
    code, said = adopt(api, tmp_path / "out", "--context", "dev=here", "--write")
    assert code == 0, said
    assert "proof: 3 of 3 objects of KServe's kinds would be stored as they are now" in said
    assert list(words(tmp_path / "out/models/flowers.yaml")["models"]) == ["iris", "mnist", "wine"]
    defaults = words(tmp_path / "out/environments/defaults.yaml")
    assert defaults["kserve"] == {"version": "v0.19.0", "install": "none", "deploymentMode": "Standard"}
    environment = words(tmp_path / "out/environments/dev.yaml")
    assert environment["prerequisites"] == ["Namespace/flowers", "ServiceAccount/flowers/reader"]
    assert {method for method, _, _ in api.asked} == {"GET"}
    assert not [path for _, path, _ in api.asked if "secret" in path]
    assert TOKEN not in said


def test_two_clusters_are_two_environments(api: FakeApi, tmp_path: Path) -> None:
    code, said = adopt(api, tmp_path / "out", "--context", "dev=here", "--context", "here", "--write")
    assert code == 0, said
    assert "proof: 6 of 6 objects" in said
    assert sorted(path.name for path in (tmp_path / "out/environments").iterdir()) == [
        "defaults.yaml",
        "dev.yaml",
        "prod.yaml",
    ]
    assert words(tmp_path / "out/environments/dev.yaml")["cluster"] == {"name": "dev"}


def test_named_namespaces_alone_are_read(api: FakeApi, tmp_path: Path) -> None:
    api.objects[GROUP, "inferenceservices"].append(model("elsewhere", "other"))
    api.forbidden |= {f"/apis/{GROUP}/v1beta1/inferenceservices", f"/apis/{GROUP}/v1alpha1/clusterservingruntimes"}
    code, said = adopt(api, tmp_path / "out", "--namespace", "flowers", "--write")
    assert code == 0, said
    assert [path.name for path in (tmp_path / "out/models").iterdir()] == ["flowers.yaml"]
    code, said = adopt(api, tmp_path / "again", "--write")
    assert code == 2
    assert "the cluster does not give its inferenceservices of all namespaces: forbidden" in said
    assert "--namespace" in said
    assert list((tmp_path / "again").iterdir()) == []


@pytest.mark.parametrize(
    ("selector", "taken"),
    [(None, []), ("", ["other", "reader"]), ("team=botany", ["reader"])],
)
def test_what_stands_beside_models_comes_on_request(
    api: FakeApi, tmp_path: Path, selector: str | None, taken: list[str]
) -> None:
    owner = [{"kind": "InferenceService", "name": "iris", "controller": True}]
    api.add(
        "",
        "v1",
        "ServiceAccount",
        account("reader", labels={"team": "botany"}),
        account("other"),
        account("default"),
        account("made", ownerReferences=owner),
        account("away", "elsewhere"),
    )
    api.add("", "v1", "Secret", account("token"))
    asked = () if selector is None else ("--companions", selector)
    code, said = adopt(api, tmp_path / "out", "--write", *asked)
    assert code == 0, said
    found = sorted(path.stem for path in (tmp_path / "out").rglob("manifests/*/*/*.yaml"))
    assert found == [f"serviceaccount-{name}" for name in taken]
    assert not [path for _, path, _ in api.asked if "secret" in path]


def test_what_cannot_be_admitted_is_named_without_a_line(api: FakeApi, tmp_path: Path) -> None:
    odd = model("odd")
    odd["spec"]["predictor"]["minReplica"] = 1
    api.objects[GROUP, "inferenceservices"].append(odd)
    code, said = adopt(api, tmp_path / "out")
    assert code == 1
    assert 'prod: the cluster of prod: InferenceService flowers/odd: unknown field "minReplica"' in said
    line = ["adopt", "--from-cluster", "--root", str(tmp_path / "out"), "--output", "json"]
    done = CliRunner().invoke(cli, [*line, "--kubeconfig", str(api.kubeconfig(tmp_path))], standalone_mode=False)
    adoption: Any = checked_report(done.stdout)["adoption"]
    assert [item["object"] for item in adoption["refused"]] == ["InferenceService flowers/odd"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("no-kserve", "the cluster has no kinds of KServe"),
        ("no-discovery", "the cluster does not say what it serves: forbidden"),
        ("no-context", "no cluster can be found: no context nowhere that names a server is there"),
        ("no-answer", "the cluster gives no answer"),
        ("no-client", "kservegen[cluster]"),
        ("unknown-version", "v0.99.0"),
        ("one-environment-twice", "an environment is one cluster"),
    ],
)
def test_whoever_asks_in_vain_is_told_why(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, said: str
) -> None:
    extra: tuple[str, ...] = ()
    if broken == "no-kserve":
        api.resources.clear()
    elif broken == "no-discovery":
        api.forbidden.add("/apis")
    elif broken == "no-context":
        extra = ("--context", "nowhere")
    elif broken == "one-environment-twice":
        extra = ("--context", "here", "--context", "prod=here")
    elif broken == "no-client":
        monkeypatch.setitem(sys.modules, "kubernetes", None)
    elif broken == "unknown-version":
        api.add("apps", "v1", "Deployment", controller("v0.99.0"))
    else:
        api.url = "http://127.0.0.1:1/secret-place"
    code, told = adopt(api, tmp_path / "out", "--write", *extra)
    assert (code, said in told, "secret-place" in told) == (2, True, False), told
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        (),
        ("--from-cluster", "somewhere"),
        ("somewhere", "--namespace", "flowers"),
        ("somewhere", "--companions", ""),
    ],
)
def test_options_that_say_two_things_are_refused(tmp_path: Path, line: tuple[str, ...]) -> None:
    assert CliRunner().invoke(cli, ["adopt", "--root", str(tmp_path), *line]).exit_code == 2
