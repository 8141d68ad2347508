"""Command lines with which nothing can be wrong: what was read and tables of flags in, whether that is plain out.

Most lines are written so plainly that the readers which a server has, one after the other, need not be asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from kservegen.kserve.servers.parsing import Reading, abbreviated
from kservegen.kserve.servers.tables import FlagTable
from kservegen.kserve.servers.values import value_refusal


def is_plain(reading: Reading, tables: Sequence[FlagTable]) -> bool:
    """Whether each word is another flag with a value behind a = that it takes, which no earlier reader sees otherwise.

    The first of the tables is that of the reader that looks at values, too.
    """
    names = {given.flag.name for given in reading.given}
    if reading.fumbles or reading.positionals or len(names) < len(reading.given):
        return False
    for given in reading.given:
        if given.value_index != given.index or len(given.values) != 1 or given.key or not given.spelt.startswith("--"):
            return False
        early = [table.options.get(given.spelt) for table in tables]
        if any(abbreviated(table, given.spelt) for table, flag in zip(tables, early, strict=True) if flag is None):
            return False
        flags = [given.flag, *(flag for flag in early if flag is not None)]
        if any(flag.json_class or flag.kind in {"bool", "switch"} for flag in flags):
            return False
        (word,) = given.values
        if word.is_known and any(value_refusal(flag, word.text) is not None for flag in flags):
            return False
    return True
