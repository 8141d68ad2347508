"""Change a random sample of lines of generator/, one at a time, and print what no test noticed; exit 1 below 90 %.

`python -m tools.mutants [--count 200] [--seed 1] [--under generator/kservegen/checks] [--keep] [TESTS...]`

First the suite, or those tests, runs once to learn which tests run which lines (`--keep`: what the last run learnt).
A mutant gets the tests that run its line, those first that run the fewest lines in all, as many as fit into its time.
A line that runs when its module is imported gets the tests of that module, or else of those that import it.
"""

from __future__ import annotations

import argparse
import ast
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Final, NamedTuple

from tools.mutants.changes import Mutant, mutants
from tools.mutants.recording import Seen, read
from tools.mutants.trees import ROOT, copy, is_caught, pytest_in

PLACE: Final = ROOT / ".build" / "mutants"
LEAST: Final = 90.0
WORKERS: Final = 2
# Seconds of tests for one mutant, as they were measured under the tracer.
_TIME: Final = 60.0


class Case(NamedTuple):
    """A mutant of a file, and the tests that have to catch it."""

    file: str
    mutant: Mutant
    tests: tuple[str, ...]

    def __str__(self) -> str:
        """Say where it stands and what it changes."""
        old, new = (" ".join(text.split()) for text in (self.mutant.old, self.mutant.new))
        return f"{self.file}:{self.mutant.line}: {_short(old)}  ->  {_short(new)}  ({len(self.tests)} tests)"


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:87]}..."


def room(file: str) -> str:
    """Return the room of a file."""
    return Path(file).parts[2]


def record(tests: list[str]) -> None:
    """Run the tests once and note which of them run which lines."""
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "seen").mkdir(parents=True)
    words = ["-n", str(WORKERS), "-p", "tools.mutants.recording", "--ignore=tests/cluster", *tests]
    pytest_in(copy(PLACE / "recorded"), words, more={"MUTANTS_RECORD": str(PLACE / "seen")}, longest=None)


def sample(count: int, seed: int, under: str) -> list[tuple[str, Mutant]]:
    """Draw lines, from each room in proportion, and of each line one change."""
    places: dict[str, list[list[tuple[str, Mutant]]]] = {}
    for path in sorted((ROOT / under).rglob("*.py")) if (ROOT / under).is_dir() else [ROOT / under]:
        file = path.relative_to(ROOT).as_posix()
        lines: dict[int, list[tuple[str, Mutant]]] = {}
        for mutant in mutants(path.read_text("utf-8")):
            lines.setdefault(mutant.line, []).append((file, mutant))
        places.setdefault(room(file), []).extend(lines.values())
    chance = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    total = sum(len(lines) for lines in places.values())
    drawn = [
        chance.choice(line)
        for lines in places.values()
        for line in chance.sample(lines, min(len(lines), max(1, round(count * len(lines) / total))))
    ]
    chance.shuffle(drawn)
    return drawn


def choose(seen: Seen, users: dict[str, list[str]], file: str, mutant: Mutant) -> tuple[str, ...]:
    """Choose the tests for a mutant, as many as fit into its time."""
    lines = seen.tests.get(file, {})
    last = mutant.line + mutant.old.count("\n")
    direct = set().union(*(lines.get(line, set()) for line in range(mutant.line, last + 1)))
    if not direct:
        near = set().union(*lines.values())
        far = {test for user in users.get(file, ()) for tests in seen.tests.get(user, {}).values() for test in tests}
        direct = near or far
    chosen: list[str] = []
    spent = 0.0
    for test in sorted(direct, key=lambda name: (seen.reach[name], name)):
        spent += seen.seconds[test]
        if spent > _TIME and chosen:
            break
        chosen.append(test)
    return tuple(chosen)


def importers() -> dict[str, list[str]]:
    """Map each file to the files that import it."""
    files = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "generator").rglob("*.py")}
    names = {file.removeprefix("generator/").removesuffix(".py").replace("/", "."): file for file in files}
    found: dict[str, list[str]] = {}
    for user, path in files.items():
        for name in _imported(path):
            if name in names:
                found.setdefault(names[name], []).append(user)
    return found


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def run(cases: list[Case]) -> Iterator[bool]:
    """Tell of each case whether it was caught."""
    trees: Queue[Path] = Queue()
    for number in range(WORKERS):
        trees.put(copy(PLACE / f"tree-{number}"))

    def attempt(numbered: tuple[int, Case]) -> bool:
        number, case = numbered
        if not case.tests:
            return False
        tree = trees.get()
        try:
            return is_caught(tree, case.file, case.mutant, case.tests, mark=1_000_000_000 + number)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(attempt, enumerate(cases))


def main() -> int:
    """Draw, run and report."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--under", default="generator/kservegen")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("tests", nargs="*")
    words = parser.parse_args()
    if not (words.keep and (PLACE / "seen").is_dir()):
        record(words.tests)
    seen, users = read(PLACE / "seen", PLACE / "recorded"), importers()
    drawn = sample(words.count, words.seed, words.under)
    cases = [Case(file, mutant, choose(seen, users, file, mutant)) for file, mutant in drawn]
    total, caught = Counter[str](), Counter[str]()
    for case, is_seen in zip(cases, run(cases), strict=True):
        total[room(case.file)] += 1
        caught[room(case.file)] += is_seen
        if not is_seen:
            print(f"survived: {case}", flush=True)
    for name in sorted(total):
        print(f"{name:12} {caught[name]:3} of {total[name]:3}  {100 * caught[name] / total[name]:5.1f} %")
    share = 100 * caught.total() / total.total()
    print(f"caught {caught.total()} of {total.total()}: {share:.1f} % (seed {words.seed}, at least {LEAST} %)")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
