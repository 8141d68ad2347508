"""An environment's words for Argo CD in; the choices that its objects are written by out."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import sequence
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.values import whole_number
from kservegen.render.gitops.layers import SyncLayer
from kservegen.render.gitops.repository import OutputRepository

ARGOCD_NAMESPACE: Final = "argocd"
DEFAULT_PROJECT: Final = "default"  # every Argo CD has it, and in it nothing is forbidden


class ArgoVersion(NamedTuple):
    """A minor release of Argo CD; its patch releases are alike in all that is asked here."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> ArgoVersion | None:
        """Read `3.2`, `v3.2` or `3.2.1`; None for anything else."""
        match [whole_number(part) for part in text.removeprefix("v").split(".")]:
            case [int(major), int(minor)] | [int(major), int(minor), int()]:
                return cls(major, minor)
        return None

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


DEFAULT_VERSION: Final = ArgoVersion(3, 2)
OLDEST: Final = ArgoVersion(2, 10)  # the first with server-side diff, and with templatePatch in an ApplicationSet
NATIVE_OCI: Final = ArgoVersion(3, 1)  # the first to read a chart as an OCI artefact
REFRESHED_RETRY: Final = ArgoVersion(3, 2)  # the first whose retries take up a newer revision


class ArgoSettings(Struct, frozen=True, kw_only=True):
    """Where Argo CD runs and syncs to, and how its objects are to look.

    The projects are those of the Applications of models, of what stands beside them, of all other layers, and of the
    one above them. `more_kinds` are namespaced kinds that Applications of models, and those beside them, may hold and
    show beside those that kservegen renders.
    """

    environment: str
    repository: OutputRepository
    version: ArgoVersion
    namespace: str
    models_project: str
    companions_project: str
    platform_project: str
    root_project: str
    owns_projects: bool
    more_kinds: JsonArray
    destination: JsonObject
    as_set: bool
    native_oci: bool

    @classmethod
    def of(cls, environment: ResolvedEnvironment) -> Self:
        """Read the settings of an environment."""
        said = environment.text("gitops", "project")
        server = environment.text("cluster", "server")
        return cls(
            environment=environment.name,
            repository=OutputRepository.of(environment),
            version=ArgoVersion.parse(environment.text("gitops", "argocd", "version")) or DEFAULT_VERSION,
            namespace=environment.text("gitops", "namespace", default=ARGOCD_NAMESPACE),
            models_project=said or environment.name,
            companions_project=said or f"{environment.name}-companions",
            platform_project=said or f"{environment.name}-platform",
            root_project=said or f"{environment.name}-sync",
            owns_projects=not said,
            more_kinds=sequence(environment.at("gitops", "namespaceResourceWhitelist")),
            destination={"server": server} if server else {"name": environment.text("cluster", "name")},
            as_set=environment.at("gitops", "argocd", "applicationSet") is True,
            native_oci=environment.text("gitops", "argocd", "chartSource") == "oci",
        )

    def project_of(self, layer: SyncLayer) -> str:
        """Name the project of a layer's Application."""
        team = layer.team if self.owns_projects else ""
        if layer.is_companions:
            return self.team_companions_project(team) if team else self.companions_project
        if not layer.is_tenant:
            return self.platform_project
        return self.team_project(team) if team else self.models_project

    def team_project(self, team: str) -> str:
        """Name the project of a team's Applications."""
        return f"{self.environment}-team-{team}"

    def team_companions_project(self, team: str) -> str:
        """Name the project of what stands beside a team's models."""
        return f"{self.team_project(team)}-companions"
