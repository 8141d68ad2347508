"""The structure of the code: layers point one way, only the rim touches the world, start-up stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml
from tests.support.project import Project
from tests.support.rooms import ROOMS
from tools.structure import repeated

from kservegen.formats.yaml.emit import emit

PACKAGE = Path(__file__).parents[1] / "generator" / "kservegen"

# Lines of a module: one that outgrows this does two things.
LONGEST = 500
RIM = (
    "kservegen.render.output",
    "kservegen.formats.yaml.files",
    "kservegen.commands.client.port_forward",
    "kservegen.commands.client.kubectl",
    "kservegen.commands.client.forge",
    "kservegen.commands.client.http",
    "kservegen.git.tree",
    "kservegen.catalog.editing.journal",
    "kservegen.git.process",
    "kservegen.git.write",
    "kservegen.catalog.inventory.cluster",
    "kservegen.catalog.lock.hub",
    "kservegen.checks.manifests.files",
    "kservegen.checks.engines.kubeconform.process",
    "kservegen.cli",
    "kservegen.evaluate.workers",
    "kservegen.commands.init",
    "kservegen.core.repository",
    "kservegen.core.confined",
    "kservegen.core.disk",
)
WORLD = {"os", "subprocess", "tempfile", "shutil", "time", "random", "locale", "socket", "fcntl"}
NETWORK = {"socket", "http", "urllib.request", "ssl", "ftplib", "requests", "httpx", "asyncio"}
NETWORK |= {"httpx2", "huggingface_hub", "kubernetes", "urllib3"}
# The modules that speak to a network, and the commands that each does it for.
SPEAKS = {
    "kservegen.catalog.inventory.cluster": [
        "kservegen.cli.adopt",
        "kservegen.cli.inventory",
        "kservegen.cli.schemas",
    ],
    "kservegen.catalog.lock.hub": ["kservegen.cli.lock"],
    "kservegen.commands.client.http": ["kservegen.cli.call"],
}


def modules() -> dict[str, Path]:
    """Return every module of the package by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("kservegen", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
ROOM_NAMES = {f"kservegen.{room}" for room in ROOMS}


@cache
def tree(name: str) -> ast.Module:
    """Return a module, parsed."""
    return ast.parse(MODULES[name].read_text("utf-8"))


@cache
def imports(name: str, *, at_import: bool) -> frozenset[str]:
    """Return what a module imports: when it is imported itself, or at any time (type-only imports left out)."""
    found: set[str] = set()
    for node in _nodes(tree(name), into_functions=not at_import):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(_target(node.module, alias.name) for alias in node.names)
    return frozenset(found)


def _nodes(node: ast.AST, *, into_functions: bool) -> list[ast.AST]:
    out: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        out.append(child)
        if into_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            out.extend(_nodes(child, into_functions=into_functions))
    return out


def _target(module: str, name: str) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in MODULES else module


def room(name: str) -> int:
    """Return the index of a module's room; the package itself is its version, and its `__main__` the command line."""
    _, _, inside = name.partition(".")
    return ROOMS.index({"": "core", "__main__": "cli"}.get(inside, inside.partition(".")[0]))


def test_imports_point_down() -> None:
    ours = [(name, target) for name in MODULES for target in imports(name, at_import=False) if target in MODULES]
    assert [f"{name} imports {target}" for name, target in ours if room(target) > room(name)] == []


def test_modules_are_short() -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert [f"{name}: {count} lines" for name, count in lines.items() if count > LONGEST] == []


def test_public_names_stand_once() -> None:
    assert repeated({path: path.read_text("utf-8") for path in MODULES.values()}) == {}


def test_the_drawing_is_what_the_code_does() -> None:
    # An arrow joins two modules of which one imports the other, or which a third brings together; it never points down.
    text = (PACKAGE / "README.md").read_text("utf-8")
    assert re.findall(r"^  subgraph (\w+)$", text, re.MULTILINE) == list(ROOMS)
    drawn = {node: module_of(path) for node, path in re.findall(r"^    (\w+)\[(.+)\.py\]$", text, re.MULTILINE)}
    assert [name for name in drawn.values() if name not in MODULES] == []
    arrows = [pair for line in text.splitlines() if " --> " in line for pair in steps(line.strip())]
    assert {node for arrow in arrows for node in arrow} == set(drawn)
    assert [(start, end) for start, end in arrows if not joined(drawn[start], drawn[end])] == []


def module_of(path: str) -> str:
    """Return the name of a module by its path in the package."""
    return "kservegen." + path.replace("/", ".")


def steps(line: str) -> list[tuple[str, str]]:
    """Return the arrows of one line of the drawing."""
    nodes = re.split(r" -- [a-z ]+ --> ", line)
    return list(pairwise(nodes))


def joined(start: str, end: str) -> bool:
    """Whether one of two modules imports the other, or some module both; a package stands for what lies in it."""
    names = [{name, name.rpartition(".")[0]} - ROOM_NAMES for name in (start, end)]
    meetings = [imports(name, at_import=False) | {name} for name in MODULES]
    return any(all(found & known for known in names) for found in meetings)


def test_there_are_no_cycles() -> None:
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name) == 1:
            pytest.fail(f"import cycle: {' -> '.join((*trail, name))}")
        if name in state:
            return
        state[name] = 1
        for target in imports(name, at_import=True):
            if target in MODULES and target != name:
                visit(target, (*trail, name))
        state[name] = 2

    for name in MODULES:
        visit(name, ())


def test_only_the_rim_touches_the_world() -> None:
    inner = [name for name in MODULES if not name.startswith(RIM)]
    reach = {name: imports(name, at_import=False) & WORLD for name in inner}
    assert [f"{name} imports {', '.join(sorted(found))}" for name, found in reach.items() if found] == []


def test_nothing_asks_the_clock() -> None:
    read = {name: attributes(name) for name in MODULES if name != "kservegen.cli.clock"}
    asked = [(name, node) for name, nodes in read.items() for node in nodes if node.attr in {"now", "utcnow", "today"}]
    assert [f"{name}:{node.lineno} asks for .{node.attr}" for name, node in asked] == []


def attributes(name: str) -> list[ast.Attribute]:
    """Return every `x.attribute` of a module."""
    return [node for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)]


def test_nothing_speaks_to_a_network() -> None:
    # What does is imported lazily, and by nobody but its commands.
    reach = {name: network(imports(name, at_import=name in SPEAKS)) for name in MODULES}
    assert [f"{name} imports {', '.join(sorted(found))}" for name, found in reach.items() if found] == []
    users = {name: [user for user in MODULES if name in imports(user, at_import=False)] for name in SPEAKS}
    assert users == SPEAKS


# Libraries that stand behind one door: another could take their place there.
DOORS = {
    "jsonschema": "kservegen.checks.engines.jsonschema",
    "jsonschema_rs": "kservegen.formats.jsonschema.validate",
    "re2": "kservegen.formats.regexp",
}


def test_a_library_has_one_door() -> None:
    used = {(name, part.partition(".")[0]) for name in MODULES for part in imports(name, at_import=False)}
    assert {(name, library) for name, library in used if library in DOORS} == {(d, lib) for lib, d in DOORS.items()}


def test_classes_of_fields_are_structs() -> None:
    """A dataclass takes 1.5 ms to make, a Struct 0.04, and every run makes more than a hundred of them."""
    assert [name for name in MODULES if "dataclasses" in imports(name, at_import=False)] == []


def network(names: frozenset[str]) -> set[str]:
    """Return those of the imported modules that speak to a network, or are of a package that does."""
    return {name for name in names if any(name == known or name.startswith(f"{known}.") for known in NETWORK)}


def test_patterns_wait_until_they_are_asked() -> None:
    nodes = [(name, node) for name in MODULES for node in _nodes(tree(name), into_functions=False)]
    compiled = [(name, node) for name, node in nodes if isinstance(node, ast.Attribute) and node.attr == "compile"]
    assert [
        f"{name}:{node.lineno} compiles at import" for name, node in compiled if ast.unparse(node.value) == "re"
    ] == []


def test_no_module_is_called_utils() -> None:
    assert [name for name in MODULES if name.rpartition(".")[2] in {"utils", "helpers", "common", "misc"}] == []


# All of this package that runs before a command is chosen: every call and every completion pays for it.
AT_START = {"kservegen", "kservegen.cli", "kservegen.cli.failures", "kservegen.core"}
AT_START |= {"kservegen.core.errors", "kservegen.core.exit_codes"}


@pytest.mark.parametrize("words", ["--version", "--help"])
def test_starting_imports_nothing_but_click(words: str, tmp_path: Path) -> None:
    _, loaded = modules_after(words, tmp_path)
    assert {name for name in loaded if name.partition(".")[0] == "kservegen"} == AT_START
    libraries = {path.stem for path in Path(click.__file__).parents[1].iterdir()} - {"click"}
    assert {name for name in loaded if name in libraries and not name.startswith("_")} == set()
    assert loaded & {"json", "logging", "traceback", "importlib.metadata"} == set()


def modules_after(words: str, folder: Path) -> tuple[str, set[str]]:
    """Run a command in a process of its own; return what it prints, and the modules that it imported."""
    code = (
        "import sys\n"
        "from kservegen.cli.failures import run_cli\n"
        "from kservegen.cli import cli\n"
        f"run_cli(cli, {words.split()})\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout, set(done.stderr.split())


# What small inputs have no use for: each of these is read and run at every start that imports it.
OF_OTHERS = {"rich", "jsonschema", "jsonschema_rs", "cel_expr_python", "huggingface_hub", "kubernetes"}
OF_OTHERS |= {"kservegen.checks.policy", "kservegen.kserve.controllers.llm.controller"}
OF_OTHERS |= {"difflib", "logging"}
OF_CATALOGS = {"jinja2", "kservegen.catalog.resolve", "kservegen.evaluate.environment", "kservegen.render"}
OF_CATALOGS |= {"hashlib", "pickle", "shutil", "subprocess", "tempfile"}
OF_CATALOGS |= {"kservegen.git", "kservegen.checks.waivers", "kservegen.evaluate.workers"}
# What a catalog has no use for that is only judged, binds no engine, and has no budgets.
OF_WRITING = {"subprocess", "kservegen.changes", "kservegen.commands.render", "kservegen.git"}
OF_WRITING |= {"kservegen.catalog.editing", "kservegen.render.output.store"}
OF_RARE = {"kservegen.checks.capacity", "kservegen.checks.gitops", "kservegen.render.gitops.sync"}
OF_RARE |= {"kservegen.checks.manifests", "kservegen.evaluate.base"}
SERVICE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: ns}
spec:
  predictor:
    model: {modelFormat: {name: sklearn}, storageUri: "s3://models/iris"}
"""


@pytest.mark.parametrize(
    ("words", "unused"),
    [
        ("validate iris.yaml", OF_OTHERS | OF_CATALOGS),
        ("validate plain.yaml", OF_OTHERS | OF_CATALOGS | {"yaml"}),
        ("validate", OF_OTHERS | OF_WRITING | OF_RARE),
        ("render", OF_OTHERS),
    ],
)
def test_small_inputs_import_what_they_need(words: str, unused: set[str], tmp_path: Path) -> None:
    Project(tmp_path).write("iris.yaml", SERVICE)
    Project(tmp_path).write("plain.yaml", emit(yaml.safe_load(SERVICE)))
    said, loaded = modules_after(words, tmp_path)
    assert "no problems" in said
    assert loaded & unused == set()
