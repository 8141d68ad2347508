"""Words of an environment that Flux cannot obey: an environment in, findings with paths of its words out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.diagnostics import Finding
from kservegen.core.names import LABEL_LENGTH
from kservegen.render.gitops.flux.writer import SCHEMES
from kservegen.render.objects.environment import BuiltEnvironment

_RANGES: Final = frozenset("*^~<>= ")
_IN_CLUSTER: Final = "https://kubernetes.default.svc"


def check_flux(built: BuiltEnvironment) -> Iterator[Finding]:
    """Check an environment whose engine is Flux."""
    environment = built.environment
    yield from _repository(environment)
    yield from _revision(environment)
    if environment.text("gitops", "values") == "ref":
        yield Finding(
            rule="gitops/values-by-reference",
            path=("gitops", "values"),
            message="a HelmRelease cannot read values from a file in Git",
            seen="ref",
            allowed="inline, which is what Flux gets without this word",
            hint="Remove gitops.values.",
        )
    yield from _cluster(environment)
    yield from _names(built)


def _repository(environment: ResolvedEnvironment) -> Iterator[Finding]:
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


def _revision(environment: ResolvedEnvironment) -> Iterator[Finding]:
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


def _cluster(environment: ResolvedEnvironment) -> Iterator[Finding]:
    server = environment.text("cluster", "server")
    if server.rstrip("/") == _IN_CLUSTER and environment.mapping("gitops", "flux", "kubeConfig"):
        yield Finding(
            rule="gitops/two-clusters",
            path=("gitops", "flux", "kubeConfig"),
            message="a kubeconfig is for another cluster, and cluster.server is the one that Flux runs in",
            seen=server,
            hint="Set cluster.server to the address of the other cluster, or remove kubeConfig.",
            at_key=True,
        )


def _names(built: BuiltEnvironment) -> Iterator[Finding]:
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
