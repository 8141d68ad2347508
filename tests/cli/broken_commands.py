"""Runs a command that writes, kills it or makes the system refuse at its calls that change a disk, and tells faults.

`python -m tests.cli.broken_commands COMMAND MODE EVERY` breaks it at every EVERY-th call: `kill` (SIGKILL before the
call, a write also halfway), `fail` (ENOSPC from this call), `fail-on` (and from all later ones), or, as `kill-after`,
kills it EVERY times at moments spread over the time that it takes. It prints the number of broken runs and the faults.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tests.support.breaking import REAL, break_at, in_process, kill, noted, refuse
from tests.support.git_repository import commit_files, git, new_repository
from tests.support.project import DEV, Project

from kservegen.catalog.editing.journal import recover_edit
from kservegen.cli import cli
from kservegen.cli.failures import run_cli
from kservegen.core.errors import GeneratorError

MODELS = """\
models:
  iris: {modelFormat: sklearn, storageUri: hf://a/iris, minReplicas: 1}   # one
"""
FROM = (
    "images: [{name: kserve/sklearnserver, newTag: v2}]\nmodels: {iris: {minReplicas: 1, storageUri: hf://a/iris2}}\n"
)
TO = "images: [{name: kserve/sklearnserver, newTag: v1}]   # proven\n"
LOCK = f"version: 1\nmodels:\n  hf://a/iris2: {{revision: {'a' * 40}}}\n"
COMMANDS = {
    "set": "set iris minReplicas=2 --env dev --env prod --yes",
    "promote": "promote dev prod --yes",
    "lock": "lock iris --env prod --facts facts.yaml",
    "inventory": "inventory --env prod --from cluster.json --date 2026-11-29",
    "commit": "commit --message x",
}
WHO = {
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class State(NamedTuple):
    """What a user has: files by path, git's and ours left out, and the commit that is checked out."""

    files: dict[str, str]
    head: str


def state(root: Path) -> State:
    found = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and ".git" not in parts and ".kservegen" not in parts:
            found["/".join(parts)] = path.read_text("utf-8")
    return State(found, git(root, "rev-parse", "HEAD"))


def hidden(root: Path) -> list[str]:
    """Return what a command leaves that nobody sees."""
    ours = [str(path) for path in root.rglob(".*") if path.name != ".git" and ".git" not in path.parts]
    return [*ours, *map(str, root.glob(".git/kservegen-*")), *map(str, root.glob(".git/*.lock"))]


class Bench:
    """A repository to break a command in, and what it is before and after."""

    def __init__(self, place: Path, name: str) -> None:
        self.seed, self.root, self.note = place / "seed", place / "r", place / "note"
        self.reached = place / "reached"
        self.words, self.name = COMMANDS[name].split(), name
        new_repository(self.seed)
        git(self.seed, "config", "user.name", "Ada")
        git(self.seed, "config", "user.email", "ada@example.com")
        project = Project(self.seed)
        project.models(MODELS)
        project.write("environments/dev.yaml", DEV + FROM.replace("minReplicas: 1", "minReplicas: 3"))
        project.write("environments/prod.yaml", DEV.replace("name: dev", "name: prod") + TO)
        project.write("environments/dev.lock.yaml", LOCK)
        project.write("facts.yaml", f"revision: {'b' * 40}\n")
        project.write("cluster.json", '{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}')
        commit_files(self.seed, {})
        project.write("environments/dev.yaml", DEV + FROM)
        commit_files(self.seed, {})
        self.reset()
        self.old = state(self.root)
        assert self.run() == 0, self.note.read_text()
        self.new = state(self.root)
        assert self.new != self.old
        assert hidden(self.root) == []

    def reset(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.seed, self.root)
        self.note.write_text("")
        self.reached.unlink(missing_ok=True)

    def run(self, mode: str = "", point: int = 0) -> int:
        """Run the command in a process of its own; return its exit code, negative where it was killed."""

        def prepare() -> None:
            os.chdir(self.root)
            os.environ.update(WHO)
            sink = os.open(self.note, os.O_WRONLY | os.O_TRUNC)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            if mode:
                breakage = noted(self.reached, kill if mode == "kill" else refuse)
                break_at(point, breakage, lasting=mode == "fail-on")

        return in_process(lambda: os._exit(run_cli(cli, self.words)), note=self.note, before=prepare)

    def run_for(self, seconds: float) -> int:
        """Run the command for so long, then kill it."""
        child = os.fork()
        if not child:
            self.run_here()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def run_here(self) -> None:
        os.setpgid(0, 0)
        os.chdir(self.root)
        os.environ.update(WHO)
        sink = os.open(self.note, os.O_WRONLY | os.O_TRUNC)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os._exit(run_cli(cli, self.words))

    def faults(self, mode: str, code: int, *, goes_on: bool) -> Iterator[str]:
        """Tell what is not as it should be after a broken run, after the recovery, and where the command is run again.

        Running an edit again takes long, and says little more than the recovery did: only `goes_on` does that.
        """
        now, said = state(self.root), self.note.read_text()
        if code not in ({-signal.SIGKILL, 0} if mode.startswith("kill") else {0, 2}):
            yield f"exit {code}: {said}"
        if now.head not in {self.old.head, self.new.head}:
            yield "another commit is checked out"
        if self.name != "commit":
            yield from self._faults_of_an_edit(mode, code, now)
            if not goes_on:
                yield from self._left()
                return
        elif git(self.root, "fsck", "--no-dangling"):
            yield "git fsck finds something"
        again = self.run()
        if self.name == "commit" and code == 0:
            again = 0  # there was nothing left to do, whatever the second run says
        if again or state(self.root) != self.new:
            yield f"the command run again ends with {again}, or does not get there: {self.note.read_text()}"
        yield from self._left()

    def _left(self) -> Iterator[str]:
        if hidden(self.root):
            yield f"left: {hidden(self.root)}"

    def _faults_of_an_edit(self, mode: str, code: int, now: State) -> Iterator[str]:
        whole = (self.old.files, self.new.files)
        odd = [file for file, text in now.files.items() if text not in {files.get(file) for files in whole}]
        if odd:
            yield f"neither old nor new: {odd}"
        if mode == "fail" and now.files != whole[code == 0]:
            yield f"exit {code}, and the files are not all {'new' if code == 0 else 'old'}"
        if mode == "fail" and code and "as they were" not in self.note.read_text():
            yield f"does not say that nothing changed: {self.note.read_text()}"
        try:
            recover_edit(self.root)
        except GeneratorError as error:
            yield f"cannot be recovered: {error}"
        if state(self.root).files not in whole:
            yield "all or nothing: some files are new and some old after the recovery"
        if code == 0 and state(self.root).files != self.new.files:
            yield "a finished edit was undone"


def broken_runs(bench: Bench, mode: str, every: int) -> Iterator[list[str]]:
    if mode == "kill-after":
        bench.reset()
        start = time.monotonic()
        bench.run()
        took = time.monotonic() - start
        for number in range(every):
            bench.reset()
            code = bench.run_for(took * 1.1 * number / every)
            yield [f"after {number}/{every}: {fault}" for fault in bench.faults("kill", code, goes_on=number % 10 == 0)]
        return
    for point in count(1, every):
        bench.reset()
        code = bench.run(mode, point)
        yield [f"at call {point}: {fault}" for fault in bench.faults(mode, code, goes_on=point % 10 == 1)]
        if not bench.reached.exists():
            return


def main(name: str, mode: str, every: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        runs = list(broken_runs(Bench(Path(place), name), mode, int(every)))
    found = [fault for run in runs for fault in run]
    REAL["write"](1, json.dumps({"runs": len(runs), "faults": found}, indent=1).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
