"""What the tests of the readers and the emitter share: Go's readers of YAML."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest
from tests.support.yaml_samples import GoReader

from kservegen.core.jsontypes import JsonObject

GO_SOURCE = Path(__file__).parents[3] / "go_reader"


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> GoReader:
    """Go's readers: sigs.k8s.io/yaml, strict or not, go.yaml.in/yaml/v3, and a whole file as kubectl reads it."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    binary = tmp_path_factory.mktemp("go") / "reader"
    built = subprocess.run(
        [compiler, "build", "-o", binary, "."], cwd=GO_SOURCE, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _absent(f"the Go program does not build here: {built.stderr.strip()[-300:]}")

    def read(mode: str, documents: Iterable[bytes]) -> list[JsonObject]:
        lines = b"".join(base64.b64encode(document) + b"\n" for document in documents)
        done = subprocess.run([binary, mode], input=lines, capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.split(b"\n") if line]

    return read


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
