"""How the models of an environment are called: a table of all, and one request for each way of calling."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kservegen.build.platform import Platform
from kservegen.build.resource import Resource
from kservegen.derived import CONTAINER_PORT, INFERENCE_PORT, service_of
from kservegen.document import mapping, text
from kservegen.jsontypes import JsonObject
from kservegen.protocols.servers import Silence, spec_of, speech_of
from kservegen.protocols.speech import Speech
from kservegen.resolve import ResolvedEnvironment

_CALLED = frozenset({"InferenceService", "LLMInferenceService", "InferenceGraph", "TrainedModel"})
_MODE = "serving.kserve.io/deploymentMode"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Callee:
    """An object that takes requests; `port` is the one that a port-forward to its Service asks for."""

    resource: Resource
    speech: Speech | Silence
    mode: str
    service: str
    port: int

    @property
    def is_service(self) -> bool:
        """Whether it is one of the kinds that have pods, become Ready and can be stopped."""
        return self.resource.kind in {"InferenceService", "LLMInferenceService"}

    @property
    def way(self) -> tuple[str, ...]:
        """What tells its way of being called from others'."""
        speech = self.speech
        if isinstance(speech, Silence):
            return ()
        kind = "LLM" if self.resource.kind == "LLMInferenceService" else self.mode
        return (kind, speech.protocol, speech.prefix, speech.sample)


def callees(environment: ResolvedEnvironment, platform: Platform, entries: Iterable[Resource]) -> tuple[Callee, ...]:
    """Find the objects that take requests, in their order."""
    by_id = {(r.kind, r.id.namespace, r.id.name): r for r in entries}
    mode = environment.text("kserve", "deploymentMode", default="Standard")
    headless = _is_headless(platform)
    return tuple(
        callee_of(resource, by_id, mode=mode, headless=headless)
        for resource in by_id.values()
        if resource.kind in _CALLED
    )


def callee_of(resource: Resource, by_id: dict[tuple[str, str, str], Resource], *, mode: str, headless: bool) -> Callee:
    """Say how an object is called; `by_id` finds the others by kind, namespace and name."""
    namespace = resource.id.namespace

    def find(kind: str, name: str) -> JsonObject | None:
        found = by_id.get((kind, namespace, name)) or by_id.get((kind, "", name))
        return spec_of(found.doc) if found is not None else None

    spec = spec_of(resource.doc)
    service, port = service_of(resource.kind, resource.id.name, spec)
    return Callee(
        resource=resource,
        speech=speech_of(resource.kind, resource.id.name, spec, find),
        mode=text(mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(_MODE)) or mode,
        service=service,
        port=CONTAINER_PORT if headless and port == INFERENCE_PORT else port,
    )


def _is_headless(platform: Platform) -> bool:
    """Whether Services have no address of their own: then a port-forward goes by the container's port."""
    return any(
        mapping(mapping(values.get("kserve")).get("service")).get("serviceClusterIPNone") is True
        for values in platform.values().values()
    )


def table(called: Sequence[Callee]) -> str:
    """List every object that takes requests."""
    if not called:
        return "## Models\n\nNone in this environment.\n"
    rows = ["## Models\n", "| namespace | model | kind | how to call it |", "|---|---|---|---|"]
    for callee in called:
        resource = callee.resource
        name = f"[{resource.id.name}]({resource.file})"
        rows.append(f"| {resource.id.namespace} | {name} | {resource.kind} | {_how(callee.speech)} |")
    return "\n".join(rows) + "\n"


def _how(speech: Speech | Silence) -> str:
    if isinstance(speech, Silence):
        return _cell(f"it {speech.why}")
    if not speech.listing:
        return _cell(speech.protocol.label)
    names = ", ".join(f"`{name}`" for name in (speech.served, *speech.also))
    return _cell(f"{speech.protocol.label}, as {names}")


def _cell(said: str) -> str:
    return said.replace("|", "\\|").replace("\n", " ")


def recipes(environment: ResolvedEnvironment, called: Iterable[Callee]) -> Iterator[str]:
    """Write one request for each way of calling, to the first object that is called so."""
    examples: dict[tuple[str, ...], tuple[Callee, Speech]] = {}
    for callee in called:
        if isinstance(callee.speech, Speech):
            examples.setdefault(callee.way, (callee, callee.speech))
    if not examples:
        return
    yield (
        "## Call a model\n\n"
        f"`kservegen call MODEL --env {environment.name}` sends a first request and checks the answer; "
        "`--show` prints the request.\nBy hand, for one model of each sort:\n"
    )
    for _, (callee, speech) in sorted(examples.items()):
        yield _recipe(callee, speech)


def _recipe(callee: Callee, speech: Speech) -> str:
    """Write the request as commands that can be pasted."""
    namespace, name = callee.resource.id.namespace, callee.resource.id.name
    kubectl = f"kubectl -n {shlex.quote(namespace)}"
    lines = [f"### {speech.protocol.label}: {name}\n", "```sh"]
    if callee.mode == "Knative" and callee.resource.kind != "LLMInferenceService":
        target = f"{callee.resource.kind.lower()} {name}"
        lines.append(f"URL=$({kubectl} get {target} -o jsonpath='{{.status.url}}')")
    else:
        lines += [
            f"{kubectl} port-forward service/{callee.service} 8080:{callee.port} &",
            "URL=http://127.0.0.1:8080",
        ]
    lines += [
        f"curl -sS \"$URL\"{shlex.quote(speech.route)} -H 'Content-Type: application/json' \\",
        f"  -d {shlex.quote(json.dumps(speech.body, ensure_ascii=False))}",
        "```",
    ]
    if speech.needs_own_data:
        lines += ["", "The numbers are an example: their shape is the one that your model expects."]
    return "\n".join(lines) + "\n"
