"""Findings as GitHub Actions workflow commands: each becomes an annotation on the line of the pull request."""

from __future__ import annotations

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.formats.inert import inert_lines, printable
from kservegen.report.of_change import brought_line, heavier, standing_errors, standing_line
from kservegen.report.summary import standing_lines, summarise
from kservegen.report.text import also_at, words_at

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(result: Result) -> str:
    """Write one command a finding, then the summary; first the verdict of a gate.

    Of a change, what it brings comes first, the heaviest before all else: GitHub shows ten of a step. What stood before
    is one line, below which the log names the errors.
    """
    brought = result.brought
    if result.resolved is not None:
        brought = tuple(sorted(brought, key=lambda item: item.severity.rank))
    out = [_remark("notice", result, result.verdict)] if result.verdict else []
    out += map(_command, brought)
    errors = standing_errors(result)
    if before := standing_line(result):
        out.append(_remark("error" if errors else "notice", result, before))
    named = (printable(f"standing: {item.location}: {item.message} [{item.rule}]") for item in errors)
    closing = (summarise(result), brought_line(result), *named, *standing_lines(result))
    return "\n".join((*out, inert_lines("\n".join(line for line in closing if line)))) + "\n"


def _remark(level: str, result: Result, text: str) -> str:
    """Write a command that is about no line."""
    return f"::{level} title=kservegen {result.command}::{_data(printable(text))}"


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
    if heavier(item):
        parts.append(f"base: {heavier(item)}")
    if item.places:
        parts.append(f"also at: {also_at(item)}")
    return (
        f"::{_LEVELS[item.severity]} {place},title={_property(item.rule)}::{_data(chr(10).join(map(printable, parts)))}"
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
