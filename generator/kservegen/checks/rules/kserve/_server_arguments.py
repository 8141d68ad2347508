"""The servers in the pods that KServe makes of an object, what is wrong with their arguments, and where to edit it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kservegen.checks.rules._cached import cached
from kservegen.checks.rules._made import MadeView, Place, pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource
from kservegen.checks.rules.kserve._shell import Hazard, hazards
from kservegen.core.diagnostics import Counterpart, Severity
from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.made import STORED, MadePod, source_of
from kservegen.kserve.servers.arguments import ArgumentKind, ArgumentProblem, argument_problems
from kservegen.kserve.servers.command_line import StartedServer, started_server

# KServe itself derives these from fields of the object: said once more, they contradict it.
_DERIVED: Final = frozenset(
    "--tensor-parallel-size --pipeline-parallel-size --data-parallel-size --data-parallel-size-local".split()
)


class ServerInPod(Struct, frozen=True):
    """A container of a made pod that starts a server which is known."""

    view: MadeView
    pod: MadePod
    container: JsonObject
    path: Path
    started: StartedServer
    problems: tuple[ArgumentProblem, ...]

    def where(self, path: Path) -> Place:
        """Return the place of a field of the container."""
        return self.view.where(self.pod.origins, (*self.path, *path))

    def word(self, index: int) -> Path:
        """Return the field of the container that a word of the command line stands in."""
        section, *rest = self.started.places[index]
        if section == "env":
            listed = [mapping(item).get("name") for item in sequence(self.container.get("env"))]
            return "env", listed.index(rest[0]), "value"
        return section, *rest

    def states(self, path: Path) -> bool:
        """Whether the object itself states a field of the container."""
        return source_of((*self.path, *path), self.pod.origins)[:1] == (STORED,)


@cached
def servers_made(resource: Resource, context: Context) -> tuple[ServerInPod, ...]:
    """List the servers in the pods that are made of an object."""
    release = context.release.nearest or context.release.version
    found = []
    for view, pod in pods_made(resource, context):
        for index, item in enumerate(sequence(mapping(mapping(pod.pod).get("spec")).get("containers"))):
            path: Path = ("spec", "containers", index)
            container = mapping(item)
            released = _with_release(container, release)
            if released is not container and source_of((*path, "image"), pod.origins)[:1] == (STORED,):
                released = container  # its own image, whatever is in it
            started = started_server(released)
            if started is not None:
                problems = tuple(argument_problems(started.server, started.line, started.environment))
                found.append(ServerInPod(view, pod, container, path, started, problems))
    return tuple(found)


def argument_findings(resource: Resource, context: Context, kind: ArgumentKind) -> Problems:
    """Yield what is wrong with the arguments of a resource's servers, of one kind, once for each place."""
    told: set[tuple[Path, str]] = set()
    for server in servers_made(resource, context):
        for found in server.problems:
            if found.kind is not kind or _is_meant(server, found):
                continue
            place = server.where(server.word(found.at))
            if (place.path, found.message) not in told and not _is_spoilt(resource, place):
                told.add((place.path, found.message))
                yield _problem(found, place, _earlier(server, found))


def _earlier(server: ServerInPod, found: ArgumentProblem) -> Counterpart | None:
    """Return the word of the object that a later one contradicts, if the object itself states it."""
    if found.earlier < 0:
        return None
    place = server.where(server.word(found.earlier))
    return None if place.source else Counterpart(place.path, "it contradicts this one")


def _problem(found: ArgumentProblem, place: Place, other: Counterpart | None) -> Problem:
    effect = "; the server does not start" if found.exits else ""
    if found.exits and not found.is_sure:
        effect = "; the server may not start"
    return Problem(
        place.path,
        f"{found.message}{effect}{place.told}",
        seen=found.seen,
        allowed=found.allowed,
        hint=found.hint,
        at_key=found.kind is ArgumentKind.FLAG,  # a map names the flag by its key
        severity=None if found.exits and found.is_sure else Severity.WARNING,
        other=other,
    )


def _with_release(container: JsonObject, release: str) -> JsonObject:
    """Read `latest` of an image that the release brings as the release's own."""
    repository, _, tag = text(container.get("image")).rpartition(":")
    if not tag.startswith("latest") or not repository.endswith("server"):
        return container
    return {**container, "image": f"{repository}:{tag.replace('latest', release)}"}


def _is_meant(server: ServerInPod, found: ArgumentProblem) -> bool:
    """Whether a second value only takes the place of what a runtime or preset says, which is what it is for."""
    if found.kind is not ArgumentKind.CLASH or found.exits or found.earlier < 0:
        return False
    flag = found.message.partition(" ")[0]
    if flag in _DERIVED:
        return False
    return not (server.states(server.word(found.earlier)) and server.states(server.word(found.at)))


def _is_spoilt(resource: Resource, place: Place) -> bool:
    """Whether the start script's shell takes a word apart, which is told by a rule of its own."""
    if place.source or "containers" not in place.path:
        return False
    container = value_at(resource.doc, place.path[: place.path.index("containers") + 2])
    word = value_at(resource.doc, place.path)
    by_script = resource.kind == "LLMInferenceService" and mapping(container).get("command") is None
    return by_script and isinstance(word, str) and any(hazard is not Hazard.SPLIT for hazard in hazards(word))
