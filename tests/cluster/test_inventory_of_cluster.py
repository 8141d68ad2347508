"""`kservegen inventory` against a real API server: discovery, pages, metadata alone, what may not be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from tests.cluster.control_plane import Client, Json
from tests.cluster.objects import make_namespace
from tests.support.project import Project

from kservegen.cli import cli

VALUE = "dG9wLXNlY3JldC12YWx1ZQ=="
RUNTIME: Json = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ClusterServingRuntime",
    "metadata": {"name": "own"},
    "spec": {
        "supportedModelFormats": [{"name": "own", "autoSelect": True}],
        "containers": [{"name": "kserve-container", "image": "registry.example.com/own:1"}],
    },
}


def test_a_real_server_is_written_down(cluster: Client, tmp_path: Path) -> None:
    for namespace in ("ns", "kserve"):
        make_namespace(cluster, namespace)
    created: dict[str, Json] = {
        "/api/v1/namespaces/ns/secrets": {"kind": "Secret", "metadata": {"name": "reg"}, "data": {"token": VALUE}},
        "/apis/scheduling.k8s.io/v1/priorityclasses": {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "batch"},
            "value": 7,
        },
        "/apis/serving.kserve.io/v1alpha1/clusterservingruntimes": RUNTIME,
    }
    accounts = "/api/v1/namespaces/ns/serviceaccounts"
    made: list[tuple[str, Json]] = [
        (accounts, {"kind": "ServiceAccount", "metadata": {"name": f"a{n:03}"}}) for n in range(510)
    ]
    for path, body in (*created.items(), *made):
        done = cluster.call("POST", path, {"apiVersion": "v1", **body})
        assert done.accepted, done.message
    project = Project(tmp_path / "r")
    words, said = asked(project, cluster, tmp_path)
    assert words["namespaces"]["ns"]["Secret"] == {"reg": {"keys": ["token"]}}
    assert len([name for name in words["namespaces"]["ns"]["ServiceAccount"] if name.startswith("a")]) == 510
    assert {"batch", "system-node-critical"} <= set(words["cluster"]["PriorityClass"])
    assert (
        words["cluster"]["ClusterServingRuntime"]["own"]["spec"]["containers"][0]["image"]
        == "registry.example.com/own:1"
    )
    definitions = words["cluster"]["CustomResourceDefinition"]
    assert definitions["inferenceservices.serving.kserve.io"] == {"versions": ["v1beta1"]}
    assert not [
        name for name in definitions if name.endswith((".apps", ".rbac.authorization.k8s.io", ".storage.k8s.io"))
    ]
    assert "unread" not in words
    assert words["kubernetesVersion"]  # a server that is built from source knows no number
    assert VALUE not in said


def asked(project: Project, cluster: Client, folder: Path) -> tuple[dict[str, Any], str]:
    """Take the inventory; return its words, and all that was written and said."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [
            {"name": "c", "cluster": {"server": cluster.url, "certificate-authority": str(cluster.authority)}}
        ],
        "users": [{"name": "u", "user": {"token": cluster.token}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config), "utf-8")
    line = ["inventory", "--root", str(project.root), "--env", "dev", "--kubeconfig", str(file)]
    done = CliRunner().invoke(cli, line, standalone_mode=False)
    assert done.exception is None, done.exception
    assert done.return_value == 0, done.output
    text = (project.root / "environments" / "dev.inventory.yaml").read_text("utf-8")
    words: dict[str, Any] = yaml.safe_load(text)
    return words, done.output + text
