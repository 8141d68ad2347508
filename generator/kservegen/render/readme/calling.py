"""How the models of an environment are called: a table of all, and one request for each way of calling."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.kserve.protocols.curl import curl
from kservegen.kserve.protocols.servers import Silence
from kservegen.kserve.protocols.speech import Speech
from kservegen.render.objects.callees import Callee


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
    if callee.needs_url:
        target = f"{callee.resource.kind.lower()} {name}"
        lines.append(f"URL=$({kubectl} get {target} -o jsonpath='{{.status.url}}')")
    else:
        lines += [
            f"{kubectl} port-forward service/{callee.service} 8080:{callee.port} &",
            "URL=http://127.0.0.1:8080",
        ]
    lines += [*curl(f'"$URL"{shlex.quote(speech.route)}', speech.body), "```"]
    if speech.needs_own_data:
        lines += ["", "The numbers are an example: their shape is the one that your model expects."]
    return "\n".join(lines) + "\n"
