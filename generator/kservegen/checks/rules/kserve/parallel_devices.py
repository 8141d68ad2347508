"""The devices of a pod are not those that its server computes on.

vLLM takes tensor x pipeline x local data ranks devices on a node. With fewer it does not start, and what is beyond them
stays idle. Which sizes it gets is what the command line says in the end: the single-node presets of KServe v0.19.0 pass
no size at all, and none of any release passes data, dataLocal, pipeline or expert without a worker. A group of pods has
data ranks in all and dataLocal in each. Of slices of a card (MIG) a process sees one before CUDA 13, and they reach
no other by peer access (a warning); a variable such as CUDA_VISIBLE_DEVICES leaves it those that it lists.

Fix: Ask for as many devices as the sizes multiply to, and pass the sizes where the preset does not (`args:
[--tensor-parallel-size=2]`).
Bad:
    parallelism: {data: 6, dataLocal: 4}     # one pod of four ranks, and no two ranks for the rest
Good:
    parallelism: {data: 8, dataLocal: 4}
Upstream: config/llmisvcconfig; pkg/controller/v1alpha2/llmisvc/workload_multi_node.go; vllm/config/parallel.py; CUDA's
programming guide (CUDA_VISIBLE_DEVICES) and NVIDIA's of MIG (device enumeration)
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._serving import ServingContainer, serving_containers
from kservegen.core.diagnostics import Counterpart, Severity
from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import Path
from kservegen.kserve.servers.arguments import read_line, refuses_words
from kservegen.kserve.servers.command_line import StartedServer, started_server
from kservegen.kserve.servers.devices import Devices, devices_of, visible_devices
from kservegen.kserve.servers.images import HUGGINGFACE
from kservegen.kserve.servers.parallel import (
    DATA_SIZE,
    EXPERT_PARALLEL,
    LOCAL_SIZE,
    PIPELINE_SIZE,
    TENSOR_SIZE,
    ParallelSizes,
    parallel_sizes,
)

# Words of spec.parallelism and the flags that they become, where they become any.
_FLAGS: Final = {
    "tensor": TENSOR_SIZE,
    "pipeline": PIPELINE_SIZE,
    "data": DATA_SIZE,
    "dataLocal": LOCAL_SIZE,
    "expert": EXPERT_PARALLEL,
}
_GROUP: Final = "LeaderWorkerSet"
_WORKER: Final = "worker-container"
# One device of these is a whole card, whose neighbours a server can reach.
_WHOLE: Final = frozenset({"nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi"})
_SLICE: Final = "nvidia.com/mig-"


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    yield from once(_problems(resource, context))


def _problems(resource: Resource, context: Context) -> Iterator[Problem]:
    servings = serving_containers(resource, context)
    if any(text(serving.container.get("name")) == _WORKER for serving in servings):
        return  # KServe itself shares the devices out between head and workers
    for serving in servings:
        started = started_server(serving.container)
        sizes = parallel_sizes(started) if started is not None else None
        if started is None or sizes is None:
            continue
        if resource.kind == "LLMInferenceService":
            wrong = [*_unpassed(resource, serving, sizes), *_ranks(resource, serving, sizes)]
            yield from wrong
            if wrong:
                continue
        found = list(_devices(resource, serving, started, sizes))
        if found and not refuses_words(started.server, started.line, started.environment):
            yield from found


def _side(serving: ServingContainer) -> Path:
    is_prefill = "-prefill" in serving.pod.of
    return ("spec", "prefill", "parallelism") if is_prefill else ("spec", "parallelism")


def _stated(resource: Resource, serving: ServingContainer) -> tuple[Path, dict[str, int]]:
    """Return the sizes that the object itself states for a pod, and where."""
    here = _side(serving)
    words = mapping(value_at(resource.doc, here))
    sizes = {word: 1 if words[word] is True else integer(words[word]) or 0 for word in _FLAGS if word in words}
    return here, sizes


def _unpassed(resource: Resource, serving: ServingContainer, sizes: ParallelSizes) -> Problems:
    here, stated = _stated(resource, serving)
    words = [word for word, size in stated.items() if size > 1 or word == "expert"]
    lost = [word for word in words if stated[word] and sizes.given.get(_FLAGS[word]) != stated[word]]
    if not lost:
        return
    gets = [f"{_FLAGS[word]}={sizes.given[_FLAGS[word]]}" for word in lost if _FLAGS[word] in sizes.given]
    flags = [_FLAGS[word] if word == "expert" else f"{_FLAGS[word]}={stated[word]}" for word in lost]
    has = " ".join(gets) if gets else f"no {_either([_FLAGS[word] for word in lost])}"
    yield Problem(
        (*here, lost[0]),
        f"parallelism.{' and '.join(lost)} {'do' if len(lost) > 1 else 'does'} not reach the server of "
        f"{serving.pod.of}: its command line has {has}",
        seen="true" if lost[0] == "expert" else str(stated[lost[0]]),
        hint=f"Pass what is meant yourself, args: [{', '.join(flags)}], or take it out.",
        at_key=True,
        severity=Severity.WARNING,
    )


def _either(flags: list[str]) -> str:
    return " and no ".join(flags)


def _ranks(resource: Resource, serving: ServingContainer, sizes: ParallelSizes) -> Problems:
    name = serving.pod.of.split("/")[1] if serving.pod.of.startswith(_GROUP) else ""
    group = next((made.doc for made in serving.view.made.objects if made.label == f"{_GROUP}/{name}"), None)
    data, local = sizes.given.get(DATA_SIZE), sizes.given.get(LOCAL_SIZE)
    if group is None or data is None or local is None:
        return
    pods = integer(mapping(mapping(group.get("spec")).get("leaderWorkerTemplate")).get("size")) or 1
    here, stated = _stated(resource, serving)
    if pods * local != data and "data" in stated:
        yield Problem(
            (*here, "data"),
            f"{data} data ranks are no multiple of dataLocal {local}: KServe makes {pods} pod{'s' * (pods != 1)} of "
            f"{local}, {pods * local} ranks, and vLLM waits for {data}",
            seen=str(data),
            hint=f"Make data a multiple of dataLocal, such as {(data // local + 1) * local}.",
        )


def _devices(resource: Resource, serving: ServingContainer, started: StartedServer, sizes: ParallelSizes) -> Problems:
    asked = devices_of(serving.container)
    if len(asked) != 1:
        return
    devices, needed = asked[0], sizes.local
    if devices.resource.startswith(_SLICE) and needed > 1:
        yield Problem(
            _place(resource, serving, devices, sizes),
            f"the server is told to spread over {needed} {devices.resource} ({_product(sizes)}), and may not start: "
            "before CUDA 13 a process sees one MIG slice alone, and slices reach no other by peer access",
            seen=f"{devices.resource}: {devices.number}",
            hint="Take one larger slice without parallel sizes, or whole cards.",
            severity=Severity.WARNING,
        )
    yield from _hidden(serving, devices, started, sizes)
    if devices.resource not in _WHOLE:
        return
    if devices.number == needed or (devices.number > needed and _may_take_all(started, sizes)):
        return
    place = _place(resource, serving, devices, sizes)
    if devices.number < needed:
        message = f"the server needs {needed} devices on a node ({_product(sizes)}) and the pod gets {devices.number}"
        seen = f"{devices.resource}: {devices.number}"
        yield Problem(
            place,
            f"{message}: it does not start",
            seen=seen,
            hint=f"Ask for {needed}, or set sizes that multiply to {devices.number}.",
            other=_size_at(resource, serving, started, sizes),
        )
        return
    idle = devices.number - needed
    used = f"set sizes that multiply to {devices.number}" if sizes.given else f"use all: {TENSOR_SIZE}={devices.number}"
    yield Problem(
        place,
        f"the pod gets {devices.number} {devices.resource} and the server uses {needed} ({_product(sizes)}): {idle} "
        f"stay idle",
        seen=f"{devices.resource}: {devices.number}",
        hint=f"Ask for {needed}, or {used}.",
        severity=Severity.WARNING,
        other=_size_at(resource, serving, started, sizes),
    )


def _size_at(
    resource: Resource, serving: ServingContainer, started: StartedServer, sizes: ParallelSizes
) -> Counterpart | None:
    """Return where the object states the first of the sizes: in its words, or in an argument of its own."""
    here, stated = _stated(resource, serving)
    for flag in _said(sizes):
        word = next((word for word in stated if _FLAGS[word] == flag), None)
        if word is not None:
            return Counterpart((*here, word), f"{word} is set here")
        last = [given.index for given in read_line(started.server, started.line).given if given.flag.name == flag][-1:]
        for index in last:
            section, *rest = started.places[index]
            if section != "env" and serving.states(section, *rest):
                return Counterpart(serving.where(section, *rest).path, f"{flag} is set here")
    return None


def _hidden(serving: ServingContainer, devices: Devices, started: StartedServer, sizes: ParallelSizes) -> Problems:
    """Yield a variable that leaves the server fewer of the pod's devices than it needs."""
    goes_on = _may_take_all(started, sizes)
    for index, item in enumerate(map(mapping, sequence(serving.container.get("env")))):
        name, said = text(item.get("name")), text(item.get("value"))
        seen = visible_devices(devices, name, said) if "valueFrom" not in item else None
        if seen is not None and seen < min(sizes.local, devices.number):
            place = serving.where("env", index)
            needs = f"the server needs {sizes.local} on a node ({_product(sizes)})"
            end = "it computes without them" if goes_on else f"{needs} and does not start"
            message = f"{name} leaves the server {seen} of the pod's {devices.number} devices: {end}"
            hint = f"Leave {name} out: a pod sees the devices that it was given, counted from 0."
            severity = Severity.WARNING if goes_on else None
            yield Problem(place.path, f"{message}{place.told}", seen=f"{name}={said}", hint=hint, severity=severity)


def _product(sizes: ParallelSizes) -> str:
    return " x ".join(f"{flag.removeprefix('--')} {sizes.given[flag]}" for flag in _said(sizes)) or "no parallel size"


def _said(sizes: ParallelSizes) -> list[str]:
    data = LOCAL_SIZE if LOCAL_SIZE in sizes.given else DATA_SIZE
    return [flag for flag in (TENSOR_SIZE, PIPELINE_SIZE, data) if flag in sizes.given]


def _may_take_all(started: StartedServer, sizes: ParallelSizes) -> bool:
    """Whether the server may spread over devices by itself, as the one of Hugging Face does without vLLM."""
    return started.server.name == HUGGINGFACE and not sizes.given


def _place(resource: Resource, serving: ServingContainer, devices: Devices, sizes: ParallelSizes) -> Path:
    """Point at the devices, where the object asks for them; else at the size that it gives."""
    at = ("resources", devices.side, devices.resource)
    if serving.states(*at):
        return serving.where(*at).path
    here, stated = _stated(resource, serving)
    word = next((word for word in stated if _FLAGS[word] in sizes.given), None)
    return (*here, word) if word is not None else serving.where(*at).path
