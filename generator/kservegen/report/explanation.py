"""What is explained, as text and as JSON: a model in an environment, or a rule by its manual."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from kservegen.commands.explain import Explanation
from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.inert import printable
from kservegen.report.json_report import place_as_json


def explanation_as_text(explanation: Explanation) -> str:
    """Write one line a field: path, value, and the line that it comes from."""
    rows = [
        (
            printable(field.path),
            printable(json.dumps(field.value, ensure_ascii=False)),
            printable(f"{field.location.file}:{field.location.line}"),
            printable(field.layer),
        )
        for field in explanation.fields
    ]
    width = max((len(row[0]) for row in rows), default=0)
    values = min(48, max((len(row[1]) for row in rows), default=0))
    lines = [
        f"{explanation.subject} in {explanation.environment}",
        f"  written to {explanation.file}",
        f"  layers: {' < '.join(explanation.layers)}",
        *_served(explanation),
        "",
    ]
    lines += [f"  {path:<{width}}  {value:<{values}}  {place}  ({layer})" for path, value, place, layer in rows]
    return "\n".join(lines) + "\n"


def _served(explanation: Explanation) -> Iterator[str]:
    several = len(explanation.serving) > 1
    for serving in explanation.serving:
        where = f" ({serving.path})" if several else ""
        served = f"{serving.runtime} ({serving.kind})" if serving.runtime else "nothing"
        yield f"  served by {served}{where}: {serving.why}"
        yield from (f"    not by {name}: it {clause}" for name, clause in serving.others)
    if explanation.presets:
        yield f"  presets: {', '.join(explanation.presets)}"


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
