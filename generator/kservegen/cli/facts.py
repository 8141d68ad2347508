"""`kservegen facts`: what the shipped tables know of models, GPUs and engines, and how old that is."""

from __future__ import annotations

import click

from kservegen.cli.options import write_sections, write_text
from kservegen.core.repository import packaged_data


@click.command(name="facts")
@click.argument("words", metavar="[WORD...]", nargs=-1)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the report on standard output.",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an unexpected failure.")
def command(*, words: tuple[str, ...], output: str) -> int:
    """List what estimates know of models, GPUs and engines.

    With words, the entries whose names hold all of them, each with its source (kservegen facts qwen3 fp8); exit code 2
    where there is none. What an environment's lock holds stands above these tables.
    """
    from kservegen.checks.gpu.fact_store import FactStore  # noqa: PLC0415
    from kservegen.commands.known_facts import find_facts, tables_of  # noqa: PLC0415
    from kservegen.kserve.releases import Releases  # noqa: PLC0415
    from kservegen.report.known_facts import facts_as_json, render_facts, render_tables  # noqa: PLC0415

    facts = FactStore(packaged_data() / "facts", Releases([]))
    found = find_facts(facts, words) if words else ()
    if output == "json":
        return write_sections(0, facts=facts_as_json(tables_of(facts), found))
    write_text(render_facts(found) if words else render_tables(tables_of(facts)))
    return 0
