"""The control plane that the cluster suite runs against; absent parts skip it by name, except where CI asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
import yaml
from tests.cluster import binaries, flux_crds
from tests.cluster.control_plane import Client, Json, control_plane, wait_for
from tests.cluster.defaulter import Gate, serving

from kservegen.kserve.defaulting import Installation

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared"))
KSERVE_VERSION = "v0.19.0"
CRDS = Path(os.environ.get("KSERVE_CRDS", SHARED / "kserve" / KSERVE_VERSION / "crds"))
# Written in C where that is built: KServe's CRDs are ten megabytes.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ARGOCD = ("github.com/argoproj/argo-cd/v3", "v3.2.1", "manifests/crds")


def absent(reason: str) -> NoReturn:
    """Skip, saying why; in CI the suite must run."""
    if os.environ.get("CI") and CRDS.is_dir():
        pytest.fail(reason)
    pytest.skip(reason)


class Cluster(NamedTuple):
    """An API server that knows the kinds of KServe, Argo CD and Flux, and the gate of our defaulter before them."""

    client: Client
    gate: Gate


@pytest.fixture(scope="module")
def cluster(installed: Cluster) -> Client:
    """Return a client of the module's cluster."""
    return installed.client


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a cluster for one module."""
    with own_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@contextmanager
def own_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster that knows KServe's, Argo CD's and Flux's kinds; whoever asks has it alone."""
    if os.environ.get("KSERVEGEN_CLUSTER") != "1":
        pytest.skip("the cluster suite runs with make cluster-test")
    if not CRDS.is_dir():
        absent(f"KServe's CRDs (KSERVE_CRDS) are not at {CRDS}")
    try:
        with control_plane(folder) as client:
            install_crds(client)
            with serving(folder, client, Installation(kserve_version=KSERVE_VERSION)) as gate:
                yield Cluster(client, gate)
    except binaries.NotHereError as missing:
        absent(str(missing))


def install_crds(client: Client) -> None:
    """Create the CRDs and wait until their kinds are served."""
    module, version, inside = ARGOCD
    folders = (CRDS, binaries.module_folder(module, version) / inside, *flux_crds.folders())
    for crd in (crd for folder in folders for crd in read_crds(folder)):
        name = crd["metadata"]["name"]
        done = client.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        assert done.accepted, f"{name}: {done.message}"
        wait_for(name, partial(_is_established, client, name))


@cache
def read_crds(folder: Path) -> tuple[Json, ...]:
    """Return the CRDs of a folder, without a conversion: no controller runs here that could convert."""
    found = [doc for _, doc in documents(folder) if doc["kind"] == "CustomResourceDefinition"]
    for crd in found:
        crd["spec"].pop("conversion", None)
    return tuple(found)


def _is_established(client: Client, name: str) -> bool:
    crd = client.call("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}").body
    conditions = crd.get("status", {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def documents(folder: Path) -> list[tuple[str, Json]]:
    """Return every object of a folder of manifests with the file that it stands in."""
    return [
        (path.relative_to(folder).as_posix(), doc)
        for path in sorted(folder.rglob("*.yaml"))
        for doc in yaml.load_all(path.read_bytes(), _LOADER)
        if isinstance(doc, dict) and "kind" in doc
    ]
