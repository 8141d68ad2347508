"""Every id that the code prints is in the registry of manuals."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from kservegen.checks.registry import manuals

PACKAGE = Path(__file__).resolve().parents[1] / "generator" / "kservegen"
AREAS = "budget|catalog|defect|gitops|gpu|internal|kserve|kubernetes|owners|policy|schema|waiver|yaml"
ID = re.compile(rf"({AREAS})/[a-z0-9]+(-[a-z0-9]+)*")
PREFIX = re.compile(rf"({AREAS})/")
# What looks like an id and is the name of an image or a folder.
NAMES = re.compile(r"kserve/(storage-initializer|.*server|agent|router|.*controller.*|llmisvc-.*|kserve-.*|v\d.*)")


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (file.relative_to(PACKAGE).as_posix(), ast.parse(file.read_text("utf-8"))) for file in PACKAGE.rglob("*.py")
    )


def literals() -> Iterator[tuple[str, str]]:
    """List text that looks like an id, by file."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ID.fullmatch(node.value):
                yield file, node.value


def composed() -> Iterator[tuple[str, str]]:
    """List ids whose area a function adds to a slug: `f"gpu/{slug}"`, by the file that gives the slug."""
    takers: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for file, tree in trees():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            parameters = [argument.arg for argument in function.args.args if argument.arg != "self"]
            for node in ast.walk(function):
                match node:
                    case ast.JoinedStr([ast.Constant(str(area)), ast.FormattedValue(ast.Name(name))]):
                        if PREFIX.fullmatch(area) and name in parameters:
                            takers[file][function.name] = (area, parameters.index(name))
    everywhere = {"problem": takers["formats/yaml/problems.py"]["problem"]}
    for file, tree in trees():
        known = {**(everywhere if file.startswith("formats/yaml/") else {}), **takers[file]}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                if name in known and len(call.args) > known[name][1]:
                    given = call.args[known[name][1]]
                    if isinstance(given, ast.Constant) and isinstance(given.value, str):
                        yield file, f"{known[name][0]}{given.value}"


def test_every_id_in_the_code_has_a_manual() -> None:
    found = {*literals(), *composed()}
    assert len(found) > 150
    known = manuals().keys() | {f"policy/{path.stem}" for path in (PACKAGE.parents[1] / "policies").glob("*.yaml")}
    assert {(file, rule) for file, rule in found if rule not in known and not NAMES.fullmatch(rule)} == set()


def test_every_manual_is_of_an_id_in_the_code() -> None:
    said = {node.value for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    printed = {rule for rule in manuals() if rule in said or rule.partition("/")[2] in said}
    modules = {rule for rule in manuals() if (PACKAGE / "checks/rules" / f"{rule.replace('-', '_')}.py").exists()}
    assert manuals().keys() - printed - modules == set()
