"""`kservegen codeowners`: who reviews what, as owners.yaml says, for the forge."""

from __future__ import annotations

from pathlib import Path

import click

from kservegen.cli.options import find_repository, open_for_writing, reporting, write_sections, write_text


@click.command(name="codeowners")
@click.option("--write", "writes", is_flag=True, help="Write the file: in .github/ or .gitlab/ if there is one.")
@reporting("text", "json")
def command(*, writes: bool, root: Path | None, output: str) -> int:
    """Print CODEOWNERS as owners.yaml says it, or write it.

    A file that somebody else wrote is never overwritten. `check` refuses a change that leaves it stale.
    """
    from kservegen.commands.codeowners import show_codeowners, write_codeowners  # noqa: PLC0415

    file = write_codeowners(open_for_writing(root)) if writes else show_codeowners(find_repository(root))
    state = "unchanged" if file.is_current else "written" if writes else "foreign" if file.is_foreign else "stale"
    content = file.wanted.decode()
    if output == "json":
        return write_sections(0, codeowners={"file": file.path, "state": state, "content": content})
    write_text(f"{file.path}: {state}\n" if writes else content)
    return 0
