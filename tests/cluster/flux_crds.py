"""Where Flux's CRDs lie: one module carries its own, controller-gen makes the others of the types of theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster import binaries

KUSTOMIZATION = ("github.com/fluxcd/kustomize-controller", "v1.9.6", "config/crd/bases")
TYPES = ("github.com/fluxcd/helm-controller/api/v2", "github.com/fluxcd/source-controller/api/v1")


def folders() -> tuple[Path, Path]:
    """Return the folders of Flux's CRDs; the second is made the first time, which takes seconds."""
    module, version, inside = KUSTOMIZATION
    return binaries.module_folder(module, version) / inside, _generated()


def _generated() -> Path:
    target = binaries.kept("flux", "crds")
    if not target.is_dir():
        generator = str(binaries.built("controller-gen"))
        part = target.with_name(f"crds.{os.getpid()}")
        command = [generator, "crd", *(f"paths={package}" for package in TYPES), f"output:crd:dir={part}"]
        done = subprocess.run(command, cwd=binaries.HERE / "flux", capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            raise binaries.NotHereError(f"Flux's CRDs cannot be made: {done.stderr.strip()[-300:]}")
        part.replace(target)
    return target
