"""A small repository made of text, for tests that go through public seams."""

from __future__ import annotations

import textwrap
from pathlib import Path

from kservegen.commands.render import RenderOptions, render
from kservegen.commands.result import Result
from kservegen.commands.validate import validate
from kservegen.core.diagnostics import Severity
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import Repository
from kservegen.evaluate.environment import evaluate
from kservegen.evaluate.project import open_project

# An environment without accelerators, to which tests add their own.
CLUSTER = """\
version: 1
cluster: {name: dev}
kserve: {version: v0.19.0, deploymentMode: Standard}
prerequisites: [cert-manager, gateway-api, Gateway/kserve/kserve-ingress-gateway, leaderworkerset]
namespaces: {ns: {}}
gitops: {engine: none}
"""
DEV = (
    CLUSTER
    + """\
accelerators:
  l4:
    resource: nvidia.com/gpu
    nodeSelector: {gpu: L4}
    tolerations: [{key: nvidia.com/gpu, operator: Exists}]
"""
)

IRIS = """\
version: 1
defaults: {namespace: ns}
models:
  iris:
    modelFormat: sklearn
    storageUri: s3://models/iris
"""


class Project:
    """A repository in a folder; files are written as they are given, without their common indent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("environments/dev.yaml", DEV)
        self.write("models.yaml", IRIS)

    @classmethod
    def at(cls, root: Path) -> Project:
        """Return a repository that is there already."""
        project = cls.__new__(cls)
        project.root = root
        return project

    def write(self, path: str, text: str) -> None:
        """Write one file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), "utf-8")

    def models(self, text: str) -> None:
        """Write models.yaml: `version` and the namespace `ns` are given."""
        self.write("models.yaml", "version: 1\ndefaults: {namespace: ns}\n" + textwrap.dedent(text))

    @property
    def repository(self) -> Repository:
        """The repository."""
        return Repository.find(self.root, search_parents=False)

    def validate(self) -> Result:
        """Check everything."""
        return validate(self.repository)

    def render(self, *, check: bool = False, allow_removals: int = 0, allow_left_behind: int = 0) -> Result:
        """Render to rendered/."""
        options = RenderOptions(
            out=self.root / "rendered",
            check=check,
            allow_removals=allow_removals,
            allow_left_behind=allow_left_behind,
        )
        return render(self.repository, options)

    def problems(self) -> list[str]:
        """Return findings as `file:line:column rule`, sorted."""
        return [f"{d.location} {d.rule}" for d in self.validate().diagnostics]

    def built(self, environment: str = "dev") -> dict[str, JsonObject]:
        """Return the built objects by kind and name; the catalog must be free of errors."""
        project = open_project(self.repository)
        evaluation = evaluate(project.catalog, environment, project.tools)
        problems = [*project.diagnostics, *evaluation.diagnostics]
        problems = [problem for problem in problems if problem.severity is Severity.ERROR]
        assert not problems, problems
        assert evaluation.built is not None
        return {f"{r.kind}/{r.id.name}": r.doc for r in evaluation.built.resources}

    def spec(self, name: str, environment: str = "dev") -> JsonObject:
        """Return the spec of the one object called `name`."""
        (doc,) = (doc for key, doc in self.built(environment).items() if key.endswith(f"/{name}"))
        spec = doc["spec"]
        assert isinstance(spec, dict)
        return spec
