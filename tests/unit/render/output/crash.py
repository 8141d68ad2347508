"""Runs the writer in processes of its own and kills it, or makes the system refuse, at every call that changes a disk.

`crash.py MODE SEED CHANGES` copies the tree SEED once per call, breaks the run at that call, recovers in a fresh
process, applies the changes once more, and prints what it saw as JSON. Production code knows nothing of it: the calls
of `os` are counted from outside.

Modes: `kill` (SIGKILL before the call; a write is also killed halfway), `kill-recovery` (the same, then the recovery
is killed at each of its calls in turn), `fail` (ENOSPC from this call), `fail-on` (ENOSPC from this and all later
ones), `vanish` (the output folder is removed before the call). A `-many` at the end lets every run take the way for
many files. `limited OUT` and `full OUT` meet a real limit and a really full filesystem.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.breaking import CALLS, REAL, Action, Breakage, break_at, in_process, kill, noted, refuse

from kservegen.core.errors import GeneratorError
from kservegen.render.output import steps
from kservegen.render.output.apply import apply, is_half_written, lock, recover
from kservegen.render.output.changes import Changes, compare_files
from kservegen.render.output.existing import scan
from kservegen.render.output.ownership import stamp


def tree_of(out: Path) -> dict[str, str]:
    """Read the tree as Git's user sees it, folders included, the scratch folder left out."""
    return {path: text for path, text in everything(out).items() if not path.startswith(".kservegen")}


def everything(out: Path) -> dict[str, str]:
    """Read all that lies on the disk, the scratch folder included."""
    found: dict[str, str] = {}
    for top, folders, files in os.walk(out):
        inner = Path(top).relative_to(out)
        found |= {(inner / name).as_posix(): "folder" for name in folders}
        found |= {(inner / name).as_posix(): Path(top, name).read_text(encoding="utf-8") for name in files}
    return found


def state_of(out: Path) -> str:
    """Tell one state of the disk from another."""
    return json.dumps(everything(out), sort_keys=True)


def copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copyfile)


class Bench:
    """One seed, one set of changes, and the copy that the present run works on."""

    def __init__(self, seed: Path, changes: Changes, place: Path) -> None:
        self.seed, self.changes, self.out, self.note = seed, changes, place / "rendered", place / "note"
        self.spare = place / "spare"
        self.note.touch()

    def reset(self) -> None:
        copy(self.seed, self.out)
        self.note.write_text("")

    def apply(self) -> None:
        with lock(self.out):
            apply(self.out, self.changes)

    def recover(self) -> None:
        with lock(self.out):
            recovery = recover(self.out)
        REAL["write"](REAL["open"](self.note, os.O_WRONLY), str(recovery and recovery.outcome).encode())

    def run(self, action: Action, before: Action | None = None) -> tuple[int, str]:
        self.note.write_text("")
        return in_process(action, note=self.note, before=before), self.note.read_text()


def broken_runs(bench: Bench, mode: str) -> Iterator[dict[str, object]]:
    """Yield one record per point at which the run was broken, until a run comes through."""
    for point in count(1):
        bench.reset()
        code, note = bench.run(bench.apply, lambda point=point: start_breaking(bench, mode, point))  # type: ignore[misc]
        record: dict[str, object] = {"point": point, "exit": code, "note": note, "after": tree_of(bench.out)}
        record["half"] = is_half_written(bench.out)
        if mode == "kill-recovery":
            record["chains"] = list(killed_recoveries(bench))
        code, note = bench.run(bench.recover)
        record |= {"recovery_exit": code, "recovery": note, "recovered": tree_of(bench.out)}
        record["scratch"] = (bench.out / ".kservegen").exists()
        bench.run(lambda: converge(bench))
        yield record | {"converged": tree_of(bench.out)}
        if record["exit"] == 0 and not reached(bench):
            return


def start_breaking(bench: Bench, mode: str, point: int) -> None:
    REAL["unlink"](bench.note.with_name("reached")) if reached(bench) else None
    breakage = {"kill": kill, "kill-recovery": kill, "fail": refuse, "fail-on": refuse}.get(mode, vanish(bench))

    break_at(point, noted(bench.note.with_name("reached"), breakage), lasting=mode == "fail-on")


def reached(bench: Bench) -> bool:
    return bench.note.with_name("reached").exists()


def vanish(bench: Bench) -> Breakage:
    def remove(_name: str, _args: tuple[Any, ...]) -> None:
        for name in CALLS:
            setattr(os, name, REAL[name])
        shutil.rmtree(bench.out)

    return remove


# A call that changes nothing, such as a flush, leaves the state before it: each state is recovered once.
SEEN: set[str] = set()
RECOVERED: dict[str, dict[str, str]] = {}


def killed_recoveries(bench: Bench) -> Iterator[dict[str, str]]:
    """Kill the recovery of the present state at each of its calls; yield the tree after an unbroken one."""
    if state_of(bench.out) in SEEN:
        return
    SEEN.add(state_of(bench.out))
    copy(bench.out, bench.spare)
    for point in count(1):
        code, _ = bench.run(bench.recover, lambda point=point: break_at(point, kill))  # type: ignore[misc]
        if code == 0:
            break
        state = state_of(bench.out)
        if state not in RECOVERED:
            bench.run(bench.recover)
            RECOVERED[state] = tree_of(bench.out)
        yield RECOVERED[state]
        copy(bench.spare, bench.out)
    copy(bench.spare, bench.out)


def converge(bench: Bench) -> None:
    """Do what the next render does, with the unchanged files that the tree had."""
    desired = {p: c.encode() for p, c in tree_of(bench.seed).items() if c.startswith(("# Gen", "<!-- Gen"))}
    desired = {path: desired[path] for path in desired.keys() - set(bench.changes.remove)} | dict(bench.changes.write)
    with lock(bench.out):
        recover(bench.out)
        apply(bench.out, compare_files(desired, scan(bench.out, None)))


def limited(out: Path) -> None:
    """Meet a limit on the size of files in the middle of a change."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    apply(out, Changes(write={"dev/a.yaml": stamp("dev/a.yaml", "a"), "dev/b.yaml": stamp("dev/b.yaml", "b" * 9999)}))


def full(out: Path) -> None:
    """Fill a small filesystem with a change that does not fit, make room, and meet a read-only one."""
    paths = [f"dev/{number}.yaml" for number in range(200)]
    large = Changes(write={path: stamp(path, "x" * 4000) for path in paths})
    small = Changes(write={path: stamp(path, "new") for path in paths[:3]})
    apply(out, Changes(write={path: stamp(path, "old") for path in paths[:3]}))
    for step, changes in (("large", large), ("small", small)):
        try:
            apply(out, changes)
            said = "written"
        except GeneratorError as error:
            said = f"{error.message} | {error.hint}"
        report = {"step": step, "said": said, "tree": tree_of(out), "half": is_half_written(out)}
        sys.stdout.write(json.dumps(report) + "\n")
    os.system(f"mount -o remount,ro '{out.parent}'")  # noqa: S605
    apply(out, large)


def main() -> int:
    mode, out = sys.argv[1], Path(sys.argv[2])
    if mode in ("limited", "full"):
        try:
            {"limited": limited, "full": full}[mode](out)
        except GeneratorError as error:
            sys.stdout.write(f"{error.message} | {error.hint}\n")
            return 2
        return 0
    if mode.endswith("-many"):
        mode, steps._FEW = mode.removesuffix("-many"), 0
    asked = json.loads(sys.argv[3])
    changes = Changes({path: text.encode() for path, text in asked["write"].items()}, tuple(asked["remove"]))
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        json.dump(list(broken_runs(Bench(out, changes, Path(place)), mode)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
