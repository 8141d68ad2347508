"""Where a server listens and what it loads, as its command line says: a started server in, ports or a folder out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from kservegen.core.values import whole_number
from kservegen.kserve.servers.command_line import StartedServer
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM
from kservegen.kserve.servers.parsing import Given

# Flags of ports and what holds without them; 0 is no port.
_KSERVE_PORTS: Final = {"--http_port": 8080, "--grpc_port": 8081}
_PORTS: Final = {
    VLLM: {"--port": 8000},
    "triton": {"--http-port": 8000, "--grpc-port": 8001, "--metrics-port": 8002},
    "tensorflow-serving": {"--rest_api_port": 0, "--port": 8500},
}
_OFF: Final = frozenset({"0", "f", "false", "n", "no", "off"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ELSEWHERE: Final = frozenset({"--headless", "--uds", "--config", "--data-parallel-multi-port-external-lb"})
_UNKNOWN_PORTS: Final = frozenset({"mlserver", "torchserve", "openvino"})


class ListeningPort(Struct, frozen=True):
    """A port and the place of the word that chose it; -1 where it is the server's own choice."""

    number: int
    word: int


class SharedPort(Struct, frozen=True):
    """Two flags that lead to one port, and the place of the word that chose it last."""

    first: str
    second: str
    number: int
    word: int


class ListeningHost(Struct, frozen=True):
    """An address and the place of the word that chose it."""

    address: str
    word: int


@lru_cache(maxsize=16)
def listening_ports(started: StartedServer) -> tuple[ListeningPort, ...]:
    """List the ports that a server listens on; none where that cannot be told. Several rules in turn ask."""
    name = started.server.name
    if name in _UNKNOWN_PORTS or started.server.is_own or not started.line.is_whole:
        return ()
    if not _ELSEWHERE.isdisjoint(started.given):
        return ()
    chosen = _chosen(started)
    return () if chosen is None else tuple(chosen.values())


def shared_port(started: StartedServer) -> SharedPort | None:
    """Find two ports of a server that are one, so that the second cannot be listened on."""
    if started.server.name in _UNKNOWN_PORTS or started.server.is_own or not started.line.is_whole:
        return None
    chosen, is_off = _chosen(started) or {}, _is_off(started.given.get("--enable_grpc"))
    flags: dict[int, str] = {}
    for flag, port in chosen.items():
        if is_off and flag == "--grpc_port":
            continue
        if port.number and port.number in flags:
            first = flags[port.number]
            return SharedPort(first, flag, port.number, max(port.word, chosen[first].word))
        flags[port.number] = flag
    return None


def _is_off(given: Given | None) -> bool:
    return given is not None and bool(given.values) and given.values[0].text.lower() in _OFF


@lru_cache(maxsize=16)
def _chosen(started: StartedServer) -> Mapping[str, ListeningPort] | None:
    """Return the port of each flag of a server that has one; None where a port is not known."""
    found, said = dict[str, ListeningPort](), started.given
    for flag, default in _PORTS.get(started.server.name, _KSERVE_PORTS).items():
        given = said.get(flag)
        if given is None:
            if default:
                found[flag] = ListeningPort(default, -1)
            continue
        number = whole_number(given.values[0].text) if given.values and given.values[0].is_known else None
        if number is None:
            return None
        found[flag] = ListeningPort(number, given.value_index)
    return found


def loopback_host(started: StartedServer) -> ListeningHost | None:
    """Return the address inside of the pod that vLLM is told to listen on alone; None where others reach it."""
    if started.server.name != VLLM or started.server.is_own or not started.line.is_whole:
        return None
    given = started.given.get("--host")
    value = given.values[0] if given is not None and given.values else None
    if given is None or value is None or not value.is_known or value.text not in _LOOPBACK:
        return None
    return ListeningHost(value.text, given.value_index)


class SpokenScheme(Struct, frozen=True):
    """How a server is spoken to, HTTP or HTTPS, and the place of the word that says so; -1 where it speaks HTTP."""

    scheme: str
    word: int


def spoken_scheme(started: StartedServer) -> SpokenScheme | None:
    """Return how vLLM is spoken to: HTTPS with a certificate, else HTTP; None of other servers, or if not known."""
    said = started.given
    if started.server.name != VLLM or not started.line.is_whole or not _ELSEWHERE.isdisjoint(said):
        return None
    certificate = said.get("--ssl-certfile")
    return SpokenScheme("HTTP", -1) if certificate is None else SpokenScheme("HTTPS", certificate.index)


def model_folder(started: StartedServer) -> str:
    """Return the folder that a server loads its model from; blank where it is another place, or cannot be told."""
    said = started.given
    environment = started.environment
    if started.server.is_own or not started.line.is_whole or "--config" in said or "--model_id" in said:
        return ""
    if started.server.name == HUGGINGFACE:
        if environment.get("MODEL_ID") or environment.get("MODEL_DIR"):
            return ""  # what the start script of several nodes looks at
        given, default = said.get("--model_dir"), "/mnt/models"
    elif started.server.name == VLLM:
        given, default = said.get("--model"), ""
    else:
        return ""
    if given is None:
        return default
    value = given.values[0] if given.values else None
    return value.text if value is not None and value.is_known and value.text.startswith("/") else ""
