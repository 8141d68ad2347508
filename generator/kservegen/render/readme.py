"""The pages of an environment for people: how models are called, watched and stopped, and which there are.

`README.md` of the environment does not change when a model does, nor when the first or last one of a namespace comes or
goes: `MODEL` stands for its name. Which models there are stands in one page for each namespace, so that who adds or
removes one touches what is theirs, and branches of many teams merge. Neither says what changes from day to day:
revisions, replicas, memory and cost are those of `kservegen report`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kservegen.core.document import text
from kservegen.core.resource import Resource
from kservegen.formats.templates import PageTemplates
from kservegen.kserve.protocols.curl import curl
from kservegen.kserve.protocols.detection import Silence
from kservegen.kserve.protocols.requests import Protocol, Speech
from kservegen.render.gitops.layers import LayerPart, SyncLayer, plan_layers
from kservegen.render.gitops.repository import CHART_REPOSITORY, DEFAULT_PATH
from kservegen.render.gitops.syncers import kubectl_name, syncers
from kservegen.render.objects.callees import Callee, callees, has_headless_services, service_to_forward
from kservegen.render.objects.charts import PlannedCharts
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.settings import promises_of

PAGE: Final = "README.md"
_CASCADE: Final = """'{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}'"""
_APPLICATION: Final = "Application"
_ROOTS: Final = frozenset({_APPLICATION, "Kustomization"})
_CONFIGURATION: Final = frozenset({"AppProject", "ConfigMap"})
_STAYS: Final = frozenset({LayerPart.CRDS, LayerPart.CLUSTER})
# Kinds that have pods, become Ready and can be stopped, by the labels of their pods.
_LABELS: Final = {
    "InferenceService": "serving.kserve.io/inferenceservice=MODEL",
    "LLMInferenceService": "app.kubernetes.io/name=MODEL,app.kubernetes.io/part-of=llminferenceservice",
}
_OPENAI: Final = "/openai"  # before the routes of the huggingface server
_REQUESTS: Final = {
    "InferenceService": ((Protocol.V1, ""), (Protocol.V2, ""), (Protocol.CHAT, _OPENAI)),
    "LLMInferenceService": ((Protocol.CHAT, ""),),
    "InferenceGraph": ((Protocol.GRAPH, ""),),
}


def build_pages(
    built: BuiltEnvironment, platform: PlannedCharts, templates: PageTemplates
) -> Iterator[tuple[str, str]]:
    """Yield the pages of an environment by their path in its folder; `platform` are the charts that it installs."""
    called = callees(built.environment, platform, (entry.resource for entry in built.entries))
    owners = {entry.resource.id: text(entry.entry.words.get("owner")) for entry in built.entries}
    folders: dict[str, list[Callee]] = {}
    for callee in called:
        folders.setdefault(callee.resource.file.rpartition("/")[0], []).append(callee)
    own = _environment(built, platform, {callee.resource.kind for callee in called})
    yield PAGE, templates.write("environment.md", **own)
    for folder, models in folders.items():
        models.sort(key=lambda callee: (callee.resource.kind, callee.resource.id.name))
        rows = [_row(callee, owners[callee.resource.id]) for callee in models]
        namespace = models[0].resource.id.namespace
        page = templates.write("models.md", environment=built.environment.name, namespace=namespace, models=rows)
        yield f"{folder}/{PAGE}", page


def _row(callee: Callee, owner: str) -> Mapping[str, object]:
    """Say of one model who owns it and how it is called."""
    own, speech = callee.resource, callee.speech
    said: Mapping[str, object]
    if isinstance(speech, Silence):
        said = {"protocol": f"it {speech.why}", "names": (), "path": ""}
    else:
        names = (speech.served, *speech.also) if speech.listing else ()
        said = {"protocol": speech.protocol.label, "names": names, "path": speech.route}
    return {"name": own.id.name, "file": own.file.rpartition("/")[2], "kind": own.kind, "owner": owner, **said}


def _environment(built: BuiltEnvironment, platform: PlannedCharts, called: set[str]) -> Mapping[str, object]:
    """Return what the page of an environment is made from; `called` are the kinds in use that take requests."""
    environment = built.environment
    folder = f"{environment.text('gitops', 'path', default=DEFAULT_PATH).strip('/')}/{environment.name}"
    sync = tuple(resource for resource in built.own if _is_sync(resource))
    layers = plan_layers(platform, (resource for resource in built.resources if not _is_sync(resource)))
    roots = sorted((item for item in sync if item.file.count("/") == 1), key=_configuration_first)
    kinds = [_kind(kind, platform, built.settings.deployment_mode) for kind in sorted(called & _REQUESTS.keys())]
    return {
        "name": environment.name,
        "cluster": environment.text("cluster", "name") or environment.text("cluster", "server") or "not named",
        "version": platform.version,
        "mode": environment.text("kserve", "deploymentMode", default="Standard"),
        "engine": environment.text("gitops", "engine").replace("none", ""),
        "charts": platform.names,
        "prerequisites": promises_of(environment),
        "kinds": kinds,
        "services": [kind for kind in kinds if kind["label"]],
        "roots": [f"{folder}/{root.file}" for root in roots],
        "order": list(dict.fromkeys(_generic(layer) for layer in layers)),
        "by_hand": list(dict.fromkeys(_by_hand(folder, layers))),
        "leaving": list(_leaving(layers, sync, folder)),
    }


def _is_sync(resource: Resource) -> bool:
    return resource.file.startswith("sync/")


def _configuration_first(root: Resource) -> tuple[bool, str]:
    """Put what the engine is to have before what starts it."""
    return root.kind not in _CONFIGURATION, root.file


def _kind(kind: str, platform: PlannedCharts, mode: str) -> dict[str, object]:
    """Say how an object of a kind is called, whatever its name."""
    service, port = service_to_forward(kind, "MODEL", {}, headless=has_headless_services(platform))
    is_llm = kind == "LLMInferenceService"
    speeches = [Speech(protocol=protocol, served="MODEL", prefix=prefix) for protocol, prefix in _REQUESTS[kind]]
    knative = mode == "Knative" and not is_llm
    return {
        "kind": kind,
        "resource": kind.lower(),
        "label": _LABELS.get(kind, ""),
        "service": "" if knative else service,
        "port": port,
        "has_address": not is_llm,
        "requests": [
            {"protocol": speech.protocol.label, "lines": curl(f'"$URL"{speech.route}', speech.body)}
            for speech in speeches
        ],
        "own_data": any(speech.needs_own_data for speech in speeches),
    }


def _generic(layer: SyncLayer) -> str:
    """Name a layer; those of models and of what stands beside them alike, whichever namespaces have some."""
    return f"{layer.part}-NAMESPACE" if _is_by_namespace(layer) else layer.name


def _is_by_namespace(layer: SyncLayer) -> bool:
    return layer.is_models or layer.is_companions


def _by_hand(folder: str, layers: Iterable[SyncLayer]) -> Iterator[str]:
    for layer in layers:
        for chart in layer.charts:
            values = f" -f {folder}/platform/values/{chart.name}.yaml" if chart.values else ""
            source = f"oci://{CHART_REPOSITORY}/{chart.name} --version {chart.version}"
            yield f"helm upgrade --install {chart.name} {source} -n {layer.namespace} --create-namespace{values}"
        if layer.folder:
            within = f"-R -f {folder}/{layer.part}" if _is_by_namespace(layer) else f"-f {folder}/{layer.folder}"
            yield f"kubectl apply --server-side {within}"


def _leaving(layers: Sequence[SyncLayer], sync: Sequence[Resource], folder: str) -> Iterator[str]:
    """Yield the commands by which an environment leaves its cluster: models before the controller."""
    by_source = syncers(sync, folder)
    for root in sync:
        if root.file.count("/") == 1 and root.kind in _ROOTS:
            yield f"{_delete(root)}  # first, or what it syncs comes back"
    for item in sync:
        if item.kind == "ApplicationSet":
            yield f"{_delete(item)} --cascade=orphan  # its Applications go one by one, below"
    for part in reversed(LayerPart):
        if part not in _STAYS:
            yield from _remove(part, [layer for layer in layers if layer.part is part], by_source, folder)


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
    synced = [layer for layer in layers if layer.folder in by_source]
    if part in {LayerPart.MODELS, LayerPart.COMPANIONS} and synced:
        named = _delete(by_source[synced[0].folder]).removesuffix(synced[0].namespace)
        yield f'for namespace in {folder}/{part}/*/; do {named}"$(basename "$namespace")"; done'
    else:
        yield from dict.fromkeys(_delete(by_source[layer.folder]) for layer in synced)
    if any(layer.folder for layer in layers):
        yield f"kubectl delete --ignore-not-found -R -f {folder}/{part.value}"


def _delete(resource: Resource) -> str:
    return f"kubectl -n {resource.id.namespace} delete {kubectl_name(resource)}"
