"""What is explained, as text and as JSON: a model in an environment, or a rule by its manual."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from kservegen.commands.explain import Explanation
from kservegen.commands.explain_word import ExplainedWord
from kservegen.commands.made_summary import MadeSummary, PodSummary
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.json_report import place_as_json
from kservegen.report.summary import broken
from kservegen.report.terminal import fitted

_WIDE: Final = 120
_VALUES: Final = 48  # characters of the column of values; longer ones push what follows


def explanation_as_text(explanation: Explanation, width: int = 0) -> str:
    """Write one line a field: path, value, and the line that it comes from; two where `width` does not hold that."""
    rows = [
        (
            printable(field.path),
            printable(json.dumps(field.value, ensure_ascii=False)),
            printable(f"{field.location.file}:{field.location.line}"),
            printable(field.layer),
        )
        for field in explanation.fields
    ]
    lines = [
        f"{explanation.subject} in {explanation.environment}",
        f"  written to {explanation.file}",
        f"  layers: {' < '.join(explanation.layers)}",
        *_served(explanation),
        *(_made(explanation.made, width or _WIDE) if explanation.made is not None else ()),
        "",
        *_fields(rows, width),
    ]
    return "\n".join(fitted(lines, width)) + "\n"


def _fields(rows: Sequence[tuple[str, str, str, str]], width: int) -> Iterator[str]:
    paths = max((len(path) for path, *_ in rows), default=0)
    values = min(_VALUES, max((len(value) for _, value, *_ in rows), default=0))
    lines = [f"  {path:<{paths}}  {value:<{values}}  {place}  ({layer})" for path, value, place, layer in rows]
    if not width or max(map(len, lines), default=0) <= width:
        yield from lines
        return
    for path, value, place, layer in rows:
        yield f"  {path}: {value}"
        yield f"      {place} ({layer})"


def _served(explanation: Explanation) -> Iterator[str]:
    several = len(explanation.serving) > 1
    for serving in explanation.serving:
        where = f" ({serving.path})" if several else ""
        served = f"{serving.runtime} ({serving.kind})" if serving.runtime else "nothing"
        yield f"  served by {served}{where}: {serving.why}"
        yield from (f"    not by {name}: it {clause}" for name, clause in serving.others)
    if explanation.presets:
        yield f"  presets: {', '.join(explanation.presets)}"


def _made(made: MadeSummary, width: int) -> Iterator[str]:
    for pod in made.pods:
        yield f"  pod of {printable(pod.of)}"
        for label, said in _pod(pod):
            yield from broken(printable(said), min(width, _WIDE), indent=" " * 15, first=f"    {label:<11}")
    for route in made.routes:
        through = f" through {', '.join(route.gateways)}" if route.gateways else ""
        yield printable(f"  reached at {', '.join(route.urls)}{through} ({route.label})")
    if made.services:
        yield printable(f"  inside of the cluster at {', '.join(made.services)}")
    if made.stops:
        yield printable(f"  KServe's controllers stop at {made.stops}")


def _pod(pod: PodSummary) -> Iterator[tuple[str, str]]:
    """Say what a pod is, label by label; what it lacks is left out."""
    if pod.refused:
        yield "refused", pod.refused
        return
    yield "image", pod.image
    said = {
        "command": " ".join(word if word.strip() and " " not in word else shlex.quote(word) for word in pod.command),
        "ports": ", ".join(pod.ports),
        "probes": ", ".join(f"{name} {asked}" for name, asked in pod.probes),
        "resources": ", ".join(_amounts(pod)),
        "nodes": "; ".join(_nodes(pod)),
        "beside it": ", ".join(pod.others),
    }
    yield from ((label, words) for label, words in said.items() if words)


def _amounts(pod: PodSummary) -> Iterator[str]:
    for name in dict.fromkeys((*pod.requests, *pod.limits)):
        asked, most = pod.requests.get(name), pod.limits.get(name)
        limit = "no limit" if most is None else f"limit {most}"
        yield f"{name} {most if asked is None else asked}{'' if asked in (None, most) else f' ({limit})'}"


def _nodes(pod: PodSummary) -> Iterator[str]:
    if pod.node_selector:
        yield ", ".join(f"{key}={value}" for key, value in pod.node_selector.items())
    tolerated = [str(mapping(item).get("key") or "every taint") for item in pod.tolerations]
    if tolerated:
        yield f"tolerates {', '.join(tolerated)}"
    if pod.has_affinity:
        yield "an affinity"


def _made_as_json(made: MadeSummary) -> JsonObject:
    return {
        "runs": made.runs,
        "stops": made.stops,
        "pods": [
            {
                "of": pod.of,
                "refused": pod.refused,
                "image": pod.image,
                "command": list(pod.command),
                "ports": list(pod.ports),
                "probes": dict(pod.probes),
                "requests": pod.requests,
                "limits": pod.limits,
                "nodeSelector": pod.node_selector,
                "tolerations": pod.tolerations,
                "affinity": pod.has_affinity,
                "others": list(pod.others),
            }
            for pod in made.pods
        ],
        "routes": [
            {"route": route.label, "urls": list(route.urls), "gateways": list(route.gateways)} for route in made.routes
        ],
        "services": list(made.services),
    }


def word_as_text(word: ExplainedWord) -> str:
    """Write what a word says in files, and what it means where it is printed."""
    lines = [word.name]
    said = [f"{path}: {text}" if path != word.name else text for path, text in word.typed]
    if word.term is not None:
        said.append(f"printed by {', '.join(word.term.printed_by)}: {word.term.text}")
    for text in said:
        lines += textwrap.wrap(text, width=_WIDE, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(map(printable, lines)) + "\n"


def word_as_json(word: ExplainedWord) -> JsonObject:
    """Return the same for the JSON report."""
    term = word.term
    return {
        "name": word.name,
        "typed": [{"path": path, "text": text} for path, text in word.typed],
        "printedBy": list(term.printed_by) if term is not None else [],
        "means": term.text if term is not None else "",
    }


def explanation_as_json(explanation: Explanation) -> JsonObject:
    """Return the explanation for the JSON report."""
    return {
        "environment": explanation.environment,
        "subject": explanation.subject,
        "file": explanation.file,
        "layers": list(explanation.layers),
        "serving": [
            {
                "path": serving.path,
                "runtime": serving.runtime,
                "kind": serving.kind,
                "why": serving.why,
                "others": [{"runtime": name, "why": clause} for name, clause in serving.others],
            }
            for serving in explanation.serving
        ],
        "presets": list(explanation.presets),
        "made": None if explanation.made is None else _made_as_json(explanation.made),
        "fields": [
            {
                "path": field.path,
                "value": field.value,
                "layer": field.layer,
                **place_as_json(field.location),
            }
            for field in explanation.fields
        ],
    }


def manual_as_text(meta: RuleMeta, when: str) -> str:
    """Write the manual for a terminal; `when` says when the rule bites."""
    lines = [f"{meta.id} ({meta.severity})", "", f"  {meta.title}.", "", *_paragraph("Why", meta.why)]
    if when:
        lines += ["", *_paragraph("When", when)]
    lines += ["", *_paragraph("Fix", meta.fix)]
    for label, sample in (("Bad", meta.bad), ("Good", meta.good)):
        if sample:
            lines += ["", f"  {label}:", textwrap.indent(sample.strip("\n"), "    ")]
    if meta.upstream:
        lines += ["", f"  Upstream: {', '.join(meta.upstream)}"]
    return "\n".join(lines) + "\n"


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(f"{label}: {text}", width=100, initial_indent="  ", subsequent_indent="       ")


def manual_as_json(meta: RuleMeta, when: str) -> JsonObject:
    """Return the manual for the JSON report."""
    return {
        "id": meta.id,
        "title": meta.title,
        "severity": meta.severity.value,
        "why": meta.why,
        "when": when,
        "fix": meta.fix,
        "bad": meta.bad,
        "good": meta.good,
        "upstream": list(meta.upstream),
    }
