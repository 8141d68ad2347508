"""`kservegen fmt`: put source files in order, and propose a base for two environments."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.edits import findings_as_text
from kservegen.cli.options import (
    complete_environment,
    find_repository,
    open_for_writing,
    reporting,
    write_document,
    write_text,
)


@click.command(name="fmt")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; show what would change and exit 1 if anything would.")
@click.option(
    "--factor",
    nargs=2,
    metavar="ENV ENV",
    shell_complete=complete_environment,
    help="Show the base that these two could extend, and what would be left of them; --write writes it.",
)
@click.option("--base", metavar="NAME", help="Name of that base. Default: how both names begin.")
@click.option("--write", "writes", is_flag=True, help="Write what --factor shows.")
@reporting("text", "json")
def command(
    *,
    files: tuple[Path, ...],
    check: bool,
    factor: tuple[str, str] | None,
    base: str | None,
    writes: bool,
    root: Path | None,
    output: str,
) -> int:
    """Put the files that people write in order: sections, the words of an entry, quotes. Comments are kept.

    Entries stay in the order of their authors, and no word changes its meaning. FILE is one of the catalog or its
    environments, by default all of them.
    """
    from kservegen.commands.edits import write_edits  # noqa: PLC0415
    from kservegen.commands.fmt import format_files, propose_base  # noqa: PLC0415

    if factor is None and (base or writes):
        raise click.UsageError("--base and --write go with --factor")
    if factor is not None and (files or check):
        raise click.UsageError("--factor takes two environments, and neither files nor --check")
    written = writes if factor is not None else not check
    repository = open_for_writing(root) if written else find_repository(root)
    if factor is not None:
        edits = propose_base(repository, factor, base)
    else:
        edits = format_files(repository, files, check=check)
    if written and edits.changes and not edits.refused:
        write_edits(repository, edits)
    done = written and bool(edits.changes) and not edits.refused
    if output == "json":
        from kservegen.report.edits import edits_as_json  # noqa: PLC0415
        from kservegen.report.json_report import render_json  # noqa: PLC0415

        write_document(render_json(edits.result, edits=edits_as_json(edits, written=done)))
    else:
        from kservegen.report.edits import edits_as_text, formatting_as_text  # noqa: PLC0415

        if factor is None:
            write_text(formatting_as_text(edits, written=done))
        else:
            end = f"written: {', '.join(edits.changes)}" if done else "nothing was written: --write writes it"
            if edits.refused:
                end = "nothing was written: the files would have what is found above"
            write_text(f"{edits_as_text(edits)}{findings_as_text(edits) if edits.refused else ''}{end}\n")
    return edits.exit_code or edits.result.exit_code
