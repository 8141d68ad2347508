"""What to change so that a runtime serves a model: a request that nothing serves in, the nearest ones that work out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from kservegen.kserve.runtimes.runtime import ServingRuntime
from kservegen.kserve.runtimes.selection import Obstacle, Request, RuntimeSelection

Choose: TypeAlias = Callable[[Request], RuntimeSelection]

_PROTOCOLS: Final = ("v2", "v1", "grpc-v2", "grpc-v1")
# What a runtime that has everything but this may be named for, or mended.
_OBSTACLES_OF_ITS_OWN: Final = {
    Obstacle.DISABLED: "{} would serve it, but is disabled",
    Obstacle.MULTI_MODEL: "{} is for many models at once, so it must be named: runtime: {}",
    Obstacle.NOT_AUTOMATIC: "{} serves it where it is named: runtime: {}",
}


class Advice(Struct, frozen=True):
    """A change to the request, in the words of the object, and the runtime that then serves it."""

    change: str
    runtime: ServingRuntime


def nearest(selection: RuntimeSelection, choose: Choose) -> Advice | None:
    """Find the smallest change that gets the request served; None where no small one does."""
    for change, request in _changed(selection):
        found = choose(request)
        if found.chosen is not None:
            return Advice(change, found.chosen)
    return None


def _changed(selection: RuntimeSelection) -> Iterator[tuple[str, Request]]:
    request = selection.request
    others = [protocol for protocol in _PROTOCOLS if protocol != selection.protocol]
    for protocol in others:
        yield f"set protocolVersion: {protocol}", request._replace(protocol=protocol)
    if request.version is not None:
        for version in _versions(selection):
            yield f'set version: "{version}"', request._replace(version=version)
        yield "leave version out", request._replace(version=None)
        for protocol in others:
            change = f"leave version out and set protocolVersion: {protocol}"
            yield change, request._replace(version=None, protocol=protocol)
    for name in _same_but_for_case(selection):
        yield f"write the format as {name}", request._replace(format=name)
        yield f"write the format as {name} and leave version out", request._replace(format=name, version=None)
    if request.multi_node:
        yield "remove workerSpec", request._replace(multi_node=False)


def _versions(selection: RuntimeSelection) -> list[str]:
    """List the versions that runtimes give for the format: the newest of the same major version first."""
    wanted = selection.request.version or ""
    known = {
        listed.version
        for runtime, _ in selection.candidates
        for listed in runtime.formats
        if listed.name == selection.request.format and listed.version
    }
    major = wanted.partition(".")[0]
    return sorted(version for version in known if version.partition(".")[0] == major)


def _same_but_for_case(selection: RuntimeSelection) -> list[str]:
    wanted = selection.request.format
    names = {listed.name for runtime, _ in selection.candidates for listed in runtime.formats}
    return sorted(name for name in names if name != wanted and name.lower() == wanted.lower())


def almost(selection: RuntimeSelection) -> str:
    """Name a runtime that one thing of its own keeps from serving the request; blank where there is none."""
    for obstacle, sentence in _OBSTACLES_OF_ITS_OWN.items():
        for runtime, found in selection.candidates:
            if found is obstacle and runtime.serves(selection.request.format, selection.request.version, auto=False):
                return sentence.format(runtime.name, runtime.name)
    return ""


def why_chosen(selection: RuntimeSelection) -> str:
    """Say in a clause how a request came to its runtime, or that it came to none."""
    request = selection.request
    if request.runtime is not None:
        return "the model names it"
    wanted = f"{request} with protocol {selection.protocol}{' and workers' if request.multi_node else ''}"
    if selection.chosen is None:
        return f"no runtime serves {wanted}"
    others = len(selection.fitting) - 1
    if selection.contested:
        names = ", ".join(other.name for other in selection.contested)
        return f"it serves {wanted}; {names} would do as well, and the youngest of them is taken"
    return f"it serves {wanted}" + (", and goes before the others that would" if others else ", as the only one")


def why_not(selection: RuntimeSelection) -> tuple[tuple[str, str], ...]:
    """Say of the other runtimes that know the format what keeps them from being chosen: (name, clause)."""
    return tuple(
        (runtime.name, obstacle_reason(runtime, obstacle, selection) if obstacle else _rank(runtime, selection))
        for runtime, obstacle in selection.candidates
        if runtime is not selection.chosen and obstacle is not Obstacle.FORMAT
    )


def _rank(runtime: ServingRuntime, selection: RuntimeSelection) -> str:
    name, chosen = selection.request.format, selection.chosen
    if chosen is not None and chosen.namespace and not runtime.namespace:
        return "would do, but runtimes of the namespace go first"
    own, other = (r.priority(name) if r else None for r in (runtime, chosen))
    return f"would do, with priority {_shown(own)} against {_shown(other)}"


def _shown(priority: int | None) -> str:
    return "none" if priority is None else str(priority)


def obstacle_reason(runtime: ServingRuntime, obstacle: Obstacle, selection: RuntimeSelection) -> str:
    """Say in a clause why a runtime does not serve a request."""
    request = selection.request
    versions = ", ".join(dict.fromkeys(f.version for f in runtime.formats if f.name == request.format and f.version))
    return {
        Obstacle.ABSENT: "is not there",
        Obstacle.DISABLED: "is disabled",
        Obstacle.PROTOCOL: f"speaks {', '.join(runtime.protocols)}, not {selection.protocol}",
        Obstacle.FORMAT: f"does not serve {request.format}",
        Obstacle.VERSION: f"serves {request.format} {versions or 'without a version'}, not {request.version}",
        Obstacle.NOT_AUTOMATIC: "is chosen only where it is named (autoSelect is not true)",
        Obstacle.MULTI_MODEL: "is for many models at once (multiModel)",
        Obstacle.SINGLE_NODE: "has no workerSpec, the model has one",
        Obstacle.MULTI_NODE: "has a workerSpec, the model has none",
        Obstacle.NO_WORKER: "has no container worker-container among its workers",
        Obstacle.NO_CONTAINER: "has no container kserve-container",
    }[obstacle]
