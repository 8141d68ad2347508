"""What the commands that edit source files share: the plan first, a question, then the files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.options import (
    excerpt_lines,
    find_repository,
    open_for_writing,
    reporting,
    terminal_width,
    wants_colour,
    write_document,
    write_text,
)
from kservegen.formats.inert import printable

if TYPE_CHECKING:
    from kservegen.commands.edits import ProposedEdits
    from kservegen.core.repository import Repository


def editing(function: Callable[..., ProposedEdits]) -> Callable[..., int]:
    """Make a command of what proposes edits: add --dry-run, --yes and the options of a report; ask, and write."""

    @click.option("--dry-run", is_flag=True, help="Show what would be edited, and write nothing.")
    @click.option("--yes", "-y", is_flag=True, help="Write without asking; needed where there is no terminal.")
    @reporting("text", "json")
    @wraps(function)
    def command(*, root: Path | None, output: str, dry_run: bool, yes: bool, **options: object) -> int:
        asks = bool(options.get("asks"))  # a command that only tells
        unasked = "" if dry_run or yes or asks else _unasked(output)
        repository = find_repository(root) if dry_run or asks or unasked else open_for_writing(root)

        def agree() -> None:
            if unasked:
                raise click.UsageError(unasked)

        edits = function(repository, agree, **options)
        if output == "json":
            return _as_json(edits, repository, dry_run=dry_run)
        return _as_text(edits, repository, dry_run=dry_run, yes=yes)

    return command


def _as_text(edits: ProposedEdits, repository: Repository, *, dry_run: bool, yes: bool) -> int:
    """Show the edits, ask where somebody can answer, write them; return the exit code."""
    from kservegen.commands.edits import write_edits  # noqa: PLC0415
    from kservegen.report.edits import edits_as_text  # noqa: PLC0415

    write_text(_coloured(edits_as_text(edits)))
    if edits.refused:
        write_text(findings_as_text(edits))
        write_text(f"nothing was written: {edits.refusal}\n")
        return edits.exit_code
    if not edits.changes or dry_run:
        return 0
    if not yes and not click.confirm("Write this?", default=False):
        write_text("nothing was written\n")
        return 2
    write_edits(repository, edits)
    write_text(f"written: {', '.join(map(printable, edits.changes))}\n")
    return 0


def findings_as_text(edits: ProposedEdits) -> str:
    """Write the findings with the lines as they would be: they stand in no file yet."""
    from kservegen.report.text import render_text  # noqa: PLC0415

    def lines(file: str) -> list[str] | None:
        content = edits.after.get(file)
        return None if content is None else excerpt_lines(content)

    return render_text(edits.result, lines, colour=wants_colour(), width=terminal_width())


def _unasked(output: str) -> str:
    """Say why nobody can agree to an edit before it is written; blank where somebody can."""
    if output == "json":
        return "with --output json nobody is asked: say --yes, or --dry-run"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "there is no terminal to ask on, and nothing was written: say --yes, or --dry-run"
    return ""


def _as_json(edits: ProposedEdits, repository: Repository, *, dry_run: bool) -> int:
    from kservegen.commands.edits import write_edits  # noqa: PLC0415
    from kservegen.report.edits import edits_as_json  # noqa: PLC0415
    from kservegen.report.json_report import render_json  # noqa: PLC0415

    written = bool(edits.changes) and not edits.refused and not dry_run
    if written:
        write_edits(repository, edits)
    write_document(render_json(edits.result, edits=edits_as_json(edits, written=written)))
    return edits.exit_code


def _coloured(text: str) -> str:
    if not wants_colour():
        return text
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, fg=colours[line[0]]) if line[:1] in colours else line
        for line in text.splitlines(keepends=True)
    )
