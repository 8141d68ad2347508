"""One server as its made pod has it: a serving container in; its model, its words and its GPU out.

The words are those that the server gets in the end (`kserve/servers/command_line.py`): a runtime's arguments before the
model's, what a preset's start script adds, each through the shells that lie between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.checks.gpu.arguments import Server, StatedOptions, read_options, read_server
from kservegen.checks.gpu.requests import DEVICE_KINDS, ServedContainer, device_of, serving_in
from kservegen.checks.rules.base import Context
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource
from kservegen.kserve.controllers.made import Made, named
from kservegen.kserve.servers.command_line import StartedServer, started_server
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM

_HUB: Final = "hf://"
_INITIALIZER: Final = "storage-initializer"
# Options that start scripts read from the object: of an LLM service below `parallelism`, of others in `workerSpec`.
_SIZES: Final[Mapping[str, tuple[str, str]]] = {
    "tensor-parallel-size": ("tensor", "tensorParallelSize"),
    "pipeline-parallel-size": ("pipeline", "pipelineParallelSize"),
    "data-parallel-size": ("data", ""),
}


class GpuWorkload(Struct, frozen=True, kw_only=True, eq=False):
    """One server: what it loads, what it is told, what it runs on. Paths are those of the object.

    `model` is the name of a repository on the Hub, blank where only the server knows; `address` is the URI that is
    loaded, if any. `said_at` returns the path of the word that said one of the `options`; `gpus` is how many one pod
    gets, 0 on CPUs. `certain` says that vLLM serves it whatever the model: the Hugging Face server takes another
    backend for models that vLLM does not know.
    """

    role: str
    path: Path
    model: str
    model_path: Path
    options: Mapping[str, StatedOptions]
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
    started: StartedServer | None = None
    said_at: Callable[[str], Path | None] = lambda _: None

    def where(self, option: str) -> Path:
        """Return the path of the word that said an option; that of the GPUs where nobody did."""
        said = self.said_at(option)
        return self.resource_path if said is None else said


def gpu_workloads(resource: Resource, context: Context) -> tuple[GpuWorkload, ...]:
    """List the vLLM servers of an object, with GPUs and without; others are none of this module's business."""
    return (context.simulation.derived(resource, _servers) if resource.kind in DEVICE_KINDS else None) or ()


def _servers(resource: Resource, made: Made) -> tuple[GpuWorkload, ...]:
    return tuple(_servers_in(resource, serving_in(resource, made)))


def _servers_in(resource: Resource, served: Iterable[ServedContainer]) -> Iterator[GpuWorkload]:
    for at in served:
        if at.workload.role.endswith("worker") and "args" not in (at.stated.container if at.stated else {}):
            continue  # it is told what its leader is told
        server = started_server(at.container)
        if server is not None and server.server.name in (VLLM, HUGGINGFACE):
            found = _workload(resource, at, server)
            if found is not None:
                yield found


def _workload(resource: Resource, at: ServedContainer, started: StartedServer) -> GpuWorkload | None:
    words = [word.text for word in started.line.words]
    options = read_options(words)
    backend = options.get("backend")
    if backend is not None and backend.value not in {"auto", "vllm"}:
        return None
    address, model_path = _address(resource, at)
    model = _repository(address)
    if not address:
        model, index = _named_model(words, options, serves=started.line.serves)
        model_path = (_place(at, started.places[index]) if index >= 0 else None) or at.path
    name, number = device_of(at.container) or ("", 0)
    server = read_server(options, started.environment)
    side = "limits" if name in mapping(mapping(at.container.get("resources")).get("limits")) else "requests"
    return GpuWorkload(
        role=at.workload.role,
        path=at.path,
        model=model,
        model_path=model_path,
        options=options,
        server=replace(server, across_machines=at.workload.nodes > 1 and server.tensor > number > 0),
        gpus=number,
        resource_name=name,
        resource_path=at.where("resources", side, name) if name else at.path,
        node_selector=mapping(at.pod.get("nodeSelector")),
        image=text(at.container.get("image")),
        nodes=at.workload.nodes,
        certain=started.server.name == VLLM or (backend is not None and backend.value == "vllm"),
        address=address,
        environment=started.environment,
        started=started,
        said_at=partial(_said_at, resource, at, options, started.places),
    )


def _said_at(
    resource: Resource, at: ServedContainer, options: Mapping[str, StatedOptions], places: Sequence[Path], key: str
) -> Path | None:
    """Return where an option is said: its word, the field that a start script reads, or else its container."""
    said = options.get(key)
    if said is None:
        return None
    place = _place(at, places[said.index]) if said.index >= 0 else None
    if place is not None or key not in _SIZES:
        return at.path if place is None and said.index >= 0 else place
    size, of_workers = _SIZES[key]
    paths: tuple[Path, ...] = (
        (*at.workload.path, "workerSpec", of_workers),
        (*at.workload.path[:-1], "parallelism", size),
    )
    return next((path for path in paths if value_at(resource.doc, path) is not None), None)


def _place(at: ServedContainer, place: Path) -> Path | None:
    """Return the path in the object of a word that stands in a field of the container; None where it is not its own."""
    section, where = place
    if section == "env":
        index = named(sequence(at.container.get("env")), str(where))
        return None if index is None else at.own("containers", at.index, "env", index, "value")
    return at.own("containers", at.index, section, where)


def _address(resource: Resource, at: ServedContainer) -> tuple[str, Path]:
    """Return the URI that is loaded, and its path: what the object states, or else what is downloaded."""
    if resource.kind == "LLMInferenceService":
        return text(mapping(resource.spec.get("model")).get("uri")), ("spec", "model", "uri")
    stated = text(at.stated.container.get("storageUri")) if at.stated is not None else ""
    if stated:
        return stated, (*at.path, "storageUri")
    inits = sequence(at.pod.get("initContainers"))
    index = named(inits, _INITIALIZER)
    listed = sequence(mapping(inits[index]).get("args")) if index is not None else []
    return (text(listed[0]) if listed else ""), at.path


def _named_model(words: Sequence[str], options: Mapping[str, StatedOptions], *, serves: bool) -> tuple[str, int]:
    """Return the model that the words name, and which word does: `--model`, `--model_id`, or the one after `serve`."""
    for name in ("model-id", "model"):
        said = options.get(name)
        if said is not None and not said.value.startswith("/"):
            return said.value, said.index
    if serves and words and not words[0].startswith(("-", "/")):
        return words[0], 0
    return "", -1


def _repository(uri: str) -> str:
    """Return the name in `hf://owner/name[:revision]`; blank for another scheme."""
    return uri.removeprefix(_HUB).partition(":")[0] if uri.startswith(_HUB) else ""
