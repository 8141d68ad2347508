"""A model of an environment and how it is reached in; what its server answers to a first request out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import resolve_environment
from kservegen.commands.client.answer import AnswerVerdict, check_answer, failure_reason, names_of
from kservegen.commands.client.exchange import CallRequest, CallResponse
from kservegen.core.diagnostics import Finding
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import ResourceId
from kservegen.core.suggest import did_you_mean, suggest_stem
from kservegen.evaluate.environment import Tools, build_objects, default_environment
from kservegen.evaluate.project import Project
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.protocols.detection import Silence
from kservegen.kserve.protocols.requests import Protocol, Speech
from kservegen.render.objects.callees import Callee, callees
from kservegen.render.objects.environment import BuiltEnvironment

# What speaks HTTP: one request in, its answer out.
Send: TypeAlias = Callable[[CallRequest], CallResponse]

_STOP: Final = "serving.kserve.io/stop"
_NOT_FOUND: Final = frozenset({404, 405})


class Called(Struct, frozen=True, kw_only=True, eq=False):
    """A model of an environment that can be asked something: `body` is what it is asked.

    `unreachable` says why KServe makes no Service of it; blank where it does.
    """

    environment: str
    callee: Callee
    speech: Speech
    body: JsonValue
    unreachable: str = ""

    @property
    def ask(self) -> CallRequest:
        """The request."""
        return CallRequest(self.speech.route, json.dumps(self.body).encode())

    @property
    def is_stopped(self) -> bool:
        """Whether the catalog says `stop: true`."""
        metadata = mapping(self.callee.resource.doc.get("metadata"))
        return mapping(metadata.get("annotations")).get(_STOP) == "true"


class Reply(Struct, frozen=True, kw_only=True):
    """What came of a call. `models` are those that the server has, where it was asked for them."""

    status: int
    seconds: float
    verdict: AnswerVerdict
    models: tuple[str, ...] | None = None


class CallPlan(NamedTuple):
    """What people say of the request; blank, or None for the data, where it follows from the model."""

    protocol: str = ""
    route: str = ""
    data: JsonValue = None


def choose(project: Project, environment: str, name: str, asked: CallPlan) -> Called:
    """Choose a model by key, name or namespace/name, and what to ask it; GeneratorError where that cannot be told."""
    environment = project.choose_one(environment)
    resolved, _ = resolve_environment(project.catalog, environment)
    built = build_objects(resolved, project.tools)
    if isinstance(built, Finding):
        raise GeneratorError("its KServe version is not known", subject=environment, hint="Run kservegen validate.")
    known = callees(resolved, built.platform, (e.resource for e in built.entries))
    try:
        callee = _pick(known, name, environment, lambda: _makers(project, name, environment))
    except UnknownCalleeError as unknown:
        if project.doubt:
            raise GeneratorError(
                str(unknown), hint=f"{project.doubt[:1].upper()}{project.doubt[1:]}. Run kservegen validate."
            ) from unknown
        raise
    speech = replace(_speech(callee, asked.protocol), path=asked.route)
    callee, unreachable = _as_made(callee, built, project.tools)
    return Called(
        environment=environment,
        callee=callee,
        speech=speech,
        body=_body(speech, asked.data),
        unreachable=unreachable,
    )


def _as_made(callee: Callee, built: BuiltEnvironment, tools: Tools) -> tuple[Callee, str]:
    """Take the Service and its port from what KServe makes; where it makes none, say why."""
    if callee.needs_url or callee.resource.kind == "TrainedModel":  # the Service is another object's
        return callee, ""
    environment = default_environment(built, tools)
    (stored,) = (item.resource for item in environment.objects if item.written is callee.resource)
    simulation = environment.context.simulation
    simulation.workloads(stored)  # contains what crashes
    made = simulation.made(stored)
    if made is None:
        return callee, ""
    services = {name: mapping(doc.get("spec")) for name, doc in _services(made)}
    name = callee.service if callee.service in services else next(_serving(services), "")
    if name:
        return replace(callee, service=name, port=_port(services[name], callee.port)), ""
    if made.outcome is None:
        return callee, ""
    return callee, f"KServe stops before its Service is there, at {made.outcome.step}: {made.outcome.message}"


def _services(made: Made) -> Iterator[tuple[str, JsonObject]]:
    for item in made.objects:
        if (item.doc.get("apiVersion"), item.doc.get("kind")) == ("v1", "Service"):
            yield text(mapping(item.doc.get("metadata")).get("name")), item.doc


def _serving(services: Iterable[str]) -> Iterator[str]:
    """Yield the Services that take requests, of a transformer first."""
    for ending in ("-transformer", "-predictor"):
        yield from (name for name in services if name.endswith(ending))


def _port(service: JsonObject, usual: int) -> int:
    """Return the port that a port-forward asks for: a Service without an address has but those of its pods."""
    ports = [mapping(port) for port in sequence(service.get("ports"))]
    chosen = next((port for port in ports if port.get("port") == usual), ports[0] if ports else {})
    asked = integer(chosen.get("targetPort" if service.get("clusterIP") == "None" else "port"))
    return usual if asked is None else asked


class UnknownCalleeError(GeneratorError):
    """A name of nothing that takes requests."""


_LISTED: Final = 20


def _makers(project: Project, name: str, environment: str) -> tuple[ResourceId, ...]:
    """Return the objects that a Service, a pod or another made object comes from; none for a name of nothing."""
    from kservegen.commands.find import find_subjects  # noqa: PLC0415 - makes every object of the environment

    try:
        return find_subjects(project, name, (environment,))
    except GeneratorError:
        return ()


def _pick(known: Iterable[Callee], name: str, environment: str, makers: Callable[[], tuple[ResourceId, ...]]) -> Callee:
    """Choose by what people call an object, or else by what is made of it, which `makers` finds."""
    by_name: dict[str, list[Callee]] = {}
    for callee in known:
        own = callee.resource.id
        for word in {callee.resource.subject, own.name, f"{own.namespace}/{own.name}"}:
            by_name.setdefault(word, []).append(callee)
    found = by_name.get(name, [])
    if not found:
        makers_of_it = set(makers())
        every = {callee.resource.id: callee for called in by_name.values() for callee in called}
        found = [callee for identity, callee in every.items() if identity in makers_of_it]
    if len(found) == 1:
        return found[0]
    if found:
        kinds = ", ".join(str(callee.resource.id) for callee in found)
        raise GeneratorError(f"{name} is several things in {environment}: {kinds}", hint="Say namespace/name.")
    called = (callee.resource for each in by_name.values() for callee in each)
    listed = sorted({resource.subject or resource.id.name for resource in called})
    more = f" and {len(listed) - _LISTED:,} more" if len(listed) > _LISTED else ""
    otherwise = suggest_stem(name, by_name) or f"Known: {', '.join(listed[:_LISTED]) or 'nothing'}{more}."
    raise UnknownCalleeError(
        f"nothing in {environment} that takes requests is called {name}",
        hint=did_you_mean(name, by_name, otherwise),
    )


def _speech(callee: Callee, protocol: str) -> Speech:
    speech = callee.speech
    if protocol:
        wanted = Protocol(protocol)
        if isinstance(speech, Silence):
            return Speech(protocol=wanted, served=callee.resource.id.name)
        return replace(speech, protocol=wanted)
    if isinstance(speech, Silence):
        raise GeneratorError(
            f"it {speech.why}",
            subject=str(callee.resource.id),
            hint="If you know what it speaks, say so: --protocol, with --data.",
        )
    return speech


def _body(speech: Speech, data: JsonValue) -> JsonValue:
    """Return what is asked; OpenAI's servers want the model's name in the body, whoever writes it."""
    if data is None:
        return speech.body
    if speech.protocol.is_openai and isinstance(data, dict) and "model" not in data:
        named: JsonObject = {"model": speech.served, **data}
        return named
    return data


def call(called: Called, send: Send) -> Reply:
    """Send the request and check the answer; where the model is not found, ask the server what it has."""
    answer = send(called.ask)
    if answer.status not in _NOT_FOUND:
        return Reply(status=answer.status, seconds=answer.seconds, verdict=check_answer(answer, called.speech))
    models = next(_listed(called.speech, send), None)
    verdict = _unknown(called.speech, answer, send) if models is None else _missing(called.speech, answer, models)
    return Reply(status=answer.status, seconds=answer.seconds, verdict=verdict, models=models)


# How Triton and MLServer are asked for their models.
_INDEX: Final = CallRequest("/v2/repository/index", b"{}")


def _listed(speech: Speech, send: Send) -> Iterator[tuple[str, ...]]:
    """Ask the server for its models in the model's protocol."""
    asks = [CallRequest(speech.listing)] if speech.listing else []
    asks += [_INDEX] if speech.protocol is Protocol.V2 else []
    for ask in asks:
        names = names_of(send(ask))
        if names is not None:
            yield names


def _missing(speech: Speech, answer: CallResponse, models: tuple[str, ...]) -> AnswerVerdict:
    """Say which models the server has instead."""
    status, served = answer.status, speech.served
    if served in models:
        said = f"the server has {served} and does not know {speech.route} ({status})"
        return AnswerVerdict(False, said, "It speaks another protocol, or the model does another task: --protocol.")
    named = "The name is said by --model_name or --served-model-name in the model's args."
    hint = f"{did_you_mean(served, models)} {named}".lstrip()
    return AnswerVerdict(
        False, f"the server has no model called {served}; it has: {', '.join(models) or 'none'} ({status})", hint
    )


# Where servers list their models, and what they speak then.
_ELSEWHERE: Final = (
    ("/openai/v1/models", "--route /openai/v1/chat/completions --protocol openai-chat"),
    ("/v1/models", "--protocol v1, or --route /v1/chat/completions --protocol openai-chat"),
    ("/v2/models", "--protocol v2"),
)


def _unknown(speech: Speech, answer: CallResponse, send: Send) -> AnswerVerdict:
    """Say what else the server may speak, where it does not list its models as the protocol has it."""
    said = f"nothing there answers to {speech.route} ({answer.status}): {failure_reason(answer)}"
    for path, words in _ELSEWHERE:
        if path != speech.listing:
            names = names_of(send(CallRequest(path)))
            if names:
                return AnswerVerdict(False, said, f"It lists {', '.join(names)} at {path}: try {words}.")
    return AnswerVerdict(
        False, said, "An ingress goes by its host: --host NAME. A server of its own: --protocol, --route."
    )
