"""What two environments of one cluster may not share, and at which line that is told."""

from __future__ import annotations

import pytest
from tests.support.project import DEV, Project

from kservegen.commands.validate import validate
from kservegen.core.diagnostics import Severity

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
    "the address that each cluster has for itself, read by one engine": (
        environment(cluster=f"name: a, {IN_CLUSTER}", engine=FLUX),
        environment(cluster=f"name: b, {IN_CLUSTER}", engine=FLUX),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns of cluster https://kubernetes.default.svc too"],
    ),
    "the address that each cluster has for itself, an engine in each": (
        environment(cluster=f"name: a, {IN_CLUSTER}", engine=FLUX),
        environment(cluster=f"name: b, {IN_CLUSTER}", engine=FLUX.replace("}", ", instance: b}")),
        "prod",
        [],
    ),
    "one engine's own cluster, by its name and by its address": (
        environment(cluster="name: in-cluster"),
        environment(cluster=IN_CLUSTER),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns of cluster https://kubernetes.default.svc too"],
    ),
    "a name, and an address that has it elsewhere": (
        environment(cluster="name: a, server: https://10.0.0.1", **OTHER),
        environment(cluster="name: a"),
        "prod",
        [],
    ),
    "through a third: two names, and each of them with an address": (
        environment(cluster="name: a"),
        environment(cluster="server: https://10.0.0.1").replace("{ns: {}}", "{ns: {}, other: {}}"),
        "prod",
        [],
    ),
    "two namespaces of one cluster are one cause": (
        environment().replace("{ns: {}}", "{ns: {}, other: {}}"),
        environment().replace("{ns: {}}", "{ns: {}, other: {}}"),
        "prod",
        ["environments/prod.yaml:5:14 dev renders namespace ns and 1 more of cluster main too"],
    ),
    "a namespace that one renders and the other promises": (
        environment(),
        environment()
        .replace("{ns: {}}", "{}")
        .replace("[cert", "[Namespace/ns, cert")
        .replace("iris: {namespace: ns}", "iris: null"),
        "prod",
        [],
    ),
    "two names of one cluster, of which nothing is shared": (
        environment(cluster="name: a, server: https://10.0.0.1:6443"),
        environment(cluster="name: b, server: https://10.0.0.1:6443", **OTHER),
        "prod",
        ["environments/prod.yaml:2:17 dev has this cluster under another name"],
    ),
    "a name that is left out is no other name": (
        environment(cluster="server: https://10.0.0.1:6443"),
        environment(cluster="name: b, server: https://10.0.0.1:6443", **OTHER),
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
        environment(cluster=f"name: b, {IN_CLUSTER}", engine=ARGOCD.replace("}", ", instance: b}")),
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


SHARED = "gitops/shared-namespace"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://a.corp:6443", "https://a.corp:6443/"),
        ("https://a.corp", "https://a.corp:443"),
        ("https://A.corp", "HTTPS://a.CORP."),
        ("https://a.corp/k8s/c-1", "https://a.corp:443/k8s/c-1/"),
        ("https://[fd00::1]:6443", "https://[FD00::1]:6443"),
        ("a.corp:6443", "https://a.corp:6443"),
        ("https://kubernetes.default.svc", "https://kubernetes.default.svc:443/"),
        ("https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local"),
        ("https://kubernetes.default.svc", "https://kubernetes"),
    ],
)
def test_one_address_in_two_forms(first: str, second: str, project: Project) -> None:
    project.write("environments/dev.yaml", environment(cluster=f"name: a, server: '{first}'"))
    project.write("environments/prod.yaml", environment(cluster=f"name: b, server: '{second}'"))
    assert project.problems() == [f"environments/prod.yaml:5:14 {SHARED}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://a.corp:6443", "https://a.corp:6444"),
        ("https://a.corp", "http://a.corp"),
        ("https://a.corp/k8s/c-1", "https://a.corp/k8s/C-1"),
        ("https://a.corp", "https://a.corp.example"),
        ("https://kubernetes.default.svc", "https://kubernetes.default.svc:6443"),
        ("https://[fd00::1", "https://[fd00::2"),
        ("https://a.corp:port", "https://a.corp:other"),
    ],
)
def test_two_addresses(first: str, second: str, project: Project) -> None:
    project.write("environments/dev.yaml", environment(cluster=f"name: a, server: '{first}'"))
    project.write("environments/prod.yaml", environment(cluster=f"name: b, server: '{second}'"))
    assert [p for p in project.problems() if "placeholder" not in p] == []


def test_an_environment_alone_is_held_against_the_others(project: Project) -> None:
    """Also the first one: the other file is read, and both places are told."""
    project.write("environments/dev.yaml", environment(cluster="name: a, server: https://10.0.0.1"))
    project.write("environments/prod.yaml", "\n" + environment(cluster="name: b, server: https://10.0.0.1:443"))
    for name, line, other, there in (("dev", 5, "prod", 6), ("prod", 6, "dev", 5)):
        (found,) = validate(project.repository, environments=(name,)).diagnostics
        assert (str(found.location), found.rule) == (f"environments/{name}.yaml:{line}:14", SHARED)
        assert found.message == f"{other} renders namespace ns of cluster https://10.0.0.1 too"
        assert found.environments == (name,)
        assert [str(item.location) for item in found.related] == [f"environments/{other}.yaml:{there}:14"]


def test_what_the_others_share_is_not_said_of_one(project: Project) -> None:
    project.write("environments/dev.yaml", environment(cluster="name: mine", **OTHER))
    for name in ("prod", "staging"):
        project.write(f"environments/{name}.yaml", environment())
    assert not validate(project.repository, environments=("dev",)).diagnostics


@pytest.mark.parametrize(
    "words", ["cluster: 7\n", "cluster: {name: main}\nnamespaces: [1]\nkserve: {version: v9}\n", "a: ["]
)
def test_another_file_that_is_wrong_is_no_fault_of_this_one(words: str, project: Project) -> None:
    project.write("environments/dev.yaml", environment())
    project.write("environments/prod.yaml", f"version: 1\n{words}")
    found = validate(project.repository, environments=("dev",)).diagnostics
    assert not [d for d in found if d.location.file != "environments/prod.yaml"]


def test_words_from_the_defaults_are_told_at_the_cluster_of_each(project: Project) -> None:
    words = environment()
    project.write("environments/defaults.yaml", words.replace("cluster: {name: main}\n", ""))
    project.write("environments/dev.yaml", "version: 1\n\ncluster: {name: a, server: https://10.0.0.1}\n")
    project.write("environments/prod.yaml", "version: 1\ncluster: {name: b, server: https://10.0.0.1}\n")
    (found,) = (d for d in project.validate().diagnostics if d.rule == SHARED)
    assert str(found.location) == "environments/prod.yaml:2:1"
    assert [str(item.location) for item in found.related] == ["environments/dev.yaml:3:1"]
    assert found.seen == "b here, a in dev"


@pytest.mark.parametrize("first", [f"name: dev, {IN_CLUSTER}", "name: in-cluster"])
def test_a_cluster_of_two_engines_says_how_they_are_told_apart(first: str, project: Project) -> None:
    project.write("environments/dev.yaml", environment(cluster=first))
    project.write("environments/prod.yaml", environment(cluster=f"name: prod, {IN_CLUSTER}"))
    (found,) = project.validate().diagnostics
    assert "gitops: {instance: prod}" in found.hint


def test_an_address_that_is_an_example(project: Project) -> None:
    project.write("environments/dev.yaml", environment(cluster="server: 'HTTPS://prod.example.com:6443/'", engine=FLUX))
    (found,) = project.validate().diagnostics
    assert (str(found.location), found.rule, found.severity) == (
        "environments/dev.yaml:2:19",
        "gitops/placeholder",
        Severity.INFO,
    )
