"""A rule's manual as text and as JSON."""

from __future__ import annotations

import textwrap

from kservegen.core.diagnostics import RuleMeta
from kservegen.core.jsontypes import JsonObject


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
