"""A real Argo CD syncs what is rendered, and does no more to the models than it has to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster import binaries
from tests.cluster.conftest import Cluster, absent
from tests.cluster.gitops import GitOps, gitops

NEIGHBOURS = [f"neighbour-{number}" for number in range(6)]


@pytest.fixture(scope="module")
def argo_cd(installed: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitOps]:
    """Start Argo CD and what it reads from; no environment is synced yet."""
    try:
        with gitops(installed, tmp_path_factory.mktemp("argocd")) as started:
            started.catalog.add_models(*NEIGHBOURS)
            yield started
    except binaries.NotHereError as missing:
        absent(str(missing))


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_an_environment_syncs_and_nothing_changes_it_after_that(environment: str, argo_cd: GitOps) -> None:
    settles(argo_cd, environment)
    argo_cd.tear_down(environment)


def settles(argo_cd: GitOps, environment: str) -> None:
    """See an environment through its first sync, a second one and a hard refresh."""
    commit = argo_cd.catalog.publish()
    argo_cd.stand_up(environment)
    argo_cd.wait_synced(environment, commit)
    before = argo_cd.marks(environment)
    for doc in argo_cd.applications(environment):
        name = doc["metadata"]["name"]
        argo_cd.argo.sync(name)
        argo_cd.argo.refresh(name, hard=True)
    argo_cd.wait_synced(environment, commit)
    assert argo_cd.marks(environment) == before
