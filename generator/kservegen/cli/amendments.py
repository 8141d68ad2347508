"""What the commands that edit source files share: the plan first, a question, then the files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from kservegen.cli.options import find_repository, wants_colour, write_text

if TYPE_CHECKING:
    from kservegen.commands.edits import Amendment

_P = ParamSpec("_P")
_R = TypeVar("_R")


def writing(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Add --dry-run and --yes."""

    @click.option("--dry-run", is_flag=True, help="Show what would be edited, and write nothing.")
    @click.option("--yes", "-y", is_flag=True, help="Write without asking; needed where there is no terminal.")
    @wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return function(*args, **kwargs)

    return wrapper


def settle(amendment: Amendment, root: Path | None, output: str, *, dry_run: bool, yes: bool) -> int:
    """Show an amendment, ask where somebody can answer, write it; return the exit code."""
    from kservegen.report.amended import amendment_as_text  # noqa: PLC0415

    if output == "json":
        return _as_json(amendment, root, dry_run=dry_run, yes=yes)
    write_text(_coloured(amendment_as_text(amendment)))
    if amendment.refused:
        write_text(_findings(amendment))
        write_text("nothing was written: the edit brings what is found above\n")
        return amendment.exit_code
    if not amendment.changes or dry_run:
        return 0
    if not yes and not _agreed():
        write_text("nothing was written\n")
        return 2
    _write(amendment, root)
    write_text(f"written: {', '.join(amendment.changes)}\n")
    return 0


def _findings(amendment: Amendment) -> str:
    """Write the findings with the lines as they would be: they stand in no file yet."""
    from kservegen.report.text import render_text  # noqa: PLC0415

    def lines(file: str) -> list[str] | None:
        content = amendment.after.get(file)
        return None if content is None else content.decode("utf-8", "replace").splitlines()

    return render_text(amendment.result, lines, colour=wants_colour())


def _agreed() -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("there is no terminal to ask on, and nothing was written: say --yes, or --dry-run")
    return click.confirm("Write this?", default=False)


def _as_json(amendment: Amendment, root: Path | None, *, dry_run: bool, yes: bool) -> int:
    from kservegen.report.amended import amendment_as_json  # noqa: PLC0415
    from kservegen.report.json_report import render_json  # noqa: PLC0415

    if not dry_run and not yes:
        raise click.UsageError("with --output json nobody is asked: say --yes, or --dry-run")
    written = bool(amendment.changes) and not amendment.refused and not dry_run
    if written:
        _write(amendment, root)
    write_text(render_json(amendment.result, edits=amendment_as_json(amendment, written=written)))
    return amendment.exit_code


def _write(amendment: Amendment, root: Path | None) -> None:
    from kservegen.commands.edits import write_draft as write_files  # noqa: PLC0415

    write_files(find_repository(root), amendment)


def _coloured(text: str) -> str:
    if not wants_colour():
        return text
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, fg=colours[line[0]]) if line[:1] in colours else line
        for line in text.splitlines(keepends=True)
    )
