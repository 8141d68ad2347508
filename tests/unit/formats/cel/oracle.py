"""The API server's own CEL, in Go; `python -m tests.unit.formats.cel.oracle` records what it answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.go_programs import go_binary
from tests.unit.formats.cel.expressions import EXPRESSIONS, Row

from kservegen.core.jsontypes import JsonObject, JsonValue

# A folder of tests/. It takes two minutes to build the first time, an instant with Go's cache.
GO_SOURCE = "go_cel"
RECORDED = Path(__file__).with_name("answers.json")


def rows() -> list[tuple[str, JsonValue]]:
    """Return expressions with their `self`."""
    return [_pair(row) for row in EXPRESSIONS]


def _pair(row: Row) -> tuple[str, JsonValue]:
    return (row, None) if isinstance(row, str) else row


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
    found = ask(go_binary(GO_SOURCE), rows())
    RECORDED.write_text("[\n" + ",\n".join(json.dumps(answer) for answer in found) + "\n]\n", "utf-8")
