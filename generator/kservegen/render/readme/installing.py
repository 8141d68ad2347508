"""How an environment comes to its cluster the first time, and how it leaves it: models before the controller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.resource import Resource
from kservegen.render.gitops.layers import LayerPart, SyncLayer
from kservegen.render.gitops.repository import CHART_REPOSITORY, DEFAULT_PATH
from kservegen.render.gitops.syncers import kubectl_name, syncers

# Field by field: what an object of the engine's own, such as a ConfigMap, holds beside ours is left alone.
_APPLY: Final = "kubectl apply --server-side --field-manager=kservegen"
_CASCADE: Final = """'{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}'"""
_APPLICATION: Final = "Application"


def install(environment: ResolvedEnvironment, layers: Sequence[SyncLayer], sync: Sequence[Resource]) -> str:
    """Say what is applied by hand, once."""
    folder = _folder(environment)
    roots = [resource for resource in sync if resource.file.count("/") == 1]
    lines = ["## First install\n"]
    if roots:
        lines += ["What is expected to be there comes first. Then, once, from the root of the repository:\n", "```sh"]
        lines += [f"{_APPLY} -f {folder}/{root.file}" for root in sorted(roots, key=_configuration_first)]
        lines += ["```", "", "The rest follows by itself, in this order: " + _order(layers) + "."]
    else:
        lines += ["No engine syncs this environment. From the root of the repository, in this order:\n", "```sh"]
        lines += list(_by_hand(folder, layers))
        lines.append("```")
    return "\n".join(lines) + "\n"


def _configuration_first(root: Resource) -> tuple[bool, str]:
    """Put what configures the engine before what starts it."""
    return root.kind != "ConfigMap", root.file


def _order(layers: Iterable[SyncLayer]) -> str:
    return ", ".join(f"`{layer.name}`" for layer in layers)


def _by_hand(folder: str, layers: Iterable[SyncLayer]) -> Iterator[str]:
    for layer in layers:
        for chart in layer.charts:
            values = f" -f {folder}/platform/values/{chart.name}.yaml" if chart.values else ""
            source = f"oci://{CHART_REPOSITORY}/{chart.name} --version {chart.version}"
            yield f"helm upgrade --install {chart.name} {source} -n {layer.namespace} --create-namespace{values}"
        if layer.folder:
            yield f"kubectl apply --server-side -f {folder}/{layer.folder}"


def uninstall(environment: ResolvedEnvironment, layers: Sequence[SyncLayer], sync: Sequence[Resource]) -> str:
    """Say in which order an environment leaves its cluster."""
    folder = _folder(environment)
    by_source = syncers(sync, folder)
    lines = [
        "## Uninstall\n",
        "Models go before the controller: it clears their finalizers, and without it they hang for ever.\n",
        "```sh",
    ]
    roots = [resource for resource in sync if resource.file.count("/") == 1 and resource.kind in _ROOTS]
    lines += [f"{_delete(root)}  # first, or what it syncs comes back" for root in roots]
    sets = [resource for resource in sync if resource.kind == "ApplicationSet"]
    lines += [f"{_delete(item)} --cascade=orphan  # its Applications go one by one, below" for item in sets]
    for part in reversed(LayerPart):
        if part not in _STAYS:
            lines += _remove(part, [layer for layer in layers if layer.part is part], by_source, folder)
    lines += [
        "```",
        "",
        "What stays: namespaces, with all that others keep in them, and KServe's CRDs. Deleting one of those deletes",
        "every object of its kind in the cluster.",
    ]
    return "\n".join(lines) + "\n"


_ROOTS: Final = frozenset({_APPLICATION, "Kustomization"})
_STAYS: Final = frozenset({LayerPart.CRDS, LayerPart.CLUSTER})


def _remove(part: LayerPart, layers: Sequence[SyncLayer], by_source: dict[str, Resource], folder: str) -> Iterator[str]:
    for layer in layers:
        if keeper := by_source.get(f"sync/charts/{layer.name}"):
            yield _delete(keeper)
    for chart in (chart for layer in layers for chart in layer.charts):
        syncer = by_source.get(chart.name)
        if syncer is None:
            yield f"helm uninstall {chart.release} -n {layers[0].namespace}"
            continue
        if syncer.kind == _APPLICATION:
            yield f"kubectl -n {syncer.id.namespace} patch {kubectl_name(syncer)} --type=merge -p {_CASCADE}"
        yield _delete(syncer)
    folders = [layer.folder for layer in layers if layer.folder]
    yield from dict.fromkeys(_delete(by_source[folder]) for folder in folders if folder in by_source)
    if folders:
        yield f"kubectl delete --ignore-not-found -R -f {folder}/{part.value}"


def _delete(resource: Resource) -> str:
    return f"kubectl -n {resource.id.namespace} delete {kubectl_name(resource)}"


def _folder(environment: ResolvedEnvironment) -> str:
    return f"{environment.text('gitops', 'path', default=DEFAULT_PATH).strip('/')}/{environment.name}"
