"""`kservegen call`: a first request to a model, and whether its answer is right."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from kservegen.cli.candidates import complete_model
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    reporting,
    wants_colour,
    write_sections,
    write_text,
)
from kservegen.core.errors import GeneratorError
from kservegen.core.exit_codes import CLEAN, FINDINGS
from kservegen.kserve.protocols.requests import Protocol

if TYPE_CHECKING:
    from kservegen.commands.call import Called, Send
    from kservegen.commands.client.exchange import Trust
    from kservegen.commands.client.port_forward import Tunnel
    from kservegen.core.jsontypes import JsonValue


class CallTarget(TypedDict):
    """The options that say how the model is reached: by a URL or through kubectl, where there, and with what trust."""

    url: str
    route: str
    context: str
    tls: bool
    timeout: float
    host: str
    token_env: str | None
    ca_file: str
    insecure: bool


@click.command(name="call")
@click.argument("model", shell_complete=complete_model)
@click.option("--env", "environment", metavar="ENV", required=True, shell_complete=complete_environment, help="Where.")
@click.option("--url", metavar="URL", default="", help="Where it is reached. Default: through kubectl port-forward.")
@click.option("--context", metavar="NAME", default="", help="kubectl's context. Default: its current one.")
@click.option("--data", metavar="FILE|JSON", help="What to ask: JSON, a file, or - for standard input.")
@click.option(
    "--protocol", type=click.Choice([p.value for p in Protocol]), help="What it speaks, where that is unusual."
)
@click.option("--route", metavar="PATH", default="", help="Where it takes requests, where that is unusual too.")
@click.option("--host", metavar="NAME", default="", help="Host header, which an ingress goes by.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds a bearer token.")
@click.option("--ca-file", metavar="FILE", default="", help="Certificates of the authorities to trust.")
@click.option("--tls", is_flag=True, help="The forwarded port speaks TLS; --url says so itself.")
@click.option("--insecure", is_flag=True, help="Trust any certificate.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, metavar="SECONDS", help="Patience."
)
@click.option("--show", is_flag=True, help="Print the request as commands, and send nothing.")
@reporting("text", "json")
def command(
    *,
    model: str,
    environment: str,
    data: str | None,
    protocol: str | None,
    show: bool,
    root: Path | None,
    output: str,
    **reach: Unpack[CallTarget],
) -> int:
    """Send a first request to MODEL and check that the answer is one of its protocol.

    The model's Service is reached through kubectl port-forward, or at --url. Exit codes: 0 it answers as it should; 1
    it answers something else; 2 no answer.
    """
    from kservegen.commands.call import CallPlan, call, choose  # noqa: PLC0415
    from kservegen.evaluate.project import open_project  # noqa: PLC0415
    from kservegen.report.call import call_as_json, call_as_text  # noqa: PLC0415

    if reach["url"] and (reach["context"] or reach["tls"]):
        raise click.UsageError("--context and --tls are about kubectl port-forward, which --url leaves out")
    project = open_project(find_repository(root))
    asked = CallPlan(protocol or "", _route(reach["route"]), _data(data))
    called = choose(project, environment, model, asked)
    if show:
        lines = _commands(called, reach)
        if output == "json":
            return write_sections(CLEAN, commands=[*lines])
        write_text("\n".join(lines) + "\n")
        return CLEAN
    with _reached(called, reach) as (send, through):
        reply = call(called, send)
    code = CLEAN if reply.verdict.right else FINDINGS
    if output == "json":
        return write_sections(code, call=call_as_json(called, reply, through))
    write_text(call_as_text(called, reply, through, colour=wants_colour()))
    return code


def _route(given: str) -> str:
    if given and (not given.startswith("/") or not given.isascii() or not given.isprintable() or " " in given):
        raise GeneratorError("not a path", subject="--route", hint="Such as /v1/chat/completions.")
    return given


def _data(given: str | None) -> JsonValue:
    """Read what to ask; None for the sample of the protocol."""
    if given is None:
        return None
    subject = "--data"
    text = given
    if given == "-":
        text = sys.stdin.read()
    elif not given.lstrip().startswith(("{", "[")):
        subject = given
        try:
            text = Path(given).read_text("utf-8")
        except (OSError, ValueError) as problem:
            raise GeneratorError("cannot be read", subject=given, hint="Give a file, or JSON itself.") from problem
    try:
        value: JsonValue = json.loads(text)
    except ValueError as problem:
        raise GeneratorError(f"not JSON: {problem}", subject=subject) from None
    return value


def _trust(reach: CallTarget) -> Trust:
    from kservegen.commands.client.exchange import Trust  # noqa: PLC0415

    name, token, host = reach["token_env"], "", reach["host"]
    if name is not None:
        token = os.environ.get(_variable(name), "")
        # What is wrong with a token is said without it.
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            what = "it holds no token: there are blanks or other than ASCII in it" if token else "it is not set"
            raise GeneratorError(what, subject=name, hint="--token-env names a variable that holds a bearer token.")
    if not host.isascii() or not host.isprintable() or " " in host:
        raise GeneratorError("not a host's name", subject="--host")
    return Trust(token=token, host=host, ca_file=reach["ca_file"], insecure=reach["insecure"])


def _variable(name: str) -> str:
    """Return the name of a variable; what is none may be the token itself, and is not repeated."""
    if not name.isidentifier() or not name.isascii():
        hint = "It takes the variable's name, not the token: --token-env MY_TOKEN."
        raise GeneratorError("not the name of an environment variable", subject="--token-env", hint=hint)
    return name


@contextmanager
def _reached(called: Called, reach: CallTarget) -> Iterator[tuple[Send, str]]:
    """Yield what sends requests to the model, and how it is reached in words."""
    from kservegen.commands.client.exchange import Address, parse_address  # noqa: PLC0415
    from kservegen.commands.client.http import Client  # noqa: PLC0415

    trust, timeout = _trust(reach), reach["timeout"]
    if reach["url"]:
        address = parse_address(reach["url"], called.speech.route)
        yield Client(address, trust, timeout).send, f"{address}{f', as {trust.host}' if trust.host else ''}"
        return
    from kservegen.commands.client.port_forward import forwarded  # noqa: PLC0415

    tunnel = _tunnel(called, reach)
    with forwarded(tunnel, timeout) as port:
        through = f"service/{tunnel.service} in {tunnel.namespace}, through kubectl port-forward"
        yield Client(Address(_scheme(reach), "127.0.0.1", port), trust, timeout).send, through


def _scheme(reach: CallTarget) -> Literal["http", "https"]:
    return "https" if reach["tls"] else "http"


def _tunnel(called: Called, reach: CallTarget) -> Tunnel:
    """Name the Service to forward to; GeneratorError where there is none to reach so."""
    from kservegen.commands.client.port_forward import Tunnel  # noqa: PLC0415

    callee = called.callee
    subject = str(callee.resource.id)
    if called.is_stopped:
        raise GeneratorError(
            f"it is stopped in {called.environment}", subject=subject, hint="Take out its stop: true, render and sync."
        )
    if called.unreachable:
        raise GeneratorError(called.unreachable, subject=subject, hint="kservegen simulate shows how far it gets.")
    if callee.needs_url:
        raise GeneratorError(
            "a Knative Service has no ports to forward",
            subject=subject,
            hint="Say where it is reached: --url URL, the status.url of the object, with --host behind an ingress.",
        )
    return Tunnel(callee.resource.id.namespace, callee.service, callee.port, reach["context"])


def _commands(called: Called, reach: CallTarget) -> list[str]:
    """Return the request as lines of shell; of a token only its variable's name."""
    from kservegen.commands.client.exchange import parse_address  # noqa: PLC0415
    from kservegen.kserve.protocols.curl import curl  # noqa: PLC0415

    lines: list[str] = []
    if reach["url"]:
        address = str(parse_address(reach["url"], called.speech.route))
    else:
        tunnel = _tunnel(called, reach)
        lines.append(f"{shlex.join(['kubectl', *tunnel.words, f'8080:{tunnel.port}'])} &")
        address = f"{_scheme(reach)}://127.0.0.1:8080"
    headers = [shlex.quote(f"Host: {reach['host']}")] if reach["host"] else []
    if reach["token_env"]:
        headers.append(f'"Authorization: Bearer ${_variable(reach["token_env"])}"')
    options = ["--insecure"] if reach["insecure"] else []
    options += ["--cacert", shlex.quote(reach["ca_file"])] if reach["ca_file"] else []
    lines += curl(shlex.quote(f"{address}{called.speech.route}"), called.body, headers, options)
    return lines
