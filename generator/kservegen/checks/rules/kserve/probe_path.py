"""A probe asks its server for a path that it does not serve, or speaks another scheme.

Servers answer other paths for their health: vLLM `/health`, KServe's own servers `/` and, as Triton does,
`/v2/health/live` and `/v2/health/ready`. To any other path the answer is 404, and the probe fails each time: the pod is
never ready, or is started again and again. Only servers are looked at whose image is known, and paths that belong to
the health of others. vLLM speaks HTTPS with `--ssl-certfile` and HTTP without, and hears no probe of the other kind.

Fix: Ask for a path that this server has, or leave the probe to KServe.
Bad:
    image: vllm/vllm-openai:v0.23.0
    readinessProbe: {httpGet: {path: /v2/health/ready, port: 8000}}
Good:
    image: vllm/vllm-openai:v0.23.0
    readinessProbe: {httpGet: {path: /health, port: 8000}}
Upstream: vllm/entrypoints/openai/api_server.py; python/kserve/kserve/protocol/rest/{server,v2_endpoints}.py
"""

from typing import Final

from kservegen.checks.rules._made import once
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.kserve._server_arguments import ServerInPod, servers_made
from kservegen.core.document import integer, mapping, text, value_at
from kservegen.core.jsontypes import Path
from kservegen.kserve.servers.images import HUGGINGFACE, VLLM
from kservegen.kserve.servers.listening import listening_ports, spoken_scheme

_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_OPEN_INFERENCE: Final = ("/v2/health/ready", "/v2/health/live")
# Where servers say how they are, whoever's they are.
_HEALTH: Final = frozenset(
    """
    /health /healthz /live /livez /ping /ready /readyz /health/live /health/ready
    /v1/health/live /v1/health/ready /v2/health/live /v2/health/ready
    """.split()
)
_KSERVE: Final = dict.fromkeys(
    ("sklearnserver", "xgbserver", "lgbserver", "paddleserver", "pmmlserver", "predictiveserver", HUGGINGFACE),
    ("/", *_OPEN_INFERENCE),
)
_SCHEMES: Final = {
    "HTTP": "Leave the probe's scheme out, or give the server a certificate with --ssl-certfile.",
    "HTTPS": "Write scheme: HTTPS in the probe, or leave --ssl-certfile out.",
}
_SERVED: Final = {**_KSERVE, VLLM: ("/health", "/ping"), "triton": _OPEN_INFERENCE}


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    servers = servers_made(resource, context)
    yield from once(problem for server in servers for problem in _problems(server, context))


def _problems(server: ServerInPod, context: Context) -> Problems:
    served = _SERVED.get(server.started.server.name)
    probes = [probe for probe in _PROBES if "httpGet" in mapping(server.container.get(probe))]
    if served is None or server.started.server.is_own or not probes:
        return
    unserved = _HEALTH.difference(served) | ({"/"} if server.started.server.name == VLLM else set())
    ports = {port.number for port in listening_ports(server.started)}
    for probe in probes:
        port = integer(value_at(mapping(server.container), (probe, "httpGet", "port")))
        if port is not None and ports and port not in ports:
            continue  # another container's
        field = (probe, "httpGet", "path")
        if context.environment or not _is_of_preset(server):
            yield from _unspoken(server, probe)
        path = text(value_at(mapping(server.container), field)).partition("?")[0]
        if path in unserved and server.states(field):
            place = server.where(field)
            message = f"{server.started.server.name} does not serve {path}, which this probe asks for"
            yield Problem(place.path, message, path, ", ".join(served), hint=f"Ask for {served[0]}.")


def _is_of_preset(server: ServerInPod) -> bool:
    """Whether a preset starts the server: that it has a certificate, KServe's ConfigMap says, beside no manifest."""
    return "command" in server.container and not server.states(("command",))


def _unspoken(server: ServerInPod, probe: str) -> Problems:
    spoken = spoken_scheme(server.started)
    action = value_at(mapping(server.container), (probe, "httpGet"))
    if spoken is None or not isinstance(action, dict):
        return
    asked = text(action.get("scheme")) or "HTTP"
    field: Path = (probe, "httpGet", "scheme")
    if spoken.word >= 0 and value_at(server.view.resource.doc, server.where(field).path) is None:
        field = server.word(spoken.word)  # the scheme is filled in, the certificate is written
    if asked != spoken.scheme and server.states(field):
        message = f"the server speaks {spoken.scheme}, and its {probe} asks in {asked}: it never becomes ready"
        yield Problem(server.where(field).path, message, asked, hint=_SCHEMES[spoken.scheme])
