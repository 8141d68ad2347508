"""The programs of a control plane, built from their Go modules once and kept; the rest come from the system."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
_TRIES = 3


class NotHereError(Exception):
    """A program cannot be had on this machine; says which and why."""


class _Source(NamedTuple):
    """Where a program comes from: the folder beside this file that holds go.mod and go.sum, and its main package."""

    folder: str
    package: str


_SOURCES = {
    "kube-apiserver": _Source("control_plane", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-scheduler": _Source("control_plane", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "argocd": _Source("argocd", "github.com/argoproj/argo-cd/v3/cmd"),
    "helm": _Source("helm", "helm.sh/helm/v3/cmd/helm"),
    "kustomize-controller": _Source("flux", "github.com/fluxcd/kustomize-controller"),
    "controller-gen": _Source("flux", "sigs.k8s.io/controller-tools/cmd/controller-gen"),
}


def built(program: str) -> Path:
    """Return a program of the table above; built first where it is missing, which takes minutes."""
    source = _SOURCES[program]
    modules = HERE / source.folder
    target = kept(source.folder, program)
    if not os.access(target, os.X_OK):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole: a build that is cut short, or another at the same time, does no harm.
        part = target.with_name(f"{program}.{os.getpid()}")
        # Without what only a debugger reads; again where a module could not be downloaded.
        for _ in range(_TRIES):
            done = _go("build", "-ldflags=-s -w", "-o", str(part), source.package, folder=modules)
            if done.returncode == 0:
                break
        else:
            raise NotHereError(f"{program} does not build: {done.stderr.strip()[-300:]}")
        part.replace(target)
    return target


def kept(folder: str, name: str) -> Path:
    """Return the path that something made from the modules of one folder beside this file is kept at."""
    modules = HERE / folder
    key = hashlib.sha256((modules / "go.mod").read_bytes() + (modules / "go.sum").read_bytes()).hexdigest()[:16]
    base = Path(os.environ.get("KSERVEGEN_CLUSTER_CACHE") or Path.home() / ".cache" / "kservegen-cluster")
    return base / key / name


def find(program: str) -> Path:
    """Return a program of the system."""
    found = shutil.which(program)
    if found is None:
        raise NotHereError(f"{program} is not installed")
    return Path(found)


def module_folder(module: str, version: str) -> Path:
    """Return the folder of a module's files, downloaded where it is not there yet."""
    for _ in range(_TRIES):
        done = _go("mod", "download", "-json", f"{module}@{version}", folder=HERE)
        if done.returncode == 0:
            break
    else:
        raise NotHereError(f"{module} cannot be downloaded: {done.stdout.strip()[-300:]}")
    return Path(json.loads(done.stdout)["Dir"])


def _go(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([find("go"), *words], cwd=folder, capture_output=True, text=True, check=False)


def build_all() -> None:
    """Build every program that is missing, one after the other, and say how long each took."""
    for program in _SOURCES:
        start = time.monotonic()
        print(f"{built(program)}: {time.monotonic() - start:.0f} s", flush=True)  # noqa: T201 - the command's output


if __name__ == "__main__":
    build_all()
