"""Manifests as a change of what a commit holds: what is refused of an update, and what only looks like one."""

from __future__ import annotations

import pytest
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.platforms import release
from tests.unit.checks.manifests.conftest import SCHEMAS, Folder

from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.updates import recorded
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

MODE = "serving.kserve.io/deploymentMode"


def service(name: str, mode: str, uri: str = "s3://b/m") -> str:
    return f"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {{name: {name}, namespace: ns, annotations: {{{MODE}: {mode}}}}}
spec: {{predictor: {{model: {{modelFormat: {{name: sklearn}}, storageUri: '{uri}'}}}}}}
"""


def cache(kind: str, name: str, uri: str) -> str:
    place = ", namespace: ns" if kind == "LocalModelNamespaceCache" else ""
    return f"""\
apiVersion: serving.kserve.io/v1alpha1
kind: {kind}
metadata: {{name: {name}{place}}}
spec: {{sourceModelUri: '{uri}', modelSize: 1Gi, nodeGroups: [a]}}
"""


USED = service("used", "Standard", "s3://used")
CHANGED = "kserve/deployment-mode-change"


def test_a_change_is_judged_from_what_the_commit_holds(folder: Folder) -> None:
    new_repository(
        folder.root,
        {
            "k8s/mode.yaml": service("mode", "Standard"),
            "k8s/cache.yaml": cache("LocalModelNamespaceCache", "own", "s3://b/old"),
            "k8s/used.yaml": USED + "---\n" + cache("LocalModelCache", "gone", "s3://used"),
            "k8s/same.yaml": service("same", "Knative"),
            "k8s/list.yaml": "not: [closed\n",
            "k8s/old.yaml": service("moved", "Standard"),
            "k8s/a/twin.yaml": service("twin", "Standard"),
            "k8s/b/twin.yaml": service("twin", "ModelMesh"),
            "elsewhere.yaml": service("fresh", "Standard"),
        },
    )
    folder.write("k8s/mode.yaml", "# first\n" + service("mode", "ModelMesh"))
    folder.write("k8s/cache.yaml", cache("LocalModelNamespaceCache", "own", "s3://b/new"))
    folder.write("k8s/used.yaml", USED)
    git(folder.root, "mv", "k8s/old.yaml", "k8s/new.yaml")
    folder.write("k8s/new.yaml", service("moved", "ModelMesh"))
    folder.write("k8s/a/twin.yaml", service("twin", "ModelMesh"))
    folder.write("k8s/b/twin.yaml", service("twin", "ModelMesh") + "# edited\n")
    folder.write("k8s/fresh.yaml", service("fresh", "ModelMesh"))
    wanted = [
        f"k8s/a/twin.yaml:3:87 error {CHANGED}",
        "k8s/cache.yaml:4:24 error schema/cel-rule",
        f"k8s/mode.yaml:4:87 error {CHANGED}",
        f"k8s/new.yaml:3:88 error {CHANGED}",
        "k8s/used.yaml:4:70 error kserve/cache-removal",
    ]
    before = set(folder.problems("k8s", version="v0.20.0"))
    told = set(folder.problems("k8s", base="HEAD", version="v0.20.0")) - before
    assert sorted(told) == wanted
    of_one = folder.problems("k8s/mode.yaml", base="HEAD", version="v0.20.0")
    assert [found for found in of_one if CHANGED in found] == [wanted[2]]


def test_the_base_is_where_the_branch_parted(folder: Folder) -> None:
    new_repository(folder.root, {"a.yaml": service("a", "Standard")})
    git(folder.root, "switch", "--quiet", "--create", "change")
    commit_files(folder.root, {"b.yaml": service("b", "ModelMesh")})
    git(folder.root, "switch", "--quiet", "main")
    commit_files(folder.root, {"b.yaml": service("b", "Standard")})
    git(folder.root, "switch", "--quiet", "change")
    assert not [told for told in folder.problems(base="main") if CHANGED in told]
    with pytest.raises(GeneratorError, match="no such revision"):
        folder.problems(base="nope")


def test_a_base_needs_a_work_tree(folder: Folder) -> None:
    folder.write("a.yaml", service("a", "Standard"))
    with pytest.raises(GeneratorError, match="not in a git work tree"):
        folder.problems(base="HEAD")


# release, default mode, annotation -> the mode that the cluster has written down.
RECORDED = (
    ("v0.20.0", "Standard", "", "Standard"),
    ("v0.20.0", "Standard", "RawDeployment", "Standard"),
    ("v0.20.0", "Standard", "foo", "Standard"),
    ("v0.20.0", "Standard", "Knative", None),
    ("v0.20.0", "Standard", "ModelMesh", None),
    ("v0.20.0", "Knative", "", "Knative"),
    ("v0.20.0", "Knative", "Serverless", "Knative"),
    ("v0.19.0", "Knative", "", "Knative"),
    ("v0.19.0", "Standard", "Standard", "Standard"),
    ("v0.19.0", "Knative", "Knative", None),
    ("v0.19.0", "Standard", "foo", None),
)


@pytest.mark.parametrize(("version", "usual", "stated", "mode"), RECORDED)
def test_the_mode_that_a_cluster_has_written_down(version: str, usual: str, stated: str, mode: str | None) -> None:
    metadata: JsonObject = {"name": "a", "annotations": {MODE: stated} if stated else {}}
    stored = Resource(
        id=ResourceId("InferenceService", "ns", "a"),
        api_version="serving.kserve.io/v1beta1",
        doc={"metadata": metadata},
        file="",
    )
    found = recorded(stored, reference_cluster(release(version), usual, SCHEMAS).context).doc.get("status")
    assert found == (None if mode is None else {"deploymentMode": mode})
