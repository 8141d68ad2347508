"""Which runtime serves a model, and why: a request and the runtimes that there are in, KServe's choice out.

As the controller goes about it at v0.19.0 and v0.20.0 (pkg/apis/serving/v1beta1/predictor_model.go and
inferenceservice/components/predictor.go): a named runtime is taken whatever its priority, otherwise the enabled ones
that fit are put in order, those of the namespace before those of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.releases import Release
from kservegen.kserve.runtimes.runtime import ServingRuntime
from kservegen.kserve.workloads import SERVING_CONTAINER, WORKER_CONTAINER

_DEFAULT_PROTOCOL: Final = "v1"


class Request(NamedTuple):
    """What a model asks for. `version`, `protocol` and `runtime` are None where the model says nothing of them.

    `multi_node` says that the model has a workerSpec.
    """

    format: str
    version: str | None = None
    protocol: str | None = None
    runtime: str | None = None
    namespace: str = ""
    multi_node: bool = False

    def __str__(self) -> str:
        return self.format if self.version is None else f"{self.format}:{self.version}"


class Obstacle(StrEnum):
    """Why a runtime does not serve a request, in the order in which the controller looks."""

    ABSENT = "absent"
    DISABLED = "disabled"
    PROTOCOL = "protocol"
    FORMAT = "format"
    VERSION = "version"
    NOT_AUTOMATIC = "not-automatic"
    MULTI_MODEL = "multi-model"
    SINGLE_NODE = "single-node"
    MULTI_NODE = "multi-node"
    NO_WORKER = "no-worker"
    NO_CONTAINER = "no-container"


class Candidate(NamedTuple):
    """A runtime that was looked at, and what stood in the way; None for one that would do."""

    runtime: ServingRuntime
    obstacle: Obstacle | None


class RuntimeSelection(Struct, frozen=True, kw_only=True):
    """What became of a request. `chosen` is None where nothing serves it; then `obstacle` says why, if one thing does.

    `candidates` are all the runtimes that were weighed, the chosen one first, those that would do next.
    `protocol` is the one that was looked for; None where a named runtime is not asked for one.
    """

    request: Request
    protocol: str | None
    chosen: ServingRuntime | None
    obstacle: Obstacle | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def fitting(self) -> tuple[ServingRuntime, ...]:
        """The runtimes that would serve the request, in the order of their preference."""
        return tuple(candidate.runtime for candidate in self.candidates if candidate.obstacle is None)

    @property
    def contested(self) -> tuple[ServingRuntime, ...]:
        """The others of the chosen one's rank: which of them is taken depends on when each was made."""
        fitting = self.fitting
        if self.request.runtime is not None or not fitting:
            return ()
        rank = _rank(fitting[0], self.request.format)
        return tuple(other for other in fitting[1:] if _rank(other, self.request.format) == rank)


def request_of(predictor: JsonObject, model: JsonObject, namespace: str) -> Request:
    """Read what a predictor's model asks for."""
    wanted = mapping(model.get("modelFormat"))
    return Request(
        format=text(wanted.get("name")),
        version=_given(wanted.get("version")),
        protocol=_given(model.get("protocolVersion")),
        runtime=_given(model.get("runtime")),
        namespace=namespace,
        multi_node=predictor.get("workerSpec") is not None,
    )


def _given(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def default_protocol(format_name: str, release: Release) -> str:
    """Say which protocol a model without a word of its own is served by."""
    return "v2" if format_name in release.capabilities.v2_formats else _DEFAULT_PROTOCOL


def select(request: Request, runtimes: Iterable[ServingRuntime], release: Release) -> RuntimeSelection:
    """Choose among the runtimes of the request's namespace and the cluster; others are passed over."""
    at_hand = [runtime for runtime in runtimes if runtime.namespace in ("", request.namespace)]
    if request.runtime is not None:
        return _named(request, at_hand)
    protocol = request.protocol if request.protocol is not None else default_protocol(request.format, release)
    candidates = [Candidate(runtime, _automatic(runtime, request, protocol)) for runtime in at_hand]
    fitting = sorted((c for c in candidates if c.obstacle is None), key=lambda c: _order(c.runtime, request.format))
    others = sorted((c for c in candidates if c.obstacle is not None), key=lambda c: _order(c.runtime, request.format))
    chosen = fitting[0].runtime if fitting else None
    flaw = _flaw(chosen, request) if chosen is not None else None
    return RuntimeSelection(
        request=request,
        protocol=protocol,
        chosen=chosen if flaw is None else None,
        obstacle=flaw,
        candidates=(*fitting, *others),
    )


def _rank(runtime: ServingRuntime, format_name: str) -> tuple[bool, bool, int]:
    """Return what orders runtimes: the namespace's first, those with a priority next, the highest of them first."""
    priority = runtime.priority(format_name)
    return not runtime.namespace, priority is None, -(priority or 0)


def _order(runtime: ServingRuntime, format_name: str) -> tuple[tuple[bool, bool, int], str]:
    """Put equals in the order of their names: which of them is younger cannot be known."""
    return _rank(runtime, format_name), runtime.name


def _automatic(runtime: ServingRuntime, request: Request, protocol: str) -> Obstacle | None:
    if runtime.disabled:
        return Obstacle.DISABLED
    if not runtime.serves(request.format, None, auto=False):
        return Obstacle.FORMAT
    if not runtime.serves(request.format, request.version, auto=False):
        return Obstacle.VERSION
    if not runtime.serves(request.format, request.version, auto=True):
        return Obstacle.NOT_AUTOMATIC
    if not runtime.speaks(protocol):
        return Obstacle.PROTOCOL
    if runtime.multi_model:
        return Obstacle.MULTI_MODEL
    if runtime.spans_nodes != request.multi_node:
        return Obstacle.MULTI_NODE if runtime.spans_nodes else Obstacle.SINGLE_NODE
    return None


def _named(request: Request, at_hand: list[ServingRuntime]) -> RuntimeSelection:
    """Take a runtime by its name, the namespace's before the cluster's; nothing else is weighed."""
    found = sorted((r for r in at_hand if r.name == request.runtime), key=lambda r: not r.namespace)
    if not found:
        return RuntimeSelection(request=request, protocol=request.protocol, chosen=None, obstacle=Obstacle.ABSENT)
    runtime = found[0]
    obstacle = next(_named_obstacles(runtime, request), None)
    return RuntimeSelection(
        request=request,
        protocol=request.protocol,
        chosen=runtime if obstacle is None else None,
        obstacle=obstacle,
        candidates=(Candidate(runtime, obstacle),),
    )


def _named_obstacles(runtime: ServingRuntime, request: Request) -> Iterator[Obstacle]:
    if runtime.disabled:
        yield Obstacle.DISABLED
    if request.protocol is not None and not runtime.speaks(request.protocol):
        yield Obstacle.PROTOCOL
    if not runtime.serves(request.format, None, auto=False):
        yield Obstacle.FORMAT
    if not runtime.serves(request.format, request.version, auto=False):
        yield Obstacle.VERSION
    flaw = _flaw(runtime, request)
    if flaw is not None:
        yield flaw


def _flaw(runtime: ServingRuntime, request: Request) -> Obstacle | None:
    """Say what keeps a runtime from serving once it is chosen."""
    if request.multi_node:
        if runtime.workers is None:
            return Obstacle.SINGLE_NODE
        if WORKER_CONTAINER not in runtime.workers:
            return Obstacle.NO_WORKER
    return None if SERVING_CONTAINER in runtime.containers else Obstacle.NO_CONTAINER
