"""Kubernetes' own verdicts and defaults: Deployments and Services in, what the Go program of go_podspec says out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, TypeAlias

import pytest

from kservegen.core.jsontypes import JsonObject

_SOURCE: Final = Path(__file__).parents[1] / "go_podspec"


class Answer(NamedTuple):
    """Field errors; the document as Go writes it, and with its defaults (None where it does not decode)."""

    errors: list[JsonObject]
    written: JsonObject | None
    defaulted: JsonObject | None


Ask: TypeAlias = Callable[[Iterable[JsonObject]], list[Answer]]


@cache
def go_ask() -> Ask:
    """Build the program once; a test is skipped where there is no Go, and fails in CI."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    binary = Path(tempfile.mkdtemp(prefix="go-podspec-")) / "podspec"
    built = subprocess.run(
        [compiler, "build", "-o", binary, "."], cwd=_SOURCE, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _absent(f"the Go program does not build here: {built.stderr.strip()[-300:]}")

    def ask(documents: Iterable[JsonObject]) -> list[Answer]:
        lines = "".join(json.dumps(document) + "\n" for document in documents)
        done = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
        return [Answer(**json.loads(line)) for line in done.stdout.splitlines()]

    return ask


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
