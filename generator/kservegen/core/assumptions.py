"""What a verdict stands on beside what was checked: what is taken to be so, and what nobody looked at."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace


class Assumption(Struct, frozen=True, order=True):
    """Something that a verdict takes for granted and nobody checked.

    `kind` groups it: a kind of Kubernetes, `operator`, `chart`, `key`, `node pool`, `KServe release`. `name` says
    which, an object as `namespace/name`, `why` on whose word. `environments` are those whose verdict needs it; none
    where there is no catalog.
    """

    kind: str
    name: str
    why: str
    environments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.why})"


class Unchecked(Struct, frozen=True, order=True):
    """Something that was not looked at, in words that follow "not checked:", and why; blank where that is plain."""

    what: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what


def merge_assumptions(found: Iterable[Assumption]) -> tuple[Assumption, ...]:
    """Put together what several environments take for granted, by kind and name."""
    environments: dict[Assumption, list[str]] = {}
    for each in found:
        environments.setdefault(replace(each, environments=()), []).extend(each.environments)
    merged = (replace(key, environments=tuple(dict.fromkeys(names))) for key, names in environments.items())
    return tuple(sorted(merged))


def assuming(count: int) -> str:
    """Say how much a verdict takes for granted."""
    return f"assuming {count:,} {'thing' if count == 1 else 'things'} that nobody checked"
