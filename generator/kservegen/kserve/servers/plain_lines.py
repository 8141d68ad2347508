"""Command lines with which nothing can be wrong: what was read and tables of flags in, whether that is plain out.

Most lines are written so plainly that the readers which a server has, one after the other, need not be asked.
"""

from __future__ import annotations

from functools import lru_cache

from kservegen.kserve.servers.parsing import VALUELESS, Reading, Word, abbreviated
from kservegen.kserve.servers.tables import Flag, FlagTable
from kservegen.kserve.servers.values import takes_any, value_refusal


def is_plain(reading: Reading, tables: tuple[FlagTable, ...]) -> bool:
    """Whether each word is a flag with a value behind a = that it takes, which no reader sees otherwise, none two.

    The first of the tables is that of the reader that looks at values, too; the last is that of what was read.
    """
    if reading.fumbles or reading.positionals:
        return False
    said: dict[str, Word] = {}
    for given in reading.given:
        flags = _choosy_flags(given.spelt, tables)
        if flags is None or given.value_index != given.index or len(given.values) != 1 or given.key:
            return False
        (word,) = given.values
        if said.setdefault(given.flag.name, word) != word:
            return False
        for flag in flags if word.is_known else ():
            if value_refusal(flag, word.text) is not None:
                return False
    return True


@lru_cache(maxsize=1024)
def _choosy_flags(spelt: str, tables: tuple[FlagTable, ...]) -> tuple[Flag, ...] | None:
    """List the flags behind a spelling that do not take every value; None where one is more than a flag and a text."""
    flags: list[Flag] = []
    for table in tables:
        flag = table.options.get(spelt)
        if not spelt.startswith("--") or (flag is None and abbreviated(table, spelt)):
            return None
        if flag is not None and (flag.json_class or flag.kind in VALUELESS):
            return None
        if flag is not None and flag not in flags and not takes_any(flag):
            flags.append(flag)
    return tuple(flags)
