"""No code knows a release by the way its version is spelt: what sets releases apart is data, in facts/releases/."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPELT = re.compile(r"v0\.\d+(\.\d*)?(-\w+)?")  # as a text of its own: sentences and samples may name a version
NAMED = re.compile(r"(\w*_)?v?0[12]\d")  # such as is_019, SCHEMES_020


def versions_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SPELT.fullmatch(node.value):
            yield node.value
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if NAMED.fullmatch(name):
            yield name


def test_code_asks_for_a_capability_and_never_for_a_version() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): list(versions_in(ast.parse(path.read_text("utf-8"))))
        for folder in ("generator", "tools")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert len(found) > 300
    assert {path: versions for path, versions in found.items() if versions} == {}
