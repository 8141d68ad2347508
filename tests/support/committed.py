"""A repository with one environment that Argo CD syncs, rendered and committed: what a change is compared with."""

from __future__ import annotations

from pathlib import Path

from tests.support.git_repository import commit_files, new_repository
from tests.support.project import DEV, Project

ARGO = DEV.replace("{engine: none}", "{engine: argocd, repoURL: 'https://example.com/x.git'}")


def committed(root: Path, models: str, environment: str = ARGO) -> Project:
    """Make the repository with these models."""
    new_repository(root)
    project = Project(root)
    project.write("environments/dev.yaml", environment)
    project.models(models)
    project.render()
    commit_files(root, {})
    return project
