"""The API server's own CEL, in Go; `python -m tests.unit.formats.cel.oracle` records what it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from tests.unit.formats.cel.expressions import EXPRESSIONS, Row

from kservegen.core.jsontypes import JsonObject, JsonValue

GO_SOURCE = Path(__file__).parents[3] / "go_cel"
RECORDED = Path(__file__).with_name("answers.json")


def rows() -> list[tuple[str, JsonValue]]:
    """Return expressions with their `self`."""
    return [_pair(row) for row in EXPRESSIONS]


def _pair(row: Row) -> tuple[str, JsonValue]:
    return (row, None) if isinstance(row, str) else row


def build(folder: Path) -> Path:
    """Compile the oracle: two minutes the first time, an instant with Go's cache."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    binary = folder / "oracle"
    built = subprocess.run(
        [compiler, "build", "-o", binary, "."], cwd=GO_SOURCE, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _absent(f"the Go program does not build here: {built.stderr.strip()[-300:]}")
    return binary


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def ask(binary: Path, questions: Sequence[tuple[str, JsonValue]]) -> list[JsonObject]:
    """Let the API server's library evaluate expressions."""
    lines = "".join(json.dumps({"expression": text, "self": value}) + "\n" for text, value in questions)
    done = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
    return [_shortened(json.loads(line)) for line in done.stdout.splitlines()]


def _shortened(answer: JsonObject) -> JsonObject:
    """Keep of a compiler's message that there is one: its words are not ours."""
    return {"compile": ""} if "compile" in answer else answer


def recorded() -> list[JsonObject]:
    """Read the answers that are kept beside this file."""
    answers: list[JsonObject] = json.loads(RECORDED.read_text("utf-8"))
    return answers


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = ask(build(Path(folder)), rows())
    RECORDED.write_text("[\n" + ",\n".join(json.dumps(answer) for answer in found) + "\n]\n", "utf-8")
