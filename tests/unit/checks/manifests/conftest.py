"""What the tests of manifests from disk share: a folder, a judge, and runs through the use case."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from tests.support.platforms import release

from kservegen.checks.engines.builtin import BuiltinEngine
from kservegen.checks.manifests.reference import reference_cluster
from kservegen.checks.runner import Checker, open_checker
from kservegen.commands.result import Result
from kservegen.commands.validate_manifests import LintOptions, lint
from kservegen.core.repository import packaged_data
from kservegen.formats.jsonschema.store import SchemaStore

SCHEMAS = SchemaStore([packaged_data() / "schemas"])


@lru_cache(maxsize=1)
def judge() -> Checker:
    return open_checker(BuiltinEngine(SCHEMAS))


class Folder:
    """A folder of manifests; findings are given as `file:line:column severity rule`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())

    def lint(
        self, *paths: str, stdin: bytes | None = None, version: str = "v0.19.0", base: str | None = None
    ) -> Result:
        options = LintOptions(
            open_file=TemporaryFile,
            paths=tuple(self.root / path for path in paths or (() if stdin is not None else (".",))),
            cluster=reference_cluster(release(version), "Standard", SCHEMAS),
            schemas=SCHEMAS,
            stdin=stdin,
            base=base,
        )
        return lint(judge(), options)

    def problems(self, *paths: str, base: str | None = None, version: str = "v0.19.0") -> list[str]:
        found = self.lint(*paths, base=base, version=version).diagnostics
        return [f"{d.location} {d.severity} {d.rule}".removeprefix(f"{self.root.as_posix()}/") for d in found]

    def verdicts(self, *paths: str) -> list[tuple[str, bool | None, bool | None]]:
        documents = self.lint(*paths).documents
        assert documents is not None
        return [(report.name, report.admitted, report.deployable) for report in documents.reports]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder."""
    return Folder(tmp_path)
