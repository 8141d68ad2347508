"""Replaces files in processes of their own and breaks that at every call that changes the disk: `MODE FOLDER`.

Modes: `kill` (SIGKILL before the call, a write also halfway), `kill-recovery` (the same, and the recovery is killed at
each of its calls), `fail` (ENOSPC from this call), `fail-on` (from all later ones, too); `leave` kills one run in
FOLDER before it replaces the last file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.breaking import REAL, break_at, in_process, kill, noted, refuse

from kservegen.catalog.editing.journal import recover_edit, replace_files

BEFORE = {"a.yaml": b"a: 1\n", "in/b.yaml": b"b: 1\n"}
AFTER = {"a.yaml": b"a: 2\n", "in/new.yaml": b"c: 1\n", "in/b.yaml": b"b: 2\n"}


def held(root: Path) -> dict[str, str]:
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and ".kservegen" not in path.parts:
            found[path.relative_to(root).as_posix()] = path.read_text()
    return found


def broken_runs(mode: str, place: Path) -> Iterator[dict[str, object]]:
    root, note = place / "r", place / "note"
    note.touch()
    for point in count(1):
        shutil.rmtree(root, ignore_errors=True)
        (root / "in").mkdir(parents=True)
        for name, content in BEFORE.items():
            (root / name).write_bytes(content)
        note.write_text("")
        breakage = kill if mode.startswith("kill") else refuse
        (place / "reached").unlink(missing_ok=True)
        start = partial(break_at, point, noted(place / "reached", breakage), lasting=mode == "fail-on")
        code = in_process(partial(replace_files, root, BEFORE, AFTER), note=note, before=start)
        record: dict[str, object] = {"point": point, "exit": code, "note": note.read_text(), "after": held(root)}
        if mode == "kill-recovery":
            for again in count(1):
                if in_process(partial(recover, root), note=note, before=partial(break_at, again, kill)) == 0:
                    break
        recover(root)
        yield record | {"recovered": held(root), "left": [str(path) for path in root.glob(".*")]}
        if not (place / "reached").exists():
            return


def recover(root: Path) -> None:
    recover_edit(root)


def leave(root: Path) -> None:
    def before_the_last(name: str, args: tuple[Any, ...]) -> None:
        if name == "rename" and str(args[1]).endswith("in/b.yaml"):
            kill(name, args)

    in_process(
        partial(replace_files, root, BEFORE, AFTER),
        note=root.parent / "note",
        before=partial(break_at, 1, before_the_last, lasting=True),
    )


def main() -> None:
    mode, place = sys.argv[1], Path(sys.argv[2])
    if mode == "leave":
        leave(place)
    else:
        REAL["write"](1, json.dumps(list(broken_runs(mode, place))).encode())


if __name__ == "__main__":
    main()
    os._exit(0)
