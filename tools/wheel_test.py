"""Prove that the wheel works alone: built, installed into an empty environment, used in an empty folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command; its output is shown where it fails."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, install, init, render, render --check."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=ROOT)
        (wheel,) = (folder / "dist").glob("*.whl")
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "run.txt", cwd=folder)
        run(*pip, "--no-deps", wheel, cwd=folder)
        kservegen = folder / "venv" / "bin" / "kservegen"
        run(kservegen, "init", "repo", "--engine", "argocd", "--repo-url", "https://example.com/org/m.git", cwd=folder)
        repo = folder / "repo"
        print(run(kservegen, "render", cwd=repo).strip().splitlines()[-1])
        print(run(kservegen, "render", "--check", cwd=repo).strip().splitlines()[-1])


if __name__ == "__main__":
    main()
