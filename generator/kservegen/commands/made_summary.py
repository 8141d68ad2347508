"""What KServe makes of an object in; what people ask about it first out: its pods, and how it is reached.

A command is shown as the server gets it, as far as files tell: a script by its line that starts the server, its
arguments and the variables that the container states filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from kservegen.checks.rules.base import Context
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Resource
from kservegen.core.secrets import HiddenSecrets
from kservegen.kserve.controllers.made import Made, MadeObject, MadePod, Outcome
from kservegen.kserve.controllers.scripts import shorten_scripts
from kservegen.kserve.workloads import LLM_CONTAINER, SERVING_CONTAINER, WORKER_CONTAINER

_SERVING: Final = (SERVING_CONTAINER, LLM_CONTAINER, WORKER_CONTAINER)
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_ROUTES: Final = ("HTTPRoute", "Ingress", "VirtualService")
_ALL_ARGUMENTS: Final = frozenset({"$@", '"$@"', "${@}", '"${@}"'})
_LEFT_OUT: Final = "…"
# Kubernetes' own way of naming a variable, and a shell's.
_VARIABLE: Final = lazy_pattern(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class PodSummary(Struct, frozen=True, kw_only=True):
    """The pod of a workload, which `of` names: of the container that serves, and the names of the `others`.

    A text of many lines in `command` is left out. `ports` are numbers with their names, `probes` what is asked, by the
    probe's name. `refused` says why there is no pod.
    """

    of: str
    refused: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    probes: tuple[tuple[str, str], ...] = ()
    requests: JsonObject
    limits: JsonObject
    node_selector: JsonObject
    tolerations: JsonArray
    has_affinity: bool = False
    others: tuple[str, ...] = ()


class RouteSummary(Struct, frozen=True, kw_only=True):
    """A route that leads to the object: the addresses that it answers at, and the Gateways that it hangs on."""

    label: str
    urls: tuple[str, ...]
    gateways: tuple[str, ...]


class MadeSummary(Struct, frozen=True, kw_only=True):
    """What is made of one object. `stops` says where and why the controllers do; blank where they do not.

    `services` are the addresses inside of the cluster.
    """

    runs: bool | None
    stops: str
    pods: tuple[PodSummary, ...]
    routes: tuple[RouteSummary, ...]
    services: tuple[str, ...]


def make_stored(stored: Resource, context: Context) -> Made | None:
    """Make what KServe would of one object, None where nobody makes anything; where it crashes, the outcome says so."""

    def told(crash: Finding) -> Made:
        return Made(outcome=Outcome(step="internal", reason=crash.rule, message=crash.message))

    return next(contained("making its objects", lambda: (context.simulation.made(stored),), told))


def summarise_made(made: Made, scheme: str = "http") -> MadeSummary:
    """Sum up what is made of an object; `scheme` is the one that its URLs have."""
    stops = "" if made.outcome is None else f"{made.outcome.step}: {made.outcome.message}"
    return MadeSummary(
        runs=made.runs,
        stops=stops,
        pods=tuple(map(_pod, made.pods)),
        routes=tuple(_route(item, scheme) for item in made.objects if item.doc.get("kind") in _ROUTES),
        services=tuple(_services(made.objects)),
    )


def _pod(made: MadePod) -> PodSummary:
    spec = mapping(mapping(made.pod).get("spec"))
    containers = [mapping(item) for item in sequence(spec.get("containers"))]
    names = [text(item.get("name")) for item in containers]
    serving = next((names.index(name) for name in _SERVING if name in names), 0)
    shown = HiddenSecrets(made.pod).mask(containers[serving], ("spec", "containers", serving)) if containers else {}
    own = mapping(shown)
    resources = mapping(own.get("resources"))
    return PodSummary(
        of=made.of,
        refused=made.refused if made.pod is None else "",
        image=text(own.get("image")),
        command=tuple(_command(own)),
        ports=tuple(map(_port, sequence(own.get("ports")))),
        probes=tuple((name.removesuffix("Probe"), _probe(mapping(own[name]))) for name in _PROBES if name in own),
        requests=mapping(resources.get("requests")),
        limits=mapping(resources.get("limits")),
        node_selector=mapping(spec.get("nodeSelector")),
        tolerations=sequence(spec.get("tolerations")),
        has_affinity=bool(spec.get("affinity")),
        others=tuple(_others(spec, names[:serving] + names[serving + 1 :])),
    )


def _others(spec: JsonObject, beside: Iterable[str]) -> Iterator[str]:
    yield from (f"{text(mapping(item).get('name'))} (init)" for item in sequence(spec.get("initContainers")))
    yield from beside


def _command(container: JsonObject) -> Iterator[str]:
    """Yield the words of a command, those of a script in the place of the shell that runs it."""
    values = {text(mapping(item).get("name")): mapping(item).get("value") for item in sequence(container.get("env"))}
    shortened = mapping(shorten_scripts(container))
    words = [word for field in ("command", "args") for word in sequence(shortened.get(field))]
    place = next((index for index, word in enumerate(words) if mapping(word).get("script")), None)
    if place is None:
        yield from (_filled(word, values) if isinstance(word, str) else _LEFT_OUT for word in words)
        return
    given = [word for word in words[place + 1 :] if isinstance(word, str)][1:]  # the first is the script's own name
    for word in map(str, sequence(mapping(words[place]).get("script"))):
        yield from given if word in _ALL_ARGUMENTS else (_filled(word, values),)


def _filled(word: str, values: JsonObject) -> str:
    """Fill in the variables that a container states itself; all others stay."""
    return _VARIABLE.sub(lambda found: str(values.get(found[1] or found[2]) or found[0]), word)


def _port(port: JsonValue) -> str:
    stated = mapping(port)
    name = text(stated.get("name"))
    return f"{stated.get('containerPort')}{f' ({name})' if name else ''}"


def _probe(probe: JsonObject) -> str:
    """Say what a probe asks."""
    for kind, handler in ((kind, mapping(probe.get(kind))) for kind in ("httpGet", "tcpSocket", "grpc")):
        if handler:
            return f"{kind} {handler.get('port')}{text(handler.get('path'))}"
    words = sequence(mapping(probe.get("exec")).get("command"))
    return f"exec {' '.join(map(str, words))}"


def _route(item: MadeObject, scheme: str) -> RouteSummary:
    spec = mapping(item.doc.get("spec"))
    parents = (mapping(parent) for parent in sequence(spec.get("parentRefs")))
    gateways = ["/".join(filter(None, map(text, (p.get("namespace"), p.get("name"))))) for p in parents]
    gateways += [text(gateway) for gateway in sequence(spec.get("gateways"))]
    rules = [mapping(rule) for rule in sequence(spec.get("rules"))]
    hosts = [*sequence(spec.get("hostnames")), *sequence(spec.get("hosts")), *(rule.get("host") for rule in rules)]
    named = [text(host) for host in dict.fromkeys(map(text, hosts)) if host] or ["<address of the Gateway>"]
    prefix = _common_prefix(_paths(rules))
    return RouteSummary(
        label=item.label,
        urls=tuple(f"{scheme}://{host}{prefix}" for host in named),
        gateways=tuple(dict.fromkeys(gateways)),
    )


def _paths(rules: Iterable[JsonObject]) -> Iterator[str]:
    """Yield the prefixes of paths that a route takes from whoever asks, whatever the headers."""
    for rule in rules:
        for match in map(mapping, sequence(rule.get("matches"))):
            path = mapping(match.get("path"))
            if path.get("type") == "PathPrefix" and not match.get("headers"):
                yield text(path.get("value"))


def _common_prefix(paths: Iterable[str]) -> str:
    """Return the parts that all paths begin with; blank where they have none in common."""
    common: list[str] | None = None
    for path in paths:
        parts = path.split("/")
        if common is None:
            common = parts
        else:
            same = next((i for i, (a, b) in enumerate(zip(common, parts, strict=False)) if a != b), None)
            common = common[: min(len(common), len(parts)) if same is None else same]
    return "/".join(common or []).rstrip("/")


def _services(objects: Iterable[MadeObject]) -> Iterator[str]:
    for item in objects:
        if item.doc.get("apiVersion") == "v1" and item.doc.get("kind") == "Service":
            metadata = mapping(item.doc.get("metadata"))
            host = f"{text(metadata.get('name'))}.{text(metadata.get('namespace'))}.svc"
            ports = [str(mapping(port).get("port")) for port in sequence(mapping(item.doc.get("spec")).get("ports"))]
            yield f"{host}:{','.join(ports)}" if ports else host
