"""What the kubelet does to ask or to tell a container: probes and hooks in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import header_error, port_error, port_name_error
from kservegen.kubernetes.fields import FieldPlace, bounded, choice, maps

_NUMBERS: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_GRACE: Final = "terminationGracePeriodSeconds"


def probe(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check a probe: its handler and its numbers."""
    if not isinstance(value, dict) or _ends(place):
        return
    path, kind = place.path, place.path[-1]
    yield from _handler(value, path, partial=place.pod.partial)
    for field in _NUMBERS:
        yield from bounded(value, field, path, 0)
    if kind == "readinessProbe":
        if value.get(_GRACE) is not None:
            yield Problem((*path, _GRACE), f"{_GRACE} must not be set for readinessProbes", str(value[_GRACE]))
        return
    yield from bounded(value, _GRACE, path, 1)
    successes = integer(value.get("successThreshold"))
    if successes is not None and successes > 1:
        yield Problem((*path, "successThreshold"), f"successThreshold of a {kind} must be 1", str(successes), "1")


def _ends(place: FieldPlace) -> bool:
    """Whether it is an init container that ends: another law says that it has neither probes nor hooks."""
    return place.init and place.container.get("restartPolicy") != "Always"


_DEFAULT_GRACE: Final = 30


def lifecycle(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `lifecycle`: the handlers of its hooks, and how long they sleep."""
    if _ends(place):
        return
    for hook in ("postStart", "preStop"):
        action = mapping(value).get(hook)
        if isinstance(action, dict):
            yield from _handler(action, (*place.path, hook), partial=place.pod.partial)
            yield from _sleep(mapping(action.get("sleep")), (*place.path, hook, "sleep"), place)


def _sleep(action: JsonObject, path: Path, place: FieldPlace) -> Iterator[Problem]:
    seconds, grace = integer(action.get("seconds")), integer(place.pod.spec.get(_GRACE))
    if seconds is None or (grace is None and place.pod.partial and seconds >= 0):
        return
    longest = _DEFAULT_GRACE if grace is None else grace
    if not 0 <= seconds <= longest:
        message = f"a sleep must be non-negative and not longer than {_GRACE}"
        yield Problem((*path, "seconds"), message, str(seconds), f"0 to {longest}")


_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_SCHEMES: Final = ("HTTP", "HTTPS")


def _handler(owner: JsonObject, path: Path, *, partial: bool) -> Iterator[Problem]:
    """Check the one handler of a probe or a hook; in a pod that is merged with another it may stand there."""
    given = [name for name in _HANDLERS if owner.get(name) is not None]
    if not given and not partial:
        yield Problem(path, "must specify a handler type", allowed=", ".join(_HANDLERS[:-1]), at_key=True)
    if len(given) > 1:
        message = "may not specify more than 1 handler type"
        yield Problem((*path, given[1]), message, " ".join(given), "one handler", at_key=True)
    for name in given:
        yield from _action(name, mapping(owner.get(name)), (*path, name), partial=partial)


def _action(name: str, action: JsonObject, path: Path, *, partial: bool) -> Iterator[Problem]:
    if name == "exec":
        if not sequence(action.get("command")) and not partial:
            yield Problem(path, "required value: command is missing or empty")
    elif name in {"httpGet", "tcpSocket", "grpc"}:
        yield from _port(action, path, partial=partial)
    if name == "httpGet":
        yield from choice(action, "scheme", path, _SCHEMES)
        for header, at in maps(action.get("httpHeaders"), (*path, "httpHeaders")):
            named = text(header.get("name"))
            if reason := header_error(named):
                yield Problem((*at, "name"), f"{named!r} cannot name a header", named, reason)


def _port(action: JsonObject, path: Path, *, partial: bool) -> Iterator[Problem]:
    port = action.get("port")
    if port is None:
        if not partial:
            yield Problem(path, "required value: port is missing")
        return
    if isinstance(port, bool) or not isinstance(port, (int, str)):
        return
    reason = port_error(port) if isinstance(port, int) else port_name_error(port)
    if reason:
        yield Problem(
            (*path, "port"), f"{port!r} is no port to ask: {reason}", str(port), "1 to 65535 or a port's name"
        )


_FORBIDDEN: Final = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


def init_containers(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check that `initContainers` that end have neither probes nor hooks."""
    for container, path in maps(value, place.path):
        # The other half of the container may be what makes it a sidecar.
        if container.get("restartPolicy") == "Always" or place.pod.partial:
            continue
        for field in _FORBIDDEN:
            if container.get(field) is not None:
                message = f"{field} may not be set for init containers without restartPolicy Always"
                yield Problem((*path, field), message, at_key=True)
