"""The programs of a control plane, built from their Go modules once and kept; the rest come from the system."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "control_plane"
PROGRAMS = ("kube-apiserver", "kube-scheduler")


class NotHereError(Exception):
    """A program cannot be had on this machine; says which and why."""


def cache() -> Path:
    """Return the folder that built programs are kept in, by the modules that they are built from."""
    modules = hashlib.sha256((SOURCE / "go.mod").read_bytes() + (SOURCE / "go.sum").read_bytes()).hexdigest()[:16]
    base = Path(os.environ.get("KSERVEGEN_CLUSTER_CACHE") or Path.home() / ".cache" / "kservegen-cluster")
    return base / modules


def find(program: str) -> Path:
    """Return a program of the system."""
    found = shutil.which(program)
    if found is None:
        raise NotHereError(f"{program} is not installed")
    return Path(found)


def build() -> Path:
    """Return the folder that holds the programs; build what is missing, which takes minutes the first time."""
    folder = cache()
    # A link that was cut short leaves a file that cannot be executed.
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        packages = [f"k8s.io/kubernetes/cmd/{name}" for name in missing]
        done = subprocess.run(
            [find("go"), "build", "-o", f"{folder}/", *packages],
            cwd=SOURCE,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotHereError(f"{', '.join(missing)} does not build: {done.stderr.strip()[-300:]}")
    return folder


def module_folder(module: str, version: str) -> Path:
    """Return the folder of a module's files, downloaded where it is not there yet."""
    done = subprocess.run(
        [find("go"), "mod", "download", "-json", f"{module}@{version}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotHereError(f"{module} cannot be downloaded: {done.stdout.strip()[-300:]}")
    import json  # noqa: PLC0415

    return Path(json.loads(done.stdout)["Dir"])
