"""`kservegen schema`: the schemas that editors complete and explain from, with the repository's own names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kservegen.cli.options import (
    find_repository,
    open_for_writing,
    reporting,
    write_document,
    write_sections,
    write_text,
)

if TYPE_CHECKING:
    from kservegen.core.jsontypes import JsonValue

_NAMES = ("models", "environment", "owners", "lock", "inventory")


@click.command(name="schema")
@click.argument("names", nargs=-1, metavar="[models|environment|owners|lock|inventory]...", type=click.Choice(_NAMES))
@click.option("--write", "writes", is_flag=True, help="Write them to schemas/kservegen/, where files look for them.")
@click.option("--check", "checks", is_flag=True, help="Only tell whether those in schemas/kservegen/ are current.")
@reporting("text", "json")
def command(*, names: tuple[str, ...], writes: bool, checks: bool, root: Path | None, output: str) -> int:
    """Print the schema of a file, with the repository's own names in it, or write those of all files.

    Editors that know JSON Schema complete and explain from it, offline: profiles, owners, environments, namespaces,
    accelerators, runtimes, formats, policies, rules, values of charts. A name that is not listed is never refused.
    docs/editor.md says how editors find it.
    """
    from kservegen.commands.editor_schema import editor_schemas, schema_for, write_schemas  # noqa: PLC0415

    if writes and checks:
        raise click.UsageError("--write and --check are two things: give one of them")
    if not writes and not checks:
        if len(names) != 1:
            raise click.UsageError(f"name one schema to print: {', '.join(_NAMES)}; or give --write for all")
        write_document(schema_for(find_repository(root), names[0]))
        return 0
    repository = open_for_writing(root) if writes else find_repository(root)
    schemas = editor_schemas(repository, names)
    if writes:
        write_schemas(repository, schemas)
    stale = any(not schema.is_current for schema in schemas)
    code = 1 if checks and stale else 0
    states = {
        schema.path: "unchanged"
        if schema.is_current
        else "written"
        if writes
        else "not there"
        if schema.present is None
        else "stale"
        for schema in schemas
    }
    if output == "json":
        told: list[JsonValue] = [
            {"file": each.path, "change": each.change, "message": states[each.path]} for each in schemas
        ]
        return write_sections(code, schemas=told)
    write_text("".join(f"{path}: {state}\n" for path, state in states.items()))
    if code:
        write_text("Write them anew: kservegen schema --write\n")
    return code
