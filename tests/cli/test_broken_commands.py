"""Commands that write, broken off: all or nothing, and the next command goes on as if nothing had been.

Every command at every call, in every mode, is what `make fuzz` tries; here is one of them at some calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product

import pytest
from tests.support.examples import examples

MODES = ("kill", "fail", "fail-on")
ALL = examples(1000) == 1000


@pytest.mark.parametrize(
    ("command", "mode"),
    [*product(("set", "promote", "lock", "commit"), MODES)] if ALL else [("set", "kill"), ("commit", "fail")],
)
def test_a_command_that_breaks_off_is_done_or_was_never_begun(command: str, mode: str) -> None:
    # A commit starts git some sixty times: it is broken off at fewer of its calls.
    every = "29" if not ALL else "9" if command == "commit" else "1"
    words = [sys.executable, "-m", "tests.cli.broken_commands", command, mode, every]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert found["runs"] > 1
