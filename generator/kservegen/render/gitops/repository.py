"""Where an engine finds what it syncs: the Git repository of the output, and the registry of KServe's charts."""

from __future__ import annotations

from typing import Final, Self

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment

CHART_REPOSITORY: Final = "ghcr.io/kserve/charts"
DEFAULT_REVISION: Final = "main"
DEFAULT_PATH: Final = "rendered"


class OutputRepository(Struct, frozen=True, kw_only=True):
    """The addresses. `folder` is the environment's own in the repository; `charts` has no scheme.

    With `inline_values` the values of charts stand in the objects that install them, else in files beside them.
    """

    url: str
    revision: str
    folder: str
    charts: str
    inline_values: bool

    @classmethod
    def of(cls, environment: ResolvedEnvironment) -> Self:
        """Read the addresses of an environment."""
        path = environment.text("gitops", "path", default=DEFAULT_PATH).strip("/")
        charts = environment.text("gitops", "chartRepository", default=CHART_REPOSITORY)
        return cls(
            url=environment.text("gitops", "repoURL"),
            revision=environment.text("gitops", "targetRevision", default=DEFAULT_REVISION),
            folder=f"{path}/{environment.name}",
            charts=charts.removeprefix("oci://").strip("/"),
            inline_values=environment.text("gitops", "values") == "inline",
        )

    def values_file(self, chart: str) -> str:
        """Return the path, in the repository, of the values that a chart is installed with."""
        return f"{self.folder}/platform/values/{chart}.yaml"
