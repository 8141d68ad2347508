"""A page of the documentation in; its blocks out, each with what the page says of it, and what came of running them.

A block is run, validated, or marked by a comment above it:

    <!-- start: new -->             the page's repository, from here on: new (as init makes it), example (ours), empty
    <!-- file: PATH -->             YAML is that file of the page's repository
    <!-- add to: PATH -->           YAML is laid over that file
    <!-- replace in: PATH -->       YAML takes the place of the same words of that file
    <!-- wrong -->                  beside it: its schema refuses it, as the page says
    <!-- words of: environments --> YAML is held against that schema of ours: models, environments, owners, lock
    <!-- manifest -->               YAML goes through `kservegen validate`
    <!-- exit: 1 -->                the last command of a shell block ends with that code
    <!-- output -->                 what the last command printed, line by line; … stands for what is left out
    <!-- fragment: WHY -->          part of something; not checked
    <!-- not run: WHY -->           commands that need what a test has not
    <!-- all fragments: WHY -->     every block of the page

A shell block without a mark is run; any other block without one is an error. YAML that begins with a comment of a
file's name is held against the schema of that file.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from click.testing import CliRunner
from jsonschema import Draft7Validator
from tests.support.git_repository import WHO, commit_files, git, new_repository

from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.commands.init import Answers, write_scaffold
from kservegen.commands.tool_source import read_tool

ROOT: Final = Path(__file__).parents[2]
_MARK: Final = re.compile(r"^\s*<!-- ([a-z ]+?)(?:: (.*?))? -->$")
_FENCE: Final = re.compile(r"^(\s*)```(\w*)\s*$")
_NAMED: Final = re.compile(r"# ([\w./*<>-]+\.yaml)\b")
_SHELL: Final = re.compile(r"[|<>;&$`(]")
_TOOL: Final = f"git+https://git.example.com/org/kservegen@{'c0ffee42' * 5}"
# Says yes to what names files that are there.
_KUBECTL: Final = """#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in -f) test "$2" = - || test -e "$2" || { echo "no file $2" >&2; exit 1; }; shift;; esac
  shift
done
"""


class Loader(yaml.SafeLoader):
    """YAML in which a day is text, as in ours."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its line, its language, its text, and the marks above it."""

    line: int
    language: str
    text: str
    marks: dict[str, str]


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page in order; marks stand in the lines right above, blank ones between."""
    lines = page.splitlines()
    marks: dict[str, str] = {}
    everywhere: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        if mark := _MARK.match(line):
            name, value = mark[1], mark[2] or ""
            (everywhere if name == "all fragments" else marks)[name.removeprefix("all ").rstrip("s")] = value
        elif fence := _FENCE.match(line):
            start = number
            number += 1
            while lines[number].strip() != "```":
                number += 1
            text = "\n".join(each.removeprefix(fence[1]) for each in lines[start + 1 : number])
            yield Block(start + 1, fence[2], text + "\n", everywhere | marks)
            marks = {}
        elif line.strip():
            marks = {name: value for name, value in marks.items() if name == "start"}
        number += 1


@dataclass
class Reader:
    """Somebody who does what a page says, block by block, in a repository of the page's own."""

    folder: Path
    root: Path | None = None
    printed: str = ""
    unchecked: bool = False
    wrong: list[str] = field(default_factory=list)

    def read(self, page: str) -> list[str]:
        """Do it all, and return what went wrong, each with its line."""
        for block in blocks(page):
            try:
                self._do(block)
            except Wrong as error:
                self.wrong.append(f"line {block.line}: {error}")
        if self.unchecked and self.root is not None:
            code, said = self._kservegen(["validate"])
            if code:
                self.wrong.append(f"at the end of the page, validate says {code}: {said}")
        return self.wrong

    def _do(self, block: Block) -> None:
        marks = block.marks
        if "start" in marks:
            self._start(marks["start"])
        for mark in ("fragment", "not run"):
            if mark in marks:
                _demand(marks[mark], f"{mark} without a reason")
                return
        if "output" in marks:
            self._compare(block.text)
        elif block.language in {"sh", "console"}:
            self._run(block)
        elif block.language == "yaml":
            self._yaml(block)
        else:
            raise Wrong("this block is neither run nor validated, and no mark says why")

    def _start(self, kind: str) -> None:
        self.root = self.folder / f"repository-{len(list(self.folder.iterdir()))}"
        self.root.mkdir()
        if kind == "empty":
            return
        if kind.startswith("new"):
            engine = kind.partition(" ")[2] or "argocd"
            url = "https://git.example.com/org/models.git"
            write_scaffold(self.root, Answers(engine=engine, repository=url, tool=read_tool(_TOOL)))
        elif kind == "example":
            for name in ("environments", "policies"):
                shutil.copytree(ROOT / name, self.root / name)
            shutil.copy(ROOT / "models.yaml", self.root)
        else:
            raise Wrong(f"no such start: {kind}")
        _demand(run_cli(cli, ["render", "--root", str(self.root)]) == 0, f"{kind}: does not render")
        new_repository(self.root)
        commit_files(self.root, {}, "first")
        git(self.root, "remote", "add", "origin", "https://git.example.com/org/models.git")
        git(self.root, "update-ref", "refs/remotes/origin/main", "HEAD")

    def _yaml(self, block: Block) -> None:
        if "manifest" in block.marks:
            file = self.folder / "manifest.yaml"
            file.write_text(block.text, "utf-8")
            code, said = self._kservegen(["validate", str(file)])
            _demand(code == 0, said)
            return
        named = _NAMED.match(block.text)
        path = next((block.marks[mark] for mark in ("file", "add to", "replace in") if mark in block.marks), "")
        schema = block.marks.get("words of") or _schema_of(path or (named[1] if named else ""))
        _demand(schema or path, "this block is neither run nor validated, and no mark says why")
        values = list(yaml.load_all(block.text, Loader))
        if schema:
            _hold(values[0], schema, wrong="wrong" in block.marks)
        if path:
            _demand(self.root is not None, "the page says no start")
            assert self.root is not None
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if "file" not in block.marks:
                under = yaml.load(file.read_text("utf-8"), Loader)  # noqa: S506 - a SafeLoader
                value = _laid_over(under, values[0]) if "add to" in block.marks else {**under, **values[0]}
                file.write_text(yaml.safe_dump(value, sort_keys=False), "utf-8")
            else:
                file.write_text(block.text, "utf-8")
            self.unchecked = True

    def _run(self, block: Block) -> None:
        _demand(self.root is not None, "commands, and the page says no start")
        wanted = int(block.marks.get("exit", "0"))
        lines = block.text.replace("\\\n", " ").splitlines()
        if block.language == "console":
            commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        else:
            commands = [line for line in lines if line.strip() and not line.startswith("#")]
        codes = []
        for command in commands:
            code, self.printed = self._command(command)
            codes.append(code)
            last = command is commands[-1]
            _demand(code == (wanted if last else 0), f"{command}: exit code {code}\n{self.printed}")
        self.unchecked = False
        if block.language == "console":
            self._compare("\n".join(line for line in lines if not line.startswith("$ ")))

    def _command(self, command: str) -> tuple[int, str]:
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            assert self.root is not None
            self.root = self.root / words[1]
            return (0, "") if self.root.is_dir() else (1, "no such folder")
        if words[0] == "kservegen" and not _SHELL.search(command.partition(" #")[0]):
            return self._kservegen(words[1:])
        commands = self.folder / "bin"
        commands.mkdir(exist_ok=True)
        (commands / "kubectl").write_text(_KUBECTL, "utf-8")
        (commands / "kubectl").chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=self.root,
            env={**kept, **WHO, "PATH": f"{commands}:{kept['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _kservegen(self, words: list[str]) -> tuple[int, str]:
        with chdir(self.root or self.folder):
            done = CliRunner().invoke(cli, words, standalone_mode=False)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return 2, f"{done.output}\n{done.exception}"
        return int(done.return_value or 0), done.output

    def _compare(self, text: str) -> None:
        _demand(self.printed, "output of no command")
        said = [" ".join(line.split()) for line in self.printed.splitlines()]
        for line in text.splitlines():
            parts = [" ".join(part.split()) for part in line.split("…")]
            found = any(_in_order(parts, each) for each in said)
            _demand(found or not "".join(parts), f"not printed: {line}\n{self.printed}")


class Wrong(AssertionError):  # noqa: N818 - what is wrong with a page
    """What a page says is not so."""


def _demand(condition: object, message: str) -> None:
    if not condition:
        raise Wrong(message)


def _in_order(parts: list[str], line: str) -> bool:
    at = 0
    for part in parts:
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def _schema_of(path: str) -> str:
    if path.endswith(".lock.yaml"):
        return "lock"
    if path.startswith("environments/"):
        return "environments"
    if path == "models.yaml" or path.startswith("models/"):
        return "models"
    return "owners" if path == "owners.yaml" else ""


def _hold(value: Any, schema: str, *, wrong: bool) -> None:  # noqa: ANN401 - YAML
    shape = json.loads((ROOT / f"schemas/kservegen/{schema}.schema.json").read_bytes())
    problems = list(Draft7Validator({**shape, "required": []}).iter_errors(value))
    if wrong:
        _demand(problems, "the page calls this wrong, and its schema takes it")
        return
    _demand(not problems, "; ".join(f"{'.'.join(map(str, each.path))}: {each.message}" for each in problems))


def _laid_over(under: Any, over: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: _laid_over(under.get(key), value) for key, value in over.items()}}
    return over
