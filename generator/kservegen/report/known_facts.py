"""What the shipped tables know, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from kservegen.commands.known_facts import KnownFact, KnownTable
from kservegen.core.jsontypes import JsonObject


def render_tables(tables: Sequence[KnownTable]) -> str:
    """Write one line for each table, and how to look into them."""
    lines = [
        f"{table.name}: {table.entries} entries as of {table.as_of}"
        + (f", {table.gaps} of them without what an estimate needs" if table.gaps else "")
        for table in tables
    ]
    lines.append("kservegen facts WORD... lists entries; kservegen lock reads what is missing from the Hub.")
    return "\n".join([*lines, ""])


def render_facts(entries: Sequence[KnownFact]) -> str:
    """Write the entries that were found, each with its source."""
    lines = []
    for entry in entries:
        said = f"nothing is known of {entry.gap}" if entry.gap else entry.summary
        lines += [f"{entry.name}: {said}", f"  {entry.source}"]
    return "\n".join([*lines, ""])


def facts_as_json(tables: Sequence[KnownTable], entries: Sequence[KnownFact]) -> JsonObject:
    """Return tables and entries for the JSON report."""
    return {
        "tables": [
            {"name": table.name, "asOf": table.as_of, "entries": table.entries, "gaps": table.gaps} for table in tables
        ],
        "entries": [
            {
                "table": entry.table,
                "name": entry.name,
                "summary": entry.summary,
                "source": entry.source,
                "gap": entry.gap or None,
            }
            for entry in entries
        ],
    }
