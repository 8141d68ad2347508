"""Who holds what in; CODEOWNERS out, in what GitHub and GitLab read alike.

The last line that fits a file decides, so the platform's comes first and stands for all that no team holds:
owners.yaml, environments, policies, workflows, and CODEOWNERS itself. A team reviews its files, and what is rendered in
its namespaces. Paths hold no letter that would have to be escaped: the schema of owners.yaml sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.model import Catalog
from kservegen.catalog.owners import ANY, Owners, Team
from kservegen.catalog.sections import KINDS
from kservegen.core.repository import OUTPUT_FOLDER
from kservegen.render.gitops.layers import LayerPart
from kservegen.render.output.ownership import stamp

CODEOWNERS: Final = "CODEOWNERS"
# Folders of an environment's output in which a namespace has a folder of its own that its team writes.
_FOLDERS: Final = tuple(sorted({LayerPart.COMPANIONS.value, *(k.folder for k in KINDS.values() if k.namespaced)}))


def build_codeowners(owners: Owners, catalog: Catalog, prefix: str = "") -> bytes:
    """Write the file; `prefix` is the path of the repository below the one of git, blank where they are the same."""
    top = f"/{prefix}" if prefix else "/"
    lines = [_line(top if prefix else ANY, owners.reviewers)]
    lines += [_line(f"{top}{path.lstrip('/')}", who) for path, who in owners.codeowners.items()]
    for team in owners.teams:
        lines += [_line(f"{top}{path}", team.reviewers) for path in _paths(team, catalog)]
    return stamp(CODEOWNERS, "".join(lines))


def _paths(team: Team, catalog: Catalog) -> Iterator[str]:
    yield from team.files
    lives = [name for name, source in catalog.environments.items() if team.lives_in(source.names)]
    for environment in [ANY] if team.environments is None else lives:
        for namespace in team.namespaces:
            yield from (f"{OUTPUT_FOLDER}/{environment}/{folder}/{namespace}/" for folder in _FOLDERS)


def _line(path: str, reviewers: tuple[str, ...]) -> str:
    return f"{path} {' '.join(reviewers)}\n"
