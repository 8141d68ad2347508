"""Checks of an environment's `gitops`: what its engine needs is said, and what is said goes together."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.diagnostics import Finding
from kservegen.kserve.charts.model import Charts
from kservegen.render.gitops.argocd.settings import DEFAULT_PROJECT, DEFAULT_VERSION, NATIVE_OCI, OLDEST, ArgoVersion


def check_gitops(environment: ResolvedEnvironment, charts: Charts) -> Iterator[Finding]:
    """Check the words for the engine that an environment has chosen."""
    engine = environment.text("gitops", "engine")
    if engine not in ENGINES:
        return
    yield from _repository(environment)
    yield from _chart_repository(environment, charts)
    if engine == "argocd":
        yield from _argocd(environment)


def _repository(environment: ResolvedEnvironment) -> Iterator[Finding]:
    if not environment.text("gitops", "repoURL"):
        yield Finding(
            rule="gitops/no-repository",
            path=("gitops",),
            message="gitops has no repoURL, so nothing can be synced",
            hint="Add gitops.repoURL: the URL that the cluster clones this repository from.",
            at_key=True,
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
