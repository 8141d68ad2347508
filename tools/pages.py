"""Write `render/pages.py` from the templates that every render writes; `--check` only tells whether it is current.

What comes out is what Jinja makes of the same templates: a test holds the pages against each other.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from jinja2 import nodes

from kservegen.formats.inert import inert
from kservegen.formats.sandbox import FILTERS, open_sandbox

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "generator" / "kservegen" / "render" / "pages.py"
PAGES: Final = ("environment.md", "models.md")

_HEAD: Final = '''"""The pages of every render, as the package has them in templates: data in, a page in pieces out.

Made by `make pages` from `templates/`: edit those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kservegen.formats.inert import code, code_cell, inert, printable
from kservegen.formats.templates import ShippedPage

'''
_COMPARED: Final = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in"}


class _Writer:
    """Writes the body of the function of one page."""

    def __init__(self) -> None:
        self._loops: list[str] = []  # the names of items, by how deep

    def lines(self, body: Sequence[nodes.Node], depth: int) -> Iterator[str]:
        """Write statements, indented so deep."""
        indent = "    " * depth
        for node in body:
            match node:
                case nodes.Output():
                    yield f"{indent}yield {' + '.join(map(self._printed, node.nodes))}"
                case nodes.If():
                    yield f"{indent}if {self._value(node.test)}:"
                    yield from self.lines(node.body, depth + 1)
                    for other in node.elif_:
                        yield f"{indent}elif {self._value(other.test)}:"
                        yield from self.lines(other.body, depth + 1)
                    if node.else_:
                        yield f"{indent}else:"
                        yield from self.lines(node.else_, depth + 1)
                case nodes.For():
                    yield from self._loop(node, depth)
                case _:
                    raise SystemExit(f"no Python is written for {node}")

    def _loop(self, node: nodes.For, depth: int) -> Iterator[str]:
        indent, level = "    " * depth, len(self._loops)
        assert isinstance(node.target, nodes.Name)  # noqa: S101 - the sandbox has nothing else
        item, items, index = node.target.name, f"items_{level}", f"index_{level}"
        yield f"{indent}{items} = list({self._value(node.iter)})"
        self._loops.append(item)
        is_counted = any(isinstance(name.node, nodes.Name) and name.node.name == "loop" for name in _loop_words(node))
        each = f"{index}, {item} in enumerate({items})" if is_counted else f"{item} in {items}"
        yield f"{indent}for {each}:"
        yield from self.lines(node.body, depth + 1)
        self._loops.pop()
        if node.else_:
            yield f"{indent}if not {items}:"
            yield from self.lines(node.else_, depth + 1)

    def _printed(self, node: nodes.Expr) -> str:
        """Write an expression whose value is printed: inert unless a filter writes it."""
        match node:
            case nodes.TemplateData():
                return repr(node.data)
            case nodes.Const() if isinstance(node.value, str):
                return repr(inert(node.value))
            case nodes.Filter():
                return self._value(node)
            case nodes.CondExpr() if node.expr2 is not None:
                return f"({self._printed(node.expr1)} if {self._value(node.test)} else {self._printed(node.expr2)})"
            case _:
                return f"inert(str({self._value(node)}))"

    def _value(self, node: nodes.Node | None) -> str:
        match node:
            case nodes.Const():
                return repr(node.value)
            case nodes.Name():
                return node.name if node.name in self._loops else f"data[{node.name!r}]"
            case nodes.Getattr(node=nodes.Name(name="loop")):
                level = len(self._loops) - 1
                return {
                    "first": f"index_{level} == 0",
                    "last": f"index_{level} == len(items_{level}) - 1",
                    "index": f"index_{level} + 1",
                }[node.attr]
            case nodes.Getattr():
                return f"{self._value(node.node)}[{node.attr!r}]"
            case nodes.Getitem():
                return f"{self._value(node.node)}[{self._value(node.arg)}]"
            case nodes.Filter():
                return f"{FILTERS[node.name].__name__}({self._value(node.node)})"
            case _:
                return self._combined(node)

    def _combined(self, node: nodes.Node | None) -> str:
        match node:
            case nodes.Not():
                return f"(not {self._value(node.node)})"
            case nodes.And() | nodes.Or():
                word = "and" if isinstance(node, nodes.And) else "or"
                return f"({self._value(node.left)} {word} {self._value(node.right)})"
            case nodes.Compare():
                compared = (f" {_COMPARED[each.op]} {self._value(each.expr)}" for each in node.ops)
                return f"({self._value(node.expr)}{''.join(compared)})"
            case nodes.Concat():
                return f"({' + '.join(f'str({self._value(part)})' for part in node.nodes)})"
            case _:
                raise SystemExit(f"no Python is written for {node}")


def _loop_words(loop: nodes.For) -> Iterator[nodes.Getattr]:
    """Yield what of a loop speaks of itself, and not of a loop inside."""
    open_ends: list[nodes.Node] = list(loop.body)
    while open_ends:
        node = open_ends.pop()
        if isinstance(node, nodes.Getattr):
            yield node
        if not isinstance(node, nodes.For):
            open_ends += node.iter_child_nodes()


def write_pages() -> str:
    """Write the module."""
    sandbox = open_sandbox(is_html=False)
    parts = [_HEAD]
    for page in PAGES:
        tree = sandbox.parse((ROOT / "templates" / f"{page}.j2").read_text("utf-8"))
        parts += [f"\ndef _{page.partition('.')[0]}(data: Mapping[str, Any]) -> Iterator[str]:"]
        parts += [*_Writer().lines(tree.body, 1), ""]
    names = ", ".join(f"{page!r}: _{page.partition('.')[0]}" for page in PAGES)
    parts += [f"\nSHIPPED_PAGES: Final[Mapping[str, ShippedPage]] = {{{names}}}"]
    text = "\n".join(parts) + "\n"
    for command in (["check", "--fix", "--quiet", "--exit-zero"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> None:
    """Write, or check."""
    text = write_pages()
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit(f"{TARGET.relative_to(ROOT)} is not current: make pages")


if __name__ == "__main__":
    main()
