"""Everything that is rendered is taken by a real API server, as it is and once more without a change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster.conftest import ROOT, documents, own_cluster
from tests.cluster.control_plane import Answer, Client, Json
from tests.cluster.objects import collection, make_namespace, url

ENVIRONMENTS = sorted(path.name for path in (ROOT / "rendered").iterdir() if path.is_dir())
# What has to be there before what lies in it.
ORDER = ("Namespace", "ConfigMap", "ValidatingAdmissionPolicy")


def rendered(environment: str) -> list[tuple[str, Json]]:
    folder = ROOT / "rendered" / environment
    found = [(file, doc) for file, doc in documents(folder) if not file.startswith("platform/")]
    return sorted(found, key=lambda item: ORDER.index(item[1]["kind"]) if item[1]["kind"] in ORDER else len(ORDER))


def apply(client: Client, doc: Json) -> Answer:
    """Apply an object as Argo CD does with server-side apply, unknown fields refused."""
    return client.call("PATCH", url(doc), doc, fieldManager="kservegen", fieldValidation="Strict", force="true")


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """Return the name of an environment of this repository."""
    return str(request.param)


@pytest.fixture(scope="module")
def own(environment: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Start a cluster for one environment, whose policies hold for all of it."""
    with own_cluster(tmp_path_factory.mktemp(environment)) as started:
        yield started.client


def test_every_object_is_accepted_strictly_and_applying_it_again_changes_nothing(environment: str, own: Client) -> None:
    for name in ("argocd", "flux-system", "kserve"):  # made by the engines' installations, and with the charts
        make_namespace(own, name)
    found = rendered(environment)
    assert len(found) > 8
    for file, doc in found:
        first = apply(own, doc)
        assert first.accepted, f"{file}: {first.code} {first.message}"
        assert first.warnings == (), file
        if "fluxcd.io" in doc["apiVersion"]:  # the server stores the default of their status with the second write
            created, first = first, apply(own, doc)
            assert created.body["metadata"]["generation"] == first.body["metadata"]["generation"], file
        again = apply(own, doc)
        versions = [answer.body["metadata"]["resourceVersion"] for answer in (first, again)]
        assert versions[0] == versions[1], f"{file}: applied again, it changed"


def test_a_misspelt_field_is_refused(own: Client) -> None:
    doc = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "a"},
        "spec": {"predictor": {"minReplica": 1, "model": {"modelFormat": {"name": "sklearn"}}}},
    }
    answer = own.call("POST", collection(doc), doc, fieldValidation="Strict", dryRun="All")
    assert (answer.code, answer.accepted) == (400, False)
    assert "minReplica" in answer.message
