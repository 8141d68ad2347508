"""Findings as GitHub Actions workflow commands: each becomes an annotation on the line of the pull request."""

from __future__ import annotations

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.formats.inert import inert_lines, printable
from kservegen.report.summary import standing_lines, summarise
from kservegen.report.text import also_at, words_at

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(result: Result) -> str:
    """Write one command a finding, then the summary; first the verdict of a gate."""
    verdict = (
        f"::notice title=kservegen {result.command}::{_data(printable(result.verdict))}\n" if result.verdict else ""
    )
    closing = "\n".join((summarise(result), *standing_lines(result)))
    return verdict + "".join(f"{_command(d)}\n" for d in result.open_findings) + inert_lines(closing) + "\n"


def _command(item: Diagnostic) -> str:
    place = f"file={_property(item.location.file)},line={item.location.line},col={item.location.column}"
    parts = [item.message]
    if item.path:
        parts.append(f"at: {words_at(item)}")
    if item.seen:
        parts.append(f"seen: {item.seen}")
    if item.allowed:
        parts.append(f"allowed: {item.allowed}")
    if item.hint:
        parts.append(item.hint)
    if item.places:
        parts.append(f"also at: {also_at(item)}")
    return (
        f"::{_LEVELS[item.severity]} {place},title={_property(item.rule)}::{_data(chr(10).join(map(printable, parts)))}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
