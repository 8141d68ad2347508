"""What people type for a thing in a cluster."""

from __future__ import annotations

import pytest

from kservegen.commands.find_query.query import Query, readings


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("iris", Query("iris")),
        ("pod/iris", Query("iris", "pod")),
        ("pods/iris", Query("iris", "pod")),
        ("Pod/iris", Query("iris", "pod")),
        ("deployment.apps/iris", Query("iris", "deployment")),
        ("deploy/iris", Query("iris", "deployment")),
        ("inferenceservices.serving.kserve.io/iris", Query("iris", "inferenceservice")),
        ("isvc/iris", Query("iris", "inferenceservice")),
        ("ingresses/iris", Query("iris", "ingress")),
        ("localmodelcaches/iris", Query("iris", "localmodelcache")),
        ("lws/iris", Query("iris", "leaderworkerset")),
        ("team-a/iris", Query("iris", "", "team-a")),
        ("team-a/pod/iris", Query("iris", "pod", "team-a")),
        ("pod/team-a/iris", Query("iris", "pod", "team-a")),
        ("ns/iris", Query("iris", "namespace")),
        ("/iris/", Query("iris")),
        ("", Query("")),
    ],
)
def test_kind_and_namespace_are_told_apart(typed: str, query: Query) -> None:
    assert readings(typed)[0] == query


@pytest.mark.parametrize(
    ("typed", "kinds", "wanted"),
    [
        ("iris", ("Deployment",), True),
        ("deploy/iris", ("Deployment", "Service"), True),
        ("svc/iris", ("Knative Service",), True),
        ("ksvc/iris", ("Knative Service",), True),
        ("pod/iris", ("Deployment",), False),
    ],
)
def test_a_kind_narrows(typed: str, kinds: tuple[str, ...], wanted: bool) -> None:
    assert readings(typed)[0].wants(*kinds) is wanted


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        ("apps/iris", Query("iris", "", "apps")),
        ("pod/services/iris", Query("iris", "", "services")),
        ("services/pod/iris", Query("iris", "pod", "services")),
    ],
)
def test_a_namespace_may_be_called_like_a_kind(typed: str, other: Query) -> None:
    assert other in readings(typed)[1:]
