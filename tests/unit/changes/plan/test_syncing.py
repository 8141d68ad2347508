"""What the objects of a GitOps engine say: the charts that it installs, whose folders it syncs, what it prunes."""

from __future__ import annotations

import pytest

from kservegen.changes.plan.syncing import Syncing
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId

ARGO, FLUX = "argoproj.io/v1alpha1", "source.toolkit.fluxcd.io/v1"


def synced(kind: str, spec: JsonObject, api_version: str = ARGO, folder: str = "sync") -> Syncing:
    resource = Resource(
        id=ResourceId(kind, "argocd", "a"), api_version=api_version, doc={"spec": spec}, file=f"{folder}/a.yaml"
    )
    return Syncing.of([resource])


CHART: JsonObject = {"chart": "kserve-resources", "repoURL": "ghcr.io/kserve/charts", "targetRevision": "v0.19.0"}
ADDRESS: JsonObject = {"repoURL": "oci://ghcr.io/kserve/charts/kserve-crd", "targetRevision": "v0.20.0"}
GIT: JsonObject = {"repoURL": "https://example.com/r.git", "targetRevision": "main"}
IMAGE = "oci://ghcr.io/kserve/charts/kserve-crd"

# An object of an engine, and the charts with their versions.
CHARTS: dict[str, tuple[Syncing, dict[str, str]]] = {
    "one source": (synced("Application", {"source": CHART}), {"kserve-resources": "v0.19.0"}),
    "a chart by its address": (synced("Application", {"source": ADDRESS}), {"kserve-crd": "v0.20.0"}),
    "several sources": (
        synced("Application", {"sources": [CHART, GIT, ADDRESS]}),
        {"kserve-resources": "v0.19.0", "kserve-crd": "v0.20.0"},
    ),
    "files in git": (synced("Application", {"source": GIT}), {}),
    "a chart at no version": (synced("Application", {"source": {"chart": "kserve-crd"}}), {}),
    "Applications of a set": (
        synced(
            "ApplicationSet",
            {
                "generators": [
                    {"list": {"elements": [{"application": {"spec": {"sources": [CHART]}}}, {}]}},
                    {"git": {}},
                ]
            },
        ),
        {"kserve-resources": "v0.19.0"},
    ),
    "an image by tag": (
        synced("OCIRepository", {"url": IMAGE, "ref": {"tag": "v0.19.0"}}, FLUX),
        {"kserve-crd": "v0.19.0"},
    ),
    "an image by range": (
        synced("OCIRepository", {"url": IMAGE, "ref": {"semver": ">=0.19.0"}}, FLUX),
        {"kserve-crd": ">=0.19.0"},
    ),
    "another kind with an address": (synced("GitRepository", {"url": IMAGE, "ref": {"tag": "v0.19.0"}}, FLUX), {}),
    "an object that is none of the engine's": (synced("Application", {"source": CHART}, folder="models"), {}),
}


@pytest.mark.parametrize("case", CHARTS)
def test_charts_and_their_versions(case: str) -> None:
    syncing, expected = CHARTS[case]
    assert syncing.charts == expected
