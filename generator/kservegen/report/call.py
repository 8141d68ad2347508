"""A call as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from kservegen.commands.call import Called, Reply
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.text import GREEN, RED, painter


def call_as_text(called: Called, reply: Reply, through: str, *, colour: bool) -> str:
    """Say what the model answered, and how it was asked."""
    return "\n".join(_lines(called, reply, through, colour=colour)) + "\n"


def _lines(called: Called, reply: Reply, through: str, *, colour: bool) -> Iterator[str]:
    verdict, speech = reply.verdict, called.speech
    who = f"{printable(called.callee.resource.id.name)} in {called.environment}"
    result = f"answers as it should, in {reply.seconds:.2f} s" if verdict.right else printable(verdict.says)
    yield f"{who}: {painter(colour)(result, GREEN if verdict.right else RED)}"
    if verdict.right:
        yield f"  {printable(verdict.says)}"
    elif verdict.hint:
        yield f"  fix:    {verdict.hint}"
    yield f"  asked:  POST {printable(speech.route)}, {speech.protocol.label}"
    yield f"  at:     {printable(through)}"


def call_as_json(called: Called, reply: Reply, through: str) -> JsonObject:
    """Return the call for the JSON report."""
    own, verdict = called.callee.resource.id, reply.verdict
    return {
        "environment": called.environment,
        "object": own._asdict(),
        "protocol": called.speech.protocol.value,
        "served": called.speech.served,
        "route": called.speech.route,
        "through": through,
        "status": reply.status,
        "seconds": round(reply.seconds, 3),
        "right": verdict.right,
        "says": verdict.says,
        "hint": verdict.hint,
        "models": list(reply.models) if reply.models is not None else None,
    }
