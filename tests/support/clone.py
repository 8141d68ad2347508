"""A catalog in a git repository, with what it takes to commit its output and to look at what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.git_repository import git
from tests.support.project import DEV, IRIS, Project

from kservegen.commands.commit import CommitOptions, commit_output
from kservegen.commands.render import RenderOptions
from kservegen.commands.result import Result
from kservegen.render.commit.outcome import BranchOutcome

GENERATOR = Path(__file__).parents[2] / "generator"
PROD = DEV.replace("cluster: {name: dev}", "cluster: {name: prod}")


class Entry(NamedTuple):
    """A file of a commit."""

    mode: str
    content: str


class Clone(Project):
    """A work tree with a catalog of one model and two environments; `name` and address are set in its own config."""

    def __init__(self, root: Path, *, inside: str = "", catalog: bool = True) -> None:
        self.top = root
        self.root = root / inside
        git(root, "config", "user.name", "Bot")
        git(root, "config", "user.email", "bot@example.com")
        if catalog:
            self.write("environments/dev.yaml", DEV)
            self.write("environments/prod.yaml", PROD)
            self.write("models.yaml", IRIS)
            self.save("A catalog")

    def git(self, *words: str) -> str:
        """Run git at the top."""
        return git(self.top, *words)

    def save(self, message: str = "change") -> str:
        """Commit the catalog and return the commit."""
        self.git("add", "--all", "--", ":(top)*.yaml", ":(exclude,top,glob)**/rendered/**")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def scale(self, replicas: int) -> str:
        """Change the model, commit that and return the commit."""
        self.write("models.yaml", IRIS + f"    minReplicas: {replicas}\n    maxReplicas: {replicas}\n")
        return self.save(f"{replicas} replicas")

    def publish(self, branch: str = "main") -> None:
        """Push what is committed to a branch of origin."""
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")

    def commit(self, *environments: str, allow_removals: int = 0, **options: object) -> tuple[BranchOutcome, ...]:
        """Commit the output; there must be no finding."""
        result, branches = self.attempt(*environments, allow_removals=allow_removals, **options)
        assert branches is not None, result.diagnostics
        return branches

    def attempt(
        self, *environments: str, allow_removals: int = 0, **options: object
    ) -> tuple[Result, tuple[BranchOutcome, ...] | None]:
        """Commit the output; no outcome where there are findings."""
        rendering = RenderOptions(out=self.root / "rendered", allow_removals=allow_removals)
        wanted = CommitOptions(render=rendering, environments=environments, **options)  # type: ignore[arg-type]
        result, outcome = commit_output(self.repository, wanted)
        return result, None if outcome is None else outcome.branches

    def files(self, revision: str, below: str = "") -> dict[str, Entry]:
        """Return the files of a commit by path from the top."""
        found = {}
        for line in self.git("ls-tree", "-r", revision).splitlines():
            facts, _, path = line.partition("\t")
            mode, _, name = facts.split(" ")
            if path.startswith(below):
                found[path] = Entry(mode, "" if mode == "160000" else self.git("cat-file", "blob", name))
        return found

    def rendered(self) -> dict[str, str]:
        """Return the rendered files of the work tree by path from the top, last line ends left out as `files` does."""
        out = self.root / "rendered"
        return {
            path.relative_to(self.top).as_posix(): path.read_bytes().decode().removesuffix("\n")
            for path in out.rglob("*")
            if path.is_file()
        }

    def subjects(self, revision: str = "HEAD") -> list[str]:
        """Return the subjects of a history, newest first."""
        return self.git("log", "--format=%s", revision).splitlines()


def first_be(clone: Clone, command: str) -> None:
    """Let somebody else run a command in the middle of the clone's first push."""
    hook = clone.top / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\nrm -f '{hook}'\nunset $(git rev-parse --local-env-vars)\n{command}\n")
    hook.chmod(0o755)


def start_command(root: Path, words: Sequence[str]) -> subprocess.Popen[str]:
    """Start the command line in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(GENERATOR)}
    return subprocess.Popen(
        [sys.executable, "-m", "kservegen", "commit", "--root", str(root), "--output", "json", *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def report_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a process and return its report."""
    out, _ = process.communicate()
    report: dict[str, Any] = json.loads(out)
    return report
