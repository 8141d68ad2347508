"""The structure of the package in figures: rooms, circles between them, names that stand twice, slivers, comments.

`python -m tools.structure [PACKAGE]`, also for a checkout of another commit. A room is what lies directly in the
package: a folder or a single module. Names that discovery looks up in every module of
a kind are not counted as repeated.
"""

from __future__ import annotations

import ast
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1] / "generator" / "kservegen"
# A module this short with one importer could stand in it.
SLIVER: Final = 40
# What discovery looks up in every module of a kind: rules, commands, manuals, tables of CEL functions.
LOOKED_UP: Final = frozenset({"META", "RULE", "STAGE", "SCOPE", "MANUAL", "check", "command", "RULES", "FUNCTIONS"})


def main(package: Path) -> None:
    """Print the figures of a package."""
    files = {path: path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}
    lines = Counter[str]()
    modules = Counter[str]()
    for path, text in files.items():
        room = room_of(package, path)
        lines[room] += len(text.splitlines())
        modules[room] += 1
    circle = max(circles(room_imports(package, files)), key=len, default=())
    names = repeated(files)
    classes = sum(1 for kinds in names.values() if "class" in kinds)
    total, short = sum(lines.values()), [path for path, text in files.items() if len(text.splitlines()) <= SLIVER]
    single = sum(1 for path in short if len(importers(package, path, files)) == 1)
    comments = sum(count_comments(path) for path in files)
    print(f"rooms {len(modules)}, modules {len(files)}, lines {total}")
    print(f"rooms in the largest circle of imports: {len(circle) if len(circle) > 1 else 0}")
    print(f"public names in two modules or more: {len(names)}, of classes: {classes}")
    longest = max(len(text.splitlines()) for text in files.values())
    print(f"modules of {SLIVER} lines or fewer: {len(short)} ({single} with one importer), longest: {longest}")
    print(f"comments in 100 lines: {100 * comments / total:.1f}")
    for room, count in sorted(lines.items(), key=lambda item: -item[1]):
        print(f"{count:7,} {modules[room]:4} {room}")


def room_of(package: Path, path: Path) -> str:
    """Return the folder or module directly below the package."""
    first, *inside = path.relative_to(package).parts
    return first if inside else first.removesuffix(".py")


def room_imports(package: Path, files: dict[Path, str]) -> dict[str, set[str]]:
    """Say which rooms each room imports from, at any time; type-only imports count."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, text in files.items():
        room = room_of(package, path)
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(package.name):
                continue
            parts = (node.module or "").split(".")[1:]
            found[room] |= {parts[0]} if parts else {alias.name for alias in node.names}
    return {room: {target for target in targets if target != room} for room, targets in found.items()}


def importers(package: Path, module: Path, files: dict[Path, str]) -> set[Path]:
    """Return the modules that import one by its full name."""
    name = ".".join((package.name, *module.relative_to(package).with_suffix("").parts))
    parent, _, last = name.rpartition(".")
    direct = (f"from {name} import", f"from {parent} import {last}")
    return {path for path, text in files.items() if any(words in text for words in direct)}


def circles(graph: dict[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Find the groups of rooms that all reach each other."""
    reach = {room: reachable(graph, room) for room in graph}
    done: set[str] = set()
    for room in graph:
        if room not in done:
            group = tuple(sorted({room} | {other for other in reach[room] if room in reach.get(other, ())}))
            done.update(group)
            yield group


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return every room that one imports from, directly or through others."""
    found: set[str] = set()
    todo = list(graph.get(start, ()))
    while todo:
        room = todo.pop()
        if room not in found:
            found.add(room)
            todo += graph.get(room, ())
    return found


def repeated(files: dict[Path, str]) -> dict[str, list[str]]:
    """Return the public names that two modules or more define, with what each is."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for text in files.values():
        for name, kind in public_names(text):
            found[name].append(kind)
    return {name: kinds for name, kinds in sorted(found.items()) if len(kinds) > 1}


def public_names(text: str) -> Iterator[tuple[str, str]]:
    """Yield each public name at the top of a module once, with what it is: class, function, alias or constant."""
    seen: set[str] = set()
    for node in ast.parse(text).body:
        for name, kind in _defined(node):
            if not name.startswith("_") and name not in LOOKED_UP and name not in seen:
                seen.add(name)
                yield name, kind


def _defined(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ClassDef):
        yield node.name, "class"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, "function"
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, "alias" if "TypeAlias" in ast.unparse(node.annotation) else "constant"
    elif isinstance(node, ast.Assign):
        yield from ((target.id, "constant") for target in node.targets if isinstance(target, ast.Name))


def count_comments(path: Path) -> int:
    """Count comments for people: what speaks to a linter or a formatter is none."""
    with path.open("rb") as file:
        found = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
    return sum(not text.startswith(("# noqa", "# type:", "# fmt:")) for text in found)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PACKAGE)
