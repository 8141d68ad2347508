"""What the kubelet does to ask or to tell a container: a handler in, what the API server refuses in it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.kubernetes._fields import choice, maps
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.problem import Problem
from kservegen.core.values import header_error, is_template, port_error, port_name_error

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_SCHEMES: Final = ("HTTP", "HTTPS")


def handler(owner: JsonObject, path: Path, *, overlaid: bool) -> Iterator[Problem]:
    """Judge the one handler of a probe or a hook; in a pod that is merged with another it may stand there."""
    given = [name for name in _HANDLERS if owner.get(name) is not None]
    if not given and not overlaid:
        yield Problem(path, "must specify a handler type", allowed=", ".join(_HANDLERS[:-1]), at_key=True)
    if len(given) > 1:
        message = "may not specify more than 1 handler type"
        yield Problem((*path, given[1]), message, " ".join(given), "one handler", at_key=True)
    for name in given:
        yield from _one(name, mapping(owner.get(name)), (*path, name), overlaid=overlaid)


def _one(name: str, action: JsonObject, path: Path, *, overlaid: bool) -> Iterator[Problem]:
    if name == "exec":
        if not sequence(action.get("command")) and not overlaid:
            yield Problem(path, "required value: command is missing or empty")
    elif name in {"httpGet", "tcpSocket", "grpc"}:
        yield from _port(action, path, overlaid=overlaid)
    if name == "httpGet":
        yield from choice(action, "scheme", path, _SCHEMES)
        for header, at in maps(action.get("httpHeaders"), (*path, "httpHeaders")):
            named = text(header.get("name"))
            if reason := header_error(named):
                yield Problem((*at, "name"), f"{named!r} cannot name a header", named, reason)


def _port(action: JsonObject, path: Path, *, overlaid: bool) -> Iterator[Problem]:
    port = action.get("port")
    if port is None:
        if not overlaid:
            yield Problem(path, "required value: port is missing")
        return
    if isinstance(port, bool) or not isinstance(port, (int, str)) or is_template(port):
        return
    reason = port_error(port) if isinstance(port, int) else port_name_error(port)
    if reason:
        yield Problem(
            (*path, "port"), f"{port!r} is no port to ask: {reason}", str(port), "1 to 65535 or a port's name"
        )
