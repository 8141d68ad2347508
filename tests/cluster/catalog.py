"""This repository's catalog in a git repository of its own, changed, rendered and committed as its owners would."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml
from tests.cluster.conftest import ROOT
from tests.cluster.control_plane import Json
from tests.support.git_repository import commit_files, new_repository

from kservegen.commands.render import RenderOptions, render
from kservegen.core.repository import Repository

MODELS = "models.yaml"
DEFAULTS = "environments/defaults.yaml"


class Catalog:
    """A catalog in a git repository."""

    def __init__(self, folder: Path) -> None:
        new_repository(folder)
        shutil.copy(ROOT / MODELS, folder)
        shutil.copytree(ROOT / "environments", folder / "environments")
        self.folder = folder

    def edit(self, file: str, change: Callable[[Json], object]) -> None:
        """Change the words of a file."""
        path = self.folder / file
        words = yaml.safe_load(path.read_bytes())
        change(words)
        path.write_text(yaml.safe_dump(words, sort_keys=False), "utf-8")

    def add_models(self, *names: str, **words: object) -> None:
        """Add models, each of the first one's kind."""
        model = {"modelFormat": "sklearn", "storageUri": "s3://models/iris", **words}
        self.edit(MODELS, lambda catalog: catalog["models"].update({name: dict(model) for name in names}))

    def gitops(self, **words: object) -> None:
        """Set the words of all environments that say how they are synced."""
        self.edit(DEFAULTS, lambda defaults: defaults.update(gitops={**defaults.get("gitops", {}), **words}))
        for path in sorted((self.folder / "environments").glob("*.yaml")):
            if path.name != Path(DEFAULTS).name:
                self.edit(f"environments/{path.name}", _told_by_defaults)

    def publish(self) -> str:
        """Render all environments and commit; returns the commit."""
        options = RenderOptions(out=self.folder / "rendered", allow_removals=100)
        result = render(Repository.find(self.folder, search_parents=False), options)
        assert result.exit_code == 0, [f"{d.location} {d.rule} {d.message}" for d in result.diagnostics]
        return self.commit()

    def commit(self) -> str:
        """Commit what lies in the folder; returns the commit."""
        return commit_files(self.folder, {})

    def rendered(self, environment: str, folder: str = "") -> list[Json]:
        """Return the objects that are rendered below a folder of an environment, by path of their files."""
        found = sorted((self.folder / "rendered" / environment / folder).rglob("*.yaml"))
        documents = (doc for path in found for doc in yaml.safe_load_all(path.read_bytes()))
        return [doc for doc in documents if isinstance(doc, dict) and "kind" in doc]


def _told_by_defaults(environment: Json) -> None:
    """Leave of an environment's words for its engine only which engine reads it."""
    environment["gitops"] = {word: said for word, said in environment.get("gitops", {}).items() if word == "instance"}
