"""One server as an object describes it: a serving container in; its model, its words and its GPU out.

Words are put together as the pod will have them: a runtime's arguments before the model's, and for presets the words
of VLLM_ADDITIONAL_ARGS before the container's, each through one round of shell parsing (KServe's start script evals
them). Sources: KServe's runtimes and presets as the chart tables hold them, huggingfaceserver's own options.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from kservegen.checks.gpu.arguments import Server, StatedOptions, read_options, read_server
from kservegen.checks.gpu.requests import device_of, serving
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import selection_of
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource, ResourceId
from kservegen.kserve.runtimes.selection import request_of
from kservegen.kserve.workloads import SERVING_CONTAINER, ContainerAt, PodSpecAt

_HUB: Final = "hf://"
_CHART_RUNTIMES: Final = frozenset({"kserve-huggingfaceserver", "kserve-huggingfaceserver-multinode"})
_WORKERS: Final = frozenset({"worker", "prefill-worker"})
_VLLM_FORMATS: Final = frozenset({"huggingface", "vLLM"})


class Images(NamedTuple):
    """What the installation runs where an object names no image: the Hugging Face server, vLLM, the LLM presets."""

    huggingface: str
    vllm: str
    presets: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GpuWorkload:
    """One server: what it loads, what it is told, what it runs on. Paths are those of the object.

    `model` is the name of a repository on the Hub, blank where only the server knows; `address` is the URI that is
    loaded, if any. `options` remember the path of the word that said them in `said_at`; `gpus` is how many one pod
    gets, 0 on CPUs. `certain` says that vLLM serves it whatever the model: the Hugging Face server takes another
    backend for models that vLLM does not know.
    """

    role: str
    path: Path
    model: str
    model_path: Path
    options: Mapping[str, StatedOptions]
    said_at: Mapping[str, Path]
    server: Server
    gpus: int
    resource_name: str
    resource_path: Path
    node_selector: JsonObject
    image: str
    nodes: int = 1
    certain: bool = True
    address: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def where(self, option: str) -> Path:
        """Return the path of the word that said an option; that of the GPUs where nobody did."""
        return self.said_at.get(option, self.resource_path)


class _Words(NamedTuple):
    texts: list[str]
    paths: list[Path]


@dataclass(frozen=True, slots=True, eq=False)
class _Pod:
    """The words of one serving container, gathered from runtime, object and preset."""

    words: _Words
    environment: dict[str, str] = field(default_factory=dict)
    image: str = ""


class ServerSummary(NamedTuple):
    """What one look tells of a server, before its words are read; named as in `GpuWorkload`."""

    model: str
    address: str
    certain: bool
    node_selector: JsonObject
    resource_name: str


def server_summaries(resource: Resource, context: Context, images: Images) -> Iterator[ServerSummary]:
    """Yield a summary of each server with GPUs that `workloads` reads in full."""
    for (pod, at), found in _servers(resource, context, images):
        device = device_of(at.container)
        if device is not None:
            yield ServerSummary(
                found.model, found.address, found.certain, mapping(pod.spec.get("nodeSelector")), device[0]
            )


def gpu_workloads(resource: Resource, context: Context, images: Images) -> Iterator[GpuWorkload]:
    """Yield the vLLM servers of an object, with GPUs and without; others are none of this module's business."""
    for (pod, at), found in _servers(resource, context, images):
        gathered, model, model_path, parallel, nodes, certain, _ = found
        options = read_options(gathered.words.texts)
        server = read_server(options, gathered.environment)
        if parallel:
            server = _parallel(server, options, parallel)
        name, number = device_of(at.container) or ("", 0)
        side = "limits" if name in mapping(mapping(at.container.get("resources")).get("limits")) else "requests"
        yield GpuWorkload(
            role=pod.role,
            path=at.path,
            model=model,
            model_path=model_path,
            options=options,
            said_at={key: gathered.words.paths[said.index] for key, said in options.items() if said.index >= 0},
            server=server,
            gpus=number,
            resource_name=name,
            resource_path=(*at.path, "resources", side, name) if name else at.path,
            node_selector=mapping(pod.spec.get("nodeSelector")),
            image=gathered.image,
            nodes=nodes,
            certain=certain,
            address=found.address,
            environment=gathered.environment,
        )


def _servers(
    resource: Resource, context: Context, images: Images
) -> Iterator[tuple[tuple[PodSpecAt, ContainerAt], _Found]]:
    read = _llm if resource.id.kind == "LLMInferenceService" else _service
    for pod, at in serving(resource):
        found = read(resource, context, images, pod, at)
        if found is not None:
            yield (pod, at), found


class _Found(NamedTuple):
    pod: _Pod
    model: str
    model_path: Path
    parallel: dict[str, int]
    nodes: int
    certain: bool = True
    address: str = ""


def _service(resource: Resource, context: Context, images: Images, pod: PodSpecAt, at: ContainerAt) -> _Found | None:
    """Read a predictor: of the huggingface or vLLM runtime, or a container of one's own with an image of vLLM."""
    own = _words(at.container, at.path)
    environment = _environment(at.container)
    if pod.role == "worker":
        return None  # workers run what the head tells them
    if at.path[-1] != "model":
        image = text(at.container.get("image"))
        if not _is_vllm(image):
            return None
        model, path = _served(own, at)
        return _Found(_Pod(own, environment, image), model, path, {}, 1)
    if text(mapping(at.container.get("modelFormat")).get("name")) not in _VLLM_FORMATS:
        return None
    runtime = _runtime(resource, context, pod, at, images)
    if runtime is None:
        return None
    words = _Words([*runtime.words.texts, *own.texts], [*((at.path,) * len(runtime.words.texts)), *own.paths])
    backend = read_options(words.texts).get("backend")
    if backend is not None and backend.value not in {"auto", "vllm"}:
        return None
    uri = text(at.container.get("storageUri"))
    model, path = (_repository(uri), (*at.path, "storageUri")) if uri else _served(words, at)
    image = text(at.container.get("image")) or runtime.image
    worker = mapping(pod.spec.get("workerSpec"))
    parallel = {
        key: size
        for key, word in (("tensor", "tensorParallelSize"), ("pipeline", "pipelineParallelSize"))
        if (size := integer(worker.get(word)))
    }
    nodes = parallel.get("pipeline", 1) if worker else 1
    found = _Pod(words, {**runtime.environment, **environment}, image)
    certain = backend is not None and backend.value == "vllm"
    return _Found(found, model, path, parallel, nodes, certain or "huggingfaceserver" not in image, uri)


def _runtime(resource: Resource, context: Context, pod: PodSpecAt, at: ContainerAt, images: Images) -> _Pod | None:
    """Return what the runtime that serves the model brings; None where it is no server of vLLM that is known."""
    request = request_of(pod.spec, at.container, resource.id.namespace or "default")
    chosen = selection_of(request, context).chosen
    if chosen is None:
        return None
    defined = context.resources.get(ResourceId(chosen.kind, chosen.namespace, chosen.name))
    if defined is None:
        if chosen.name in _CHART_RUNTIMES:
            return _Pod(_Words([], []), {}, images.huggingface)
        return _Pod(_Words([], []), {}, images.vllm) if chosen.name == "kserve-vllmserver" else None
    listed = [mapping(item) for item in sequence(mapping(defined.doc.get("spec")).get("containers"))]
    container = next((item for item in listed if item.get("name") == SERVING_CONTAINER), None)
    if container is None or not _is_vllm(text(container.get("image"))):
        return None
    return _Pod(_words(container, ()), _environment(container), text(container.get("image")))


def _llm(resource: Resource, context: Context, images: Images, pod: PodSpecAt, at: ContainerAt) -> _Found | None:
    """Read a workload of an LLMInferenceService: its own container over the presets it names."""
    if at.container.get("command") is not None or (pod.role in _WORKERS and "args" not in at.container):
        return None  # a start script of one's own, or a worker that is told what its leader is told
    spec = mapping(resource.doc.get("spec"))
    base = _preset(spec, resource, context, pod.role)
    own = _words(at.container, at.path)
    inherited = _words(base, ())
    words = own if "args" in at.container else _Words(inherited.texts, [at.path] * len(inherited.texts))
    environment = {**_environment(base), **_environment(at.container)}
    additional = _shell(environment.get("VLLM_ADDITIONAL_ARGS", ""))
    split = [(word, path) for said, path in zip(*words, strict=True) for word in _shell(said)]
    gathered = _Words([*additional, *(w for w, _ in split)], [*((at.path,) * len(additional)), *(p for _, p in split)])
    uri = text(mapping(spec.get("model")).get("uri"))
    side = mapping(spec.get("prefill")) if pod.role.startswith("prefill") else spec
    spread = mapping(side.get("parallelism"))
    parallel = {key: size for key in ("tensor", "data", "pipeline") if (size := integer(spread.get(key)))}
    local = integer(spread.get("dataLocal")) or 1
    nodes = max(parallel.get("data", 1) // local, 1) if "worker" in side else 1
    image = text(at.container.get("image")) or text(base.get("image")) or images.presets
    if not _is_vllm(image):
        return None
    taken = parallel if "worker" in side else {key: size for key, size in parallel.items() if key != "data"}
    return _Found(
        _Pod(gathered, environment, image), _repository(uri), ("spec", "model", "uri"), taken, nodes, address=uri
    )


def _preset(spec: JsonObject, resource: Resource, context: Context, role: str) -> JsonObject:
    """Return the main container of the last preset that the object names, as far as the catalog holds it."""
    found: JsonObject = {}
    for reference in sequence(spec.get("baseRefs")):
        name = text(mapping(reference).get("name"))
        preset = context.resources.get(ResourceId("LLMInferenceServiceConfig", resource.id.namespace, name))
        if preset is None:
            continue
        part = mapping(preset.doc.get("spec"))
        part = mapping(part.get("prefill")) if role.startswith("prefill") else part
        template = mapping(part.get("worker" if role.endswith("worker") else "template"))
        listed = (mapping(item) for item in sequence(template.get("containers")))
        found = {**found, **next((item for item in listed if item.get("name") == "main"), {})}
    return found


def _words(container: JsonObject, path: Path) -> _Words:
    listed = sequence(container.get("args"))
    command = [item for item in sequence(container.get("command")) if isinstance(item, str)]
    texts = [*command, *(item if isinstance(item, str) else "" for item in listed)]
    paths = [*((*path, "command", i) for i in range(len(command))), *((*path, "args", i) for i in range(len(listed)))]
    return _Words(texts, paths)


def _environment(container: JsonObject) -> dict[str, str]:
    found = {}
    for item in map(mapping, sequence(container.get("env"))):
        name, value = item.get("name"), item.get("value")
        if isinstance(name, str) and isinstance(value, str):
            found[name] = value
    return found


def _shell(word: str) -> list[str]:
    """Split a word as the start script's eval does; one that no shell can read stands as it is."""
    try:
        return shlex.split(word)
    except ValueError:
        return [word]


def _is_vllm(image: str) -> bool:
    name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return "vllm" in name or name.startswith(("llm-d", "huggingfaceserver"))


def _served(words: _Words, at: ContainerAt) -> tuple[str, Path]:
    """Return the model that the words name: `--model`, `--model_id`, or the word after `serve`."""
    options = read_options(words.texts)
    for name in ("model-id", "model"):
        said = options.get(name)
        if said is not None and not said.value.startswith("/"):
            return said.value, words.paths[said.index]
    if "serve" in words.texts[:-1]:
        index = words.texts.index("serve") + 1
        if not words.texts[index].startswith(("-", "/")):
            return words.texts[index], words.paths[index]
    return "", at.path


def _repository(uri: str) -> str:
    """Return the name in `hf://owner/name[:revision]`; blank for another scheme."""
    return uri.removeprefix(_HUB).partition(":")[0] if uri.startswith(_HUB) else ""


def _parallel(server: Server, options: Mapping[str, StatedOptions], parallel: Mapping[str, int]) -> Server:
    """Add what the object says of parallelism where the words do not."""
    said = {"tensor": "tensor-parallel-size", "pipeline": "pipeline-parallel-size", "data": "data-parallel-size"}
    added = {key: size for key, size in parallel.items() if said[key] not in options}
    return replace(
        server,
        tensor=added.get("tensor", server.tensor),
        pipeline=added.get("pipeline", server.pipeline),
        data=added.get("data", server.data),
    )
