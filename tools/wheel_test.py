"""Prove that the wheel works alone: built twice alike, installed by hash, used in an empty folder, handed on to CI.

The workflow's own steps install what `init` says that CI shall have, into another empty environment.
"""

from __future__ import annotations

import os
import sys
import tempfile
import venv
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import yaml
from tools.build_wheel import ROOT, build_twice, run

from kservegen.commands.tool_wheel import pack_checkout

_OF_THE_BUILDER = ("/METADATA", "/WHEEL", "/RECORD")


def main() -> None:
    """Build, install, init, render; then install from the new repository and check there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build_twice(ROOT, folder / "dist")
        compare(wheel.read_bytes(), pack_checkout(ROOT).content)
        venv.create(folder / "venv", with_pip=True)
        pip = (folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements/run.txt", cwd=folder)
        run(*pip, "--no-deps", wheel, cwd=folder)
        kservegen = folder / "venv/bin/kservegen"
        print(run(kservegen, "init", "repo", "--repo-url", "https://example.com/org/m.git", cwd=folder).strip())
        repo = folder / "repo"
        print(run(kservegen, "render", cwd=repo).strip().splitlines()[-1])
        installed = install_as_ci_does(repo, folder / "runner")
        print(run(installed, "render", "--check", cwd=repo).strip().splitlines()[-1])


def compare(built: bytes, packed: bytes) -> None:
    """Exit where the wheel that `init` packs of a checkout holds other files than the one that is released."""
    contents = []
    for wheel in (built, packed):
        with ZipFile(BytesIO(wheel)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        # Each builder writes its own name into WHEEL, and as much into METADATA as it likes.
        contents.append({name: data for name, data in files.items() if not name.endswith(_OF_THE_BUILDER)})
    if contents[0] != contents[1]:
        other = [name for name in contents[0] | contents[1] if contents[0].get(name) != contents[1].get(name)]
        sys.exit(f"init packs another wheel than is released: {', '.join(sorted(other)[:10])}")


def install_as_ci_does(repo: Path, temp: Path) -> Path:
    """Run the steps of the action that `init` wrote, and return the command that they install."""
    temp.mkdir()
    action = repo / ".github/actions/kservegen"
    paths = temp / "paths"
    where = {"GITHUB_ACTION_PATH": str(action), "GITHUB_PATH": str(paths), "RUNNER_TEMP": str(temp)}
    # The interpreter that runs this stands for what setup-python puts on the path.
    where["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for step in yaml.safe_load((action / "action.yml").read_text("utf-8"))["runs"]["steps"]:
        if "run" in step:
            run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"], cwd=repo, **where)
    return Path(paths.read_text("utf-8").strip()) / "kservegen"


if __name__ == "__main__":
    main()
