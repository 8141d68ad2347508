"""`kservegen codeowners`: who reviews what, as owners.yaml says, for the forge."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import find_repository, open_for_writing, rooted, write_text


@click.command(name="codeowners")
@click.option("--write", "writes", is_flag=True, help="Write the file: in .github/ or .gitlab/ if there is one.")
@rooted
def command(*, writes: bool, root: Path | None) -> int:
    """Print CODEOWNERS as owners.yaml says it, or write it.

    A file that somebody else wrote is never overwritten. `check` refuses a change that leaves it stale.
    """
    from kservegen.commands.codeowners import show_codeowners, write_codeowners  # noqa: PLC0415

    if not writes:
        write_text(show_codeowners(find_repository(root)).wanted.decode())
        return 0
    file = write_codeowners(open_for_writing(root))
    write_text(f"{file.path}: {'unchanged' if file.is_current else 'written'}\n")
    return 0
