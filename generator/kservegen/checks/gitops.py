"""Checks of an environment's `gitops`: what its engine needs is said, and what is said goes together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.diagnostics import Finding
from kservegen.core.names import LABEL_LENGTH
from kservegen.kserve.charts.model import Charts
from kservegen.render.gitops.argocd.settings import (
    DEFAULT_PROJECT,
    DEFAULT_VERSION,
    NATIVE_OCI,
    OLDEST,
    ArgoVersion,
)
from kservegen.render.gitops.clusters import SERVER_IN_CLUSTER, cluster_address, is_example_server
from kservegen.render.gitops.flux.words import SCHEMES
from kservegen.render.objects.environment import BuiltEnvironment

# What makes a revision a range of versions, which Flux reads for charts alone.
_RANGES: Final = frozenset("*^~<>= ")


def check_gitops(built: BuiltEnvironment, charts: Charts) -> Iterator[Finding]:
    """Check the words for the engine that an environment has chosen."""
    environment = built.environment
    engine = environment.text("gitops", "engine")
    yield from _repository(environment)
    yield from _placeholder(environment)
    yield from _chart_repository(environment, charts)
    if engine == "argocd":
        yield from _argocd(environment)
    elif engine == "flux":
        yield from _flux(built)


def _repository(environment: ResolvedEnvironment) -> Iterator[Finding]:
    if not environment.text("gitops", "repoURL"):
        yield Finding(
            rule="gitops/no-repository",
            path=("gitops", "engine"),
            message="gitops has an engine and no repoURL, so nothing can be synced",
            hint="Add gitops.repoURL: the URL that the cluster clones this repository from.",
        )


def _placeholder(environment: ResolvedEnvironment) -> Iterator[Finding]:
    server = environment.text("cluster", "server")
    if is_example_server(server):
        yield Finding(
            rule="gitops/placeholder",
            path=("cluster", "server"),
            message="this address is an example, which no cluster has",
            seen=server,
            hint="Write the address of the cluster's API server: kubectl cluster-info prints it.",
        )


def _chart_repository(environment: ResolvedEnvironment, charts: Charts) -> Iterator[Finding]:
    address = environment.text("gitops", "chartRepository").rstrip("/")
    above, _, last = address.rpartition("/")
    if last in charts.names:
        yield Finding(
            rule="gitops/chart-repository",
            path=("gitops", "chartRepository"),
            message=f"the address ends with the name of a chart, {last}",
            seen=address,
            allowed=above,
            hint="Remove the chart's name: it is put after the address.",
        )


def _argocd(environment: ResolvedEnvironment) -> Iterator[Finding]:
    if not environment.text("cluster", "server") and not environment.text("cluster", "name"):
        yield Finding(
            rule="gitops/no-cluster",
            path=("gitops",),
            message="no cluster is named, so Argo CD has no destination",
            hint="Add cluster.server or cluster.name.",
            at_key=True,
        )
    if environment.name == DEFAULT_PROJECT and not environment.text("gitops", "project"):
        yield Finding(
            rule="gitops/default-project",
            path=("gitops",),
            message="the environment is called default, and so would be the AppProject that it renders",
            hint="Rename the environment's file, or name a project that exists as gitops.project.",
            at_key=True,
        )
    yield from _version(environment)


def _version(environment: ResolvedEnvironment) -> Iterator[Finding]:
    said = environment.text("gitops", "argocd", "version")
    version = ArgoVersion.parse(said) if said else DEFAULT_VERSION
    if version is None:
        return  # the schema has a finding for it
    if version < OLDEST:
        yield Finding(
            rule="gitops/argocd-version",
            path=("gitops", "argocd", "version"),
            message=f"Argo CD {version} is older than what the output is written for",
            seen=said,
            allowed=f"{OLDEST} and later",
            hint="Upgrade Argo CD first: it has no server-side diff, without which models are never in sync.",
        )
    elif version < NATIVE_OCI and environment.text("gitops", "argocd", "chartSource") == "oci":
        yield Finding(
            rule="gitops/argocd-version",
            path=("gitops", "argocd", "chartSource"),
            message=f"Argo CD {version} cannot read a chart as an OCI artefact",
            seen="oci",
            allowed="helm",
            hint=f"Write chartSource: helm, or upgrade Argo CD to {NATIVE_OCI}.",
        )


def _flux(built: BuiltEnvironment) -> Iterator[Finding]:
    """Check words that Flux cannot obey."""
    environment = built.environment
    yield from _flux_repository(environment)
    yield from _flux_revision(environment)
    if environment.text("gitops", "values") == "ref":
        yield Finding(
            rule="gitops/values-by-reference",
            path=("gitops", "values"),
            message="a HelmRelease cannot read values from a file in Git",
            seen="ref",
            allowed="inline, which is what Flux gets without this word",
            hint="Remove gitops.values.",
        )
    yield from _flux_cluster(environment)
    yield from _flux_names(built)


def _flux_repository(environment: ResolvedEnvironment) -> Iterator[Finding]:
    url = environment.text("gitops", "repoURL")
    if not url or url.startswith(SCHEMES):
        return
    user, colon, path = url.partition(":")
    address = f"ssh://{user}/{path.lstrip('/')}" if colon and "@" in user else "https://example.com/org/models.git"
    yield Finding(
        rule="gitops/repository-url",
        path=("gitops", "repoURL"),
        message="Flux reads a Git repository from an http, https or ssh URL only",
        seen=url,
        allowed=", ".join(SCHEMES),
        hint=f"Write it as {address}.",
    )


def _flux_revision(environment: ResolvedEnvironment) -> Iterator[Finding]:
    revision = environment.text("gitops", "targetRevision")
    if revision == "HEAD" or _RANGES.intersection(revision):
        yield Finding(
            rule="gitops/revision",
            path=("gitops", "targetRevision"),
            message="Flux would take this for the name of a branch",
            seen=revision,
            allowed="a branch, a commit in full, or a reference such as refs/tags/v1.0.0",
            hint="Name the branch that holds the output.",
        )


def _flux_cluster(environment: ResolvedEnvironment) -> Iterator[Finding]:
    server = environment.text("cluster", "server")
    if cluster_address(server) == SERVER_IN_CLUSTER and environment.mapping("gitops", "flux", "kubeConfig"):
        yield Finding(
            rule="gitops/two-clusters",
            path=("gitops", "flux", "kubeConfig"),
            message="a kubeconfig is for another cluster, and cluster.server is the one that Flux runs in",
            seen=server,
            hint="Set cluster.server to the address of the other cluster, or remove kubeConfig.",
            at_key=True,
        )


def _flux_names(built: BuiltEnvironment) -> Iterator[Finding]:
    """Flux labels all it applies with the name of the Kustomization or HelmRelease, so that it has to fit a label."""
    for resource in built.own:
        name = resource.id.name
        if resource.file.startswith("sync/") and len(name) > LABEL_LENGTH:
            yield Finding(
                rule="gitops/name-too-long",
                path=("gitops", "engine"),
                message=f"the {resource.kind} {name} has more characters than the label in which Flux writes its name",
                seen=str(len(name)),
                allowed=f"at most {LABEL_LENGTH}",
                hint="Shorten the environment's name or that of the namespace.",
            )
