"""Every command says whether it uses a network, and those that use none run where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.offline_commands import QUIET, RUNS
from tests.test_architecture import SPEAKS

from kservegen.cli import COMMANDS, OFFLINE

# Ways into a namespace with no interface: as nobody in particular, as root, as who may become root (GitHub's runners).
WAYS = (["unshare", "--map-root-user", "--net"], ["unshare", "--net"], ["sudo", "-n", "-E", "unshare", "--net"])


def test_every_command_is_tried_and_who_reaches_a_network_says_so() -> None:
    assert sorted(RUNS) == sorted(OFFLINE)
    assert sorted(QUIET) == sorted(COMMANDS.keys() - set(OFFLINE))
    assert {name.rpartition(".")[2] for names in SPEAKS.values() for name in names} <= set(QUIET)


def test_commands_that_declare_none_use_no_network(tmp_path: Path) -> None:
    way = next((way for way in WAYS if works(way)), None)
    words = [*(way or ()), sys.executable, "-m", "tests.cli.offline_commands", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name: run["asked"] for name, run in found.items() if run["asked"]} == {}
    assert {name: run["codes"] for name, run in found.items() if set(run["codes"]) - {0, 1}} == {}, done.stderr
    if way is None:
        pytest.skip("no namespace without interfaces can be made here: sockets alone were watched")


def works(way: list[str]) -> bool:
    try:
        return subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
