"""The GitOps engines that an environment may name, each with all that other rooms have to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class GitOpsEngine(Struct, frozen=True, kw_only=True):
    """One engine; its writer, which makes the objects of `sync/`, stands in `render/gitops/sync.py`.

    `group` is the API group of the objects that sync a folder, `kind` what most of them are. `keep` are annotations
    with which an object stays in the cluster when it leaves Git, `not_pruned` the part of their text that says so
    (both of the live object). `tracking` says how pods learn who syncs their model. `removes_charts`: whether a chart
    that leaves Git, and what a chart drops, goes from the cluster.
    """

    name: str
    title: str
    group: str
    kind: str
    keep: tuple[str, str]
    not_pruned: str
    tracking: str
    removes_charts: bool


_ALL: Final = (
    GitOpsEngine(
        name="argocd",
        title="Argo CD",
        group="argoproj.io",
        kind="Application",
        keep=("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
        not_pruned="Prune=false",
        tracking="Argo CD writes the Application's name into an annotation, which KServe hands on to pods",
        removes_charts=False,
    ),
    GitOpsEngine(
        name="flux",
        title="Flux",
        group="kustomize.toolkit.fluxcd.io",
        kind="Kustomization",
        keep=("kustomize.toolkit.fluxcd.io/prune", "disabled"),
        not_pruned="disabled",
        tracking="Flux writes the Kustomization's name into labels, which KServe hands on to pods",
        removes_charts=True,
    ),
)
ENGINES: Final[Mapping[str, GitOpsEngine]] = {engine.name: engine for engine in _ALL}
# What `gitops.engine` may be; with `none` people apply the output themselves.
ENGINE_NAMES: Final = (*ENGINES, "none")
