"""The objects with which Flux syncs an environment: its GitRepository, and one Kustomization per layer.

The Kustomization of a layer of charts holds HelmReleases (`charts`), that of a folder the objects themselves, so
that every layer can wait for any other. Names and paths are a contract: Flux labels each object with the name of its
Kustomization, KServe copies labels to pods, and so moving a model to another Kustomization restarts it. Evidence for
each choice stands in `docs/decisions/`, the record of Flux.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Resource
from kservegen.render.gitops.flux.access import ACCESS, ACCESS_FOLDER, build_access
from kservegen.render.gitops.flux.charts import SOURCE_API, build_releases
from kservegen.render.gitops.flux.words import SCHEMES, FluxWords
from kservegen.render.gitops.layers import LayerPart, SyncLayer
from kservegen.render.gitops.repository import OutputRepository
from kservegen.render.gitops.workloads import model_workloads
from kservegen.render.objects.settings import Settings

KUSTOMIZE_API: Final = "kustomize.toolkit.fluxcd.io/v1"

_GIT_INTERVAL: Final = "1m"
_INTERVAL: Final = "10m"
_RETRY_INTERVAL: Final = "2m"
_COMMIT: Final = lazy_pattern(r"[0-9a-f]{40}")


def write_flux(environment: ResolvedEnvironment, layers: tuple[SyncLayer, ...]) -> list[Resource]:
    """Build the source, the root Kustomization, one for each layer, and what installs the charts.

    Nothing for a repository that Flux cannot read: `flux_checks` has a finding for it.
    """
    words = FluxWords.of(environment)
    repository = OutputRepository.of(environment)
    if not repository.url.startswith(SCHEMES):
        return []
    mode = Settings.of(environment).deployment_mode
    root = _kustomization(words, f"{repository.folder}/sync/kustomizations", words.service_account)
    by_root, bindings = build_access(words, layers, sequence(environment.at("gitops", "namespaceResourceWhitelist")))
    bound = {text(mapping(subject)["name"]) for item in bindings for subject in sequence(item.doc["subjects"])}
    return [
        _source(words, repository),
        words.resource("Kustomization", KUSTOMIZE_API, words.name(), root, "sync"),
        *([_access(words, repository, layers)] if bindings else []),
        *(_layer(words, repository, layer, layers, mode, bound) for layer in layers),
        *build_releases(words, repository, layers),
        *by_root,
        *bindings,
    ]


def _source(words: FluxWords, repository: OutputRepository) -> Resource:
    spec: JsonObject = {"interval": _GIT_INTERVAL, "url": repository.url, "ref": _reference(repository.revision)}
    if words.git_secret:
        spec["secretRef"] = words.git_secret
    return words.resource("GitRepository", SOURCE_API, words.name(), spec, "sync")


def _reference(revision: str) -> JsonObject:
    if _COMMIT.fullmatch(revision):
        return {"commit": revision}
    return {"name": revision} if revision.startswith("refs/") else {"branch": revision}


def _kustomization(words: FluxWords, path: str, account: str, *, prune: bool = False) -> JsonObject:
    """Return what all Kustomizations have; never `force`, which deletes what cannot be updated, nor `postBuild`."""
    spec: JsonObject = {
        "interval": _INTERVAL,
        "retryInterval": _RETRY_INTERVAL,
        "timeout": words.timeout,
        "sourceRef": {"kind": "GitRepository", "name": words.name()},
        "path": f"./{path}",
        "prune": prune,
        "wait": False,
        "force": False,
        "deletionPolicy": words.deletion_policy if prune else "Orphan",
    }
    if account:
        spec["serviceAccountName"] = account
    return spec


def _access(words: FluxWords, repository: OutputRepository, layers: tuple[SyncLayer, ...]) -> Resource:
    """Build the layer of bindings, which needs the Namespaces; who has left it keeps its rights."""
    spec = _kustomization(words, f"{repository.folder}/{ACCESS_FOLDER}", words.name(ACCESS))
    cluster = next((layer.name for layer in layers if layer.part is LayerPart.CLUSTER), "")
    spec["dependsOn"] = [{"name": words.name(cluster)}]
    return words.resource("Kustomization", KUSTOMIZE_API, words.name(ACCESS), spec, "sync/kustomizations")


def _layer(
    words: FluxWords,
    repository: OutputRepository,
    layer: SyncLayer,
    layers: tuple[SyncLayer, ...],
    mode: str,
    bound: Collection[str],
) -> Resource:
    folder = f"sync/charts/{layer.name}" if layer.charts else layer.folder
    spec = _kustomization(words, f"{repository.folder}/{folder}", words.account_of(layer), prune=layer.may_prune)
    needs = [*layer.needs, *([ACCESS] if words.account_of(layer) in bound else [])]
    # Layers that need no other wait for the root, and so do all: none syncs a commit whose layers it does not know yet.
    spec["dependsOn"] = [{"name": words.name(need)} for need in needs or ("",)]
    if layer.charts:
        spec["wait"] = True  # for the HelmReleases, which stand where Flux runs
    elif words.kube_config:
        spec["kubeConfig"] = words.kube_config
    if layer.is_models and (checks := _health_checks(layer, mode)):
        spec["healthChecks"] = checks
    if patches := _without_layers_below(layer, layers):
        spec["patches"] = patches
    return words.resource("Kustomization", KUSTOMIZE_API, words.name(layer.name), spec, "sync/kustomizations")


def _health_checks(layer: SyncLayer, mode: str) -> JsonArray:
    found = (workload for resource in layer.resources for workload in model_workloads(resource, mode))
    return [
        {"apiVersion": item.api_version, "kind": item.kind, "name": item.name, "namespace": item.namespace}
        for item in found
    ]


def _without_layers_below(layer: SyncLayer, layers: tuple[SyncLayer, ...]) -> JsonArray:
    """Leave out the kinds of the layers in folders below this one's, which Flux would read as well."""
    if layer.charts:
        return []
    below = [other for other in layers if other.folder.startswith(f"{layer.folder}/")]
    kinds = sorted({(r.api_version, r.kind) for other in below for r in other.resources})
    return [_deletion(api_version, kind) for api_version, kind in kinds]


def _deletion(api_version: str, kind: str) -> JsonObject:
    group, _, version = api_version.rpartition("/")
    patch = f"$patch: delete\napiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: any\n"
    return {"target": {"group": group, "version": version, "kind": kind}, "patch": patch}
