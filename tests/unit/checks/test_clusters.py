"""What two environments of one cluster may not share, and at which line that is told."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

IN_CLUSTER = "server: https://kubernetes.default.svc"
ARGOCD = "{engine: argocd, repoURL: https://example.com/m.git}"
FLUX = "{engine: flux, repoURL: https://example.com/m.git}"
POLICIES = "policies: {bindings: {pinned-revision: {actions: [Audit]}}}\n"
CHARTS = "kserve-crd, kserve-resources, kserve-runtime-configs"


def environment(
    *, cluster: str = "name: main", namespace: str = "ns", engine: str = "{engine: none}", more: str = ""
) -> str:
    """Write an environment with one model, in a namespace of its own."""
    words = DEV.replace("name: dev", cluster).replace("namespaces: {ns:", f"namespaces: {{{namespace}:")
    return words.replace("{engine: none}", engine) + f"models: {{iris: {{namespace: {namespace}}}}}\n" + more


def without_charts(words: str) -> str:
    """Have KServe be there already."""
    return words.replace("[cert-manager", f"[{CHARTS}, cert-manager")


POLICY = "ValidatingAdmissionPolicy pinned-revision"
OTHER = {"namespace": "other"}
# The words of both environments; the name of the second one; what is found.
CASES: dict[str, tuple[str, str, str, list[str]]] = {
    "one namespace: what lies in it is no cause of its own": (
        environment(),
        environment(),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns of cluster main too"],
    ),
    "a copy: all follows from the cluster": (
        environment(engine=FLUX, more=POLICIES),
        environment(engine=FLUX, more=POLICIES),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns of cluster main too"],
    ),
    "one namespace of two: the rest is told": (
        environment(engine=FLUX),
        environment(engine=FLUX).replace("{ns: {}}", "{ns: {}, other: {}}"),
        "prod",
        [
            "environments/prod.yaml:2:1 dev has KServe installed on cluster main too",
            "environments/prod.yaml:5:14 dev renders namespace ns of cluster main too",
        ],
    ),
    "a cluster each": (environment(), environment(cluster="name: second"), "prod", []),
    "one cluster, nothing of it twice": (environment(), environment(**OTHER), "prod", []),
    "one cluster by its address, called by two names": (
        environment(cluster="name: a, server: https://10.0.0.1/"),
        environment(cluster="name: b, server: https://10.0.0.1"),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns of cluster https://10.0.0.1 too"],
    ),
    "the address that each cluster has for itself": (
        environment(cluster=f"name: a, {IN_CLUSTER}", engine=FLUX),
        environment(cluster=f"name: b, {IN_CLUSTER}", engine=FLUX),
        "prod",
        [],
    ),
    "KServe is installed once": (
        environment(cluster=f"name: main, {IN_CLUSTER}", engine=ARGOCD),
        environment(cluster=f"name: main, {IN_CLUSTER}", engine=ARGOCD, **OTHER),
        "prod",
        ["environments/prod.yaml:2:1 dev has KServe installed on cluster main too"],
    ),
    "KServe is left to the other": (
        environment(engine=FLUX),
        without_charts(environment(engine=FLUX, **OTHER)),
        "prod",
        [],
    ),
    "policies hold for a whole cluster": (
        environment(engine=FLUX, more=POLICIES),
        without_charts(environment(engine=FLUX, more=POLICIES, **OTHER)),
        "prod",
        [
            f"environments/prod.yaml:13:1 dev renders {POLICY} and 1 more for the same cluster too",
        ],
    ),
    "policies are left to the other": (
        environment(engine=FLUX, more=POLICIES),
        without_charts(environment(engine=FLUX, more=POLICIES.replace("{b", "{render: false, b"), **OTHER)),
        "prod",
        [],
    ),
    "a model in a namespace that nobody renders": (
        environment().replace("namespaces: {ns: {}}\n", "").replace("[cert", "[Namespace/ns, cert"),
        environment().replace("namespaces: {ns: {}}\n", "").replace("[cert", "[Namespace/ns, cert"),
        "prod",
        ["models.yaml:4:3 dev renders InferenceService ns/iris for the same cluster too"],
    ),
    "Applications of two clusters, in the one of Argo CD": (
        environment(cluster="server: https://10.0.0.1", engine=ARGOCD),
        environment(cluster="server: https://10.0.0.2", engine=ARGOCD),
        "dev-cluster",
        ["environments/dev-cluster.yaml:6:1 dev renders Application argocd/dev-cluster for the same cluster too"],
    ),
    "Applications of two clusters, each with an Argo CD": (
        environment(cluster=f"name: a, {IN_CLUSTER}", engine=ARGOCD),
        environment(cluster=f"name: b, {IN_CLUSTER}", engine=ARGOCD),
        "dev-cluster",
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_two_environments_share(case: str, project: Project) -> None:
    first, second, name, expected = CASES[case]
    project.write("environments/dev.yaml", first)
    project.write(f"environments/{name}.yaml", second)
    found = project.validate().diagnostics
    assert [f"{d.location} {d.message}" for d in found] == expected
    assert all(d.environments == (name,) for d in found)


def test_a_chart_that_is_promised_is_neither_synced_nor_uninstalled(project: Project) -> None:
    project.write("environments/dev.yaml", without_charts(environment(engine=FLUX)))
    built = project.built()
    assert "Kustomization/dev-models-ns" in built
    assert not [name for name in built if "kserve-" in name]
    assert project.render().exit_code == 0
    assert "helm uninstall" not in (project.root / "rendered/dev/README.md").read_text("utf-8")
