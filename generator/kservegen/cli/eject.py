"""`kservegen eject`: leave plain files."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import evaluating, open_for_writing, reporting, write_text


@click.command(name="eject")
@click.option("--write", "writes", is_flag=True, help="Write the files. Without it nothing is written.")
@reporting("text", "json")
@evaluating
def command(*, writes: bool, root: Path | None, output: str) -> int:
    """Make plain files of what is rendered: the line that says who made them goes, nothing else changes.

    Paths and objects stay as they are, so that no engine sees a difference and no pod restarts. A page beside them says
    how to go on: what applies them, which charts with which values, and what of the repository is not needed any more.
    `kservegen adopt` is the way back.
    """
    from kservegen.commands.eject import PAGE_WITHOUT, eject, write_ejection  # noqa: PLC0415

    repository = open_for_writing(root)
    ejection = eject(repository)
    if writes:
        write_ejection(repository, ejection)
    if output == "json":
        from kservegen.cli.options import write_sections  # noqa: PLC0415

        return write_sections(0, ejection={"written": writes, "files": list(ejection.after)})
    count = len(ejection.before)
    if writes:
        write_text(f"written: {count:,} plain files, and {PAGE_WITHOUT}, which says how to go on\n")
    else:
        write_text(f"{count:,} files would be plain ones, with {PAGE_WITHOUT} beside them: --write writes it\n")
    return 0
