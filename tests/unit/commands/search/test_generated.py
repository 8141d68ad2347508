"""Names as Kubernetes, Knative and LeaderWorkerSet generate them, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.commands.find_query.generated import sights
from kservegen.kserve.derived import Derived, child_name

# apimachinery's rand, and names.SimpleNameGenerator: 63 characters, 5 of them random.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
RANDOM = st.text(ALPHABET, min_size=5, max_size=5)
HASH = st.text(ALPHABET, min_size=1, max_size=10)


def names(longest: int) -> st.SearchStrategy[str]:
    """Draw names of every length alike: the long ones are cut."""
    sizes = st.integers(2, longest)
    return sizes.flatmap(lambda size: st.text("abd7-", min_size=size - 2, max_size=size - 2)).map(
        lambda text: f"a{text}z"
    )


def generate(base: str, ending: str) -> str:
    """Make a name of a base as the API server does."""
    return base[: 63 - 5] + ending


def seen(name: str, derived: Derived) -> set[str]:
    return {kind for sight in sights(name, derived) for kind in sight.kinds}


@given(names(52), HASH, RANDOM)
def test_every_pod_and_replica_set_of_a_deployment_is_found(name: str, digest: str, ending: str) -> None:
    deployment = Derived(f"{name}-predictor", ("Deployment",), "predictor", "Deployment")
    replica_set = f"{deployment.name}-{digest}"
    assert "ReplicaSet" in seen(replica_set, deployment)
    assert "Pod" in seen(generate(f"{replica_set}-", ending), deployment)


@given(names(62), RANDOM)
def test_every_pod_of_a_daemon_set_is_found(name: str, ending: str) -> None:
    agents = Derived(name, ("DaemonSet",), "node agent", "DaemonSet")
    assert seen(generate(f"{name}-", ending), agents) == {"Pod"}


@given(names(52), st.integers(0, 99), st.integers(1, 99))
def test_every_pod_of_a_leader_worker_set_is_found(name: str, group: int, worker: int) -> None:
    workers = Derived(f"{name}-kserve-mn", ("LeaderWorkerSet",), "main", "LeaderWorkerSet")
    assert seen(f"{workers.name}-{group}", workers) == {"Pod", "StatefulSet"}
    assert seen(f"{workers.name}-{group}-{worker}", workers) == {"Pod"}


@given(names(46), st.integers(1, 200), HASH, RANDOM)
def test_every_pod_of_a_revision_is_found(name: str, number: int, digest: str, ending: str) -> None:
    service = Derived(f"{name}-predictor", ("Knative Service",), "predictor", "Knative")
    revision = f"{service.name}-{number:05}"
    deployment = child_name(revision, "-deployment")
    assert "Revision" in seen(revision, service)
    assert "Deployment" in seen(deployment, service)
    assert "Pod" in seen(generate(f"{deployment}-{digest}-", ending), service)


IRIS = Derived("iris-predictor", ("Deployment", "Service"), "predictor", "Deployment")


@pytest.mark.parametrize(
    "name",
    [
        "iris",
        "iris-predictor-",
        "iris-predictor-7c9d8b5f6d-",
        "iris-predictor-7c9d8b5f6d-aeiou",  # no random ending has vowels
        "iris-predictor-default-x2x9k",
        "iris-predictor-7c9d8b5f6d-x2x9k-x2x9k",
        "other-iris-predictor-7c9d8b5f6d-x2x9k",
        "iris-predictor-00001-deployment-7c9d8b5f6d-x2x9k",
    ],
)
def test_other_names_are_not_taken_for_its_own(name: str) -> None:
    assert seen(name, IRIS) == set()


def test_the_workload_itself_comes_by_all_its_kinds() -> None:
    assert seen("iris-predictor", IRIS) == {"Deployment", "Service"}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("iris-predictor-00001", {"Revision", "Service"}),
        ("iris-predictor-00001-private", {"Service"}),
        ("iris-predictor-00001-deployment", {"Deployment"}),
        ("iris-predictor-00012-deployment-7c9d8b5f6d", {"ReplicaSet"}),
        ("iris-predictor-00012-deployment-7c9d8b5f6d-x2x9k", {"Pod"}),
        ("iris-predictor-1", set()),
        ("iris-predictor-00001-other", set()),
    ],
)
def test_what_knative_makes_of_a_service(name: str, kinds: set[str]) -> None:
    assert seen(name, IRIS._replace(pods="Knative")) == kinds
