"""What a run takes over from an earlier one, for one environment: entries that are as they were and were clean."""

from __future__ import annotations

from dataclasses import dataclass, field

from kservegen.catalog.resolve import Entry
from kservegen.render.objects.environment import BuiltEntry


@dataclass(slots=True, eq=False)
class Kept:
    """Entries by section and key (None: not in this environment), and what was made of them.

    `built` goes by the identity of the entry. `clean` are the identities of objects on which nothing was found, neither
    alone nor in the light of the environment.
    """

    entries: dict[tuple[str, str], Entry | None] = field(default_factory=dict)
    built: dict[int, BuiltEntry] = field(default_factory=dict)
    clean: set[int] = field(default_factory=set)
