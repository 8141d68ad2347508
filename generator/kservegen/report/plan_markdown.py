"""A plan as a comment on a pull request: the verdict first, details folded, never longer than GitHub takes.

The first line is a marker by which a later run finds the comment and replaces it: it stands above whatever a template
writes. Where everything does not fit, fields go first, then objects; counts say what was left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from kservegen.changes.plan.model import Plan
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Severity
from kservegen.formats.inert import inert
from kservegen.formats.templates import PageTemplates
from kservegen.report import plan_words as words
from kservegen.report.change_page import NO_LIMIT, ChangePage, PageDetail, listed_findings
from kservegen.report.links import FileLinks
from kservegen.report.summary import plural

MARKER: Final = "<!-- kservegen-plan -->"
_FIRST_LINE: Final = f"{MARKER}\n"
# GitHub takes 65,536 characters; counted in bytes, with room for what a workflow puts around it.
LIMIT: Final = 64_000

_FIRST: Final = 20  # so many environments are named above all else
_NO_LINKS: Final = FileLinks()

_DETAILS: Final = (
    PageDetail(NO_LIMIT, NO_LIMIT, 40, 100, 50),
    PageDetail(NO_LIMIT, NO_LIMIT, 8, 50, 30),
    PageDetail(NO_LIMIT, NO_LIMIT, 2, 50, 20),
    PageDetail(NO_LIMIT, NO_LIMIT, 0, 20, 10),
    PageDetail(NO_LIMIT, 400, 0, 20, 5),
    PageDetail(100, 100, 0, 10, 5),
    PageDetail(50, 20, 0, 10, 5),
    PageDetail(20, 0, 0, 5, 5),
    PageDetail(0, 0, 0, 0, 0),
)


def plan_as_markdown(result: Result, plan: Plan, templates: PageTemplates, links: FileLinks = _NO_LINKS) -> str:
    """Write the comment; nothing at all where nothing changes and nothing is wrong. `links` lead to files."""
    errors = result.count(Severity.ERROR)
    own = any(item.waived is not None and item.waived.of_change for item in result.diagnostics)
    turned = result.resolved is not None and bool(listed_findings(result.brought) or result.resolved)
    if not plan and not errors and not own and not turned:
        return ""
    # Whatever a template writes, the verdict of a gate, errors without one, and what is left running stand above it.
    first = [result.verdict or f"red: {plural(errors, 'error')}"] if result.verdict or errors else []
    first += islice(words.left_lines(plan), _FIRST)
    verdict = "".join(f"**{inert(line)}**\n\n" for line in first)
    page = ChangePage.of(result, plan, links)
    for detail in _DETAILS:
        pieces = templates.pieces("plan.md", marker=MARKER, **page.data(detail))  # for templates that print it
        text = _within_limit(pieces, verdict)
        if text is not None:
            return text
    return f"{_FIRST_LINE}{verdict}**{len(plan.changing):,} environments change.**\n"


def _within_limit(pieces: Iterator[str], verdict: str) -> str | None:
    """Put the marker above the pieces, unless they begin with it; None as soon as they are too long together."""
    size, collected = len(_FIRST_LINE) + len(verdict.encode()), list[str]()
    for piece in pieces:
        size += len(piece.encode())
        if size > LIMIT:
            return None
        collected.append(piece)
    return _FIRST_LINE + verdict + "".join(collected).removeprefix(_FIRST_LINE)
