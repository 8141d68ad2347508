"""Findings as text: the place, the line with a caret, what was seen and allowed, the fix; then the summary line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, FindingPlace, Severity
from kservegen.core.jsontypes import format_path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.secrets import cut_secrets, secrets_in_line
from kservegen.formats.inert import printable
from kservegen.report.of_change import heavier
from kservegen.report.summary import broken, folded, plural, standing_lines, summarise
from kservegen.report.terminal import fitted

# Returns the text of a file that findings point into; None where it cannot be shown.
ReadLines = Callable[[str], list[str] | None]

BOLD, DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
RED, GREEN, YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"
# Puts a text between codes of a terminal, or leaves it alone.
Paint = Callable[[str, str], str]
_COLOURS = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.INFO: "\x1b[36m"}
_WIDEST = 160
_NARROWEST = 20
_GUTTER = 9  # of a line of a file: its number
_SECTION_END = lazy_pattern(r"[.\[]")
_INDENT = " " * 11  # of what is said of a finding, behind its label
_NAMED = 3  # so many other places fit in a line


def render_text(
    result: Result, read_lines: ReadLines, *, colour: bool, show_environments: bool = True, width: int = 0
) -> str:
    """Write every finding and the summary; with a width what is said of findings, and below them, is not wider."""
    out = _findings(result, read_lines, colour=colour, show_environments=show_environments, width=width)
    if result.plan is not None and result.plan.diff:
        out.append(result.plan.diff.rstrip("\n"))
        out.append("")
    paint = painter(colour)
    out.append(summarise(result))
    out.extend(paint(printable(line), DIM) for line in standing_lines(result, width))
    return "\n".join(out) + "\n"


def render_findings(
    result: Result, read_lines: ReadLines, *, colour: bool, show_environments: bool = False, width: int = 0
) -> str:
    """Write every finding and no summary."""
    return "\n".join(_findings(result, read_lines, colour=colour, show_environments=show_environments, width=width))


def _findings(result: Result, read_lines: ReadLines, *, colour: bool, show_environments: bool, width: int) -> list[str]:
    out: list[str] = []
    for item in result.diagnostics if result.lists_waived else result.open_findings:
        out.extend(_finding(item, read_lines, painter(colour), show_environments=show_environments, width=width))
        out.append("")
    return out


def _finding(
    item: Diagnostic, read_lines: ReadLines, paint: Paint, *, show_environments: bool, width: int
) -> Iterator[str]:
    severity = paint(item.severity.value, _COLOURS[item.severity])
    head = f"{paint(printable(str(item.location)), BOLD)}: {severity}: {printable(item.message)} [{item.rule}]"
    yield from fitted([head], width)
    yield from _excerpt(item, read_lines(item.location.file), paint, width)
    about = [("seen", item.seen), ("allowed", item.allowed), ("fix", item.hint), ("waived", waived_by(item))]
    about += [("also at", also_at(item)), ("also by", ", ".join(item.supersedes)), ("base", heavier(item))]
    about.insert(0, ("at", words_at(item)))
    if show_environments and item.environments:
        about.append(("in", ", ".join(item.environments)))
    about += (("see", f"{related.location}: {related.message}") for related in item.related)
    for label, text in about:
        if text:
            first, *rest = (broken(printable(text), max(width - len(_INDENT), 1)) if width else ()) or (
                printable(text),
            )
            yield "  " + paint(f"{label}:".ljust(len(_INDENT) - 2), DIM) + first
            yield from (f"{_INDENT}{line}" for line in rest)


def also_at(item: Diagnostic) -> str:
    """Name the other places of a finding, the first of many."""
    others = item.everywhere[1:]
    named = ", ".join(_named_place(place) for place in others[:_NAMED])
    return f"{named} and {len(others) - _NAMED:,} more" if len(others) > _NAMED else named


def _named_place(place: FindingPlace) -> str:
    """Write a place with the entries whose words lead there."""
    return f"{place.location} ({folded(place.entries)})" if place.entries else str(place.location)


def words_at(item: Diagnostic) -> str:
    """Write the words that lead to a finding's first place; count and name other entries whose words do, too."""
    entries, path = item.everywhere[0].entries, item.path
    section = _SECTION_END.split(path, maxsplit=1)[0]
    own = next(
        (entry for entry in entries if re.match(f"{re.escape(format_path((section, entry)))}(?![^.[])", path)), None
    )
    others = [entry for entry in entries if entry != own]
    if own is None or not others:
        return path
    more = plural(len(others), "more model") if section == "models" else f"{len(others):,} more of {section}"
    return f"{path} and {more}: {folded(others)}"


def waived_by(item: Diagnostic) -> str:
    """Say who answers for a waived finding, until when, and by which waiver; blank for what is not waived."""
    waived = item.waived
    if waived is None:
        return ""
    new = ", of this change" if waived.of_change else ""
    return f"until {waived.expires} by {waived.owner}: {waived.reason} ({waived.waiver}{new})"


def painter(colour: bool) -> Paint:
    """Return what puts a text between codes of a terminal, or leaves it alone."""
    return (lambda text, code: f"{code}{text}{_RESET}") if colour else (lambda text, _: text)


def _excerpt(item: Diagnostic, lines: list[str] | None, paint: Paint, width: int) -> Iterator[str]:
    number, column = item.location.line, item.location.column
    if lines is None or not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return
    line, before = _without_secrets(lines, number - 1, column - 1)
    widest = max(min(width - _GUTTER, _WIDEST), _NARROWEST) if width else _WIDEST
    start = max(0, len(before) + 1 - widest // 2) if len(line) > widest else 0
    shown = printable(line[start : start + widest])
    gutter = f"{number:>6} | "
    yield paint(gutter, DIM) + shown
    blank = " " * _width(printable(before[start:]))
    yield " " * (len(gutter) - 2) + paint("| ", DIM) + blank + paint("^", _COLOURS[item.severity])


def _without_secrets(lines: list[str], index: int, column: int) -> tuple[str, str]:
    """Return a line as it is shown, and what then stands before a place in it; within a secret that is its start."""
    line = lines[index].replace("\t", " ")
    spans = secrets_in_line(lines, index)
    column = next((span.start for span in spans if span.start < column < span.end), column)
    return cut_secrets(line, spans), cut_secrets(line[:column], [span for span in spans if span.end <= column])


def _width(text: str) -> int:
    """Return how many terminal cells `text` takes, as far as Unicode says."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
