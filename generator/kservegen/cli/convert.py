"""`kservegen convert`: a JSON report in another form."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kservegen.cli.options import files_at, read_named_file, reporting, write_document
from kservegen.core.repository import TEMPLATES_FOLDER


@click.command(name="convert")
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--changed-files",
    type=click.Path(path_type=Path),
    default=None,
    help="File with the paths that the change touches, one a line: the page begins with a caution where they are what"
    " runs the checks.",
)
@files_at
@reporting("markdown", "sarif")
def command(*, report: Path, changed_files: Path | None, files_at: str, root: Path | None, output: str) -> int:
    """Write REPORT, the JSON of check or plan, in another form; `-` reads standard input.

    For a job that may comment, about a report that one left which may not: it is held against the published schema and
    16 MiB, needs nothing of what was proposed, and all that it says is text. The page is written by the templates of
    --root or of this folder, the base branch, and is empty where nothing changes.
    """
    from kservegen.report.report_reader import LARGEST_REPORT, read_report  # noqa: PLC0415 - not for `--help`

    result = read_report(_content(report, LARGEST_REPORT + 1), str(report))
    if output == "sarif":
        from kservegen.report.sarif import render_sarif  # noqa: PLC0415

        write_document(render_sarif(result))
        return 0
    from kservegen.formats.templates import PageTemplates  # noqa: PLC0415
    from kservegen.report.comment import write_comment  # noqa: PLC0415
    from kservegen.report.links import links_to  # noqa: PLC0415

    templates = PageTemplates((root or Path.cwd()) / TEMPLATES_FOLDER)
    hint = "Name a file that lists paths, one a line."
    changed = read_named_file(changed_files, hint).decode("utf-8", "replace") if changed_files is not None else ""
    links = links_to(files_at)
    write_document(write_comment(result, templates, changed.splitlines(), subject=str(report), links=links))
    return 0


def _content(report: Path, most: int) -> bytes:
    if str(report) == "-":
        return sys.stdin.buffer.read(most)
    return read_named_file(report, "Give the file that --report json=FILE names.", most=most)
