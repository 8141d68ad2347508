"""Go programs that hold laws against the code that they come from: a folder of tests/ in, its binary out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

import pytest

_TESTS: Final = Path(__file__).parents[1]


@cache
def go_binary(folder: str) -> Path:
    """Build the program once; a test is skipped where there is no Go, and fails in CI."""
    compiler = shutil.which("go") or shutil.which("/usr/local/go/bin/go")  # where Go's own installer puts it
    if compiler is None:
        _absent("Go is not installed")
    binary = Path(tempfile.mkdtemp(prefix=f"{folder}-")) / folder
    built = subprocess.run(
        [compiler, "build", "-o", binary, "."], cwd=_TESTS / folder, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _absent(f"the Go program does not build here: {built.stderr.strip()[-300:]}")
    return binary


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
