"""A name that is not known and those that are in; what was probably meant out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from kservegen.core.jsontypes import JsonValue
from kservegen.core.suggest import is_slip

NO_ADVICE: Final = "Remove it, or look up the field's name: kservegen schema models; of an object, kubectl explain."
_SHOWN = 60
_LONGEST: Final = 200  # what is longer is no misspelt name: comparing takes time by the square of the length
_LISTED = 12
_NEAR: Final = 3


def quote(value: JsonValue) -> str:
    """Write a value on one short line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def listing(names: Sequence[str]) -> str:
    """List names, the first dozen of many."""
    if len(names) <= _LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"


def near_first(name: str, known: Sequence[str]) -> str:
    """List names, of many the nearest ones to a wrong one before the others."""
    if len(known) <= _LISTED or len(name) > _LONGEST:
        return listing(known)
    import difflib  # noqa: PLC0415 - wanted only where something is wrong

    plain = {_plain(other): other for other in known}
    near = [plain[other] for other in difflib.get_close_matches(_plain(name), plain, n=_NEAR)]
    return listing([*near, *(other for other in known if other not in near)])


def close(name: str, known: Iterable[str]) -> str:
    """Find the known name that is meant by one that is nearly it; empty: none is near."""
    plain = {_plain(other): other for other in known}
    import difflib  # noqa: PLC0415 - wanted only where something is wrong

    wanted = _plain(name)
    if wanted in plain:
        return plain[wanted]
    near = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.75)
    if near:
        return plain[near[0]]
    longer = [other for other in plain if len(other) > 3 and wanted.startswith(other)]
    return plain[max(longer, key=len)] if longer else ""


def certain(name: str, known: Iterable[str]) -> str:
    """Return the only known name that a mistyped one can have been; blank where there are several, or none."""
    known = tuple(known)
    meant = [other for other in known if _plain(other) == _plain(name)]
    meant = meant or [other for other in known if is_slip(name, [other])]
    return meant[0] if len(meant) == 1 else ""


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def advice(
    key: str,
    known: Sequence[str],
    above: Iterable[tuple[str, ...]],
    below: Iterable[tuple[str, tuple[str, ...]]],
    *,
    taken: Collection[str],
) -> str:
    """Say what an unknown field was meant to be: a name nearly the same here, or the same name at another level."""
    near = close(key, known)
    levels_down = [name for name, fields in below if key in fields]
    if len(levels_down) == 1 and not (near and _plain(near) == _plain(key)):
        return f"`{key}` belongs one level down, in `{levels_down[0]}`."
    if near:
        return f"Did you mean `{near}`?" + (" It is set already." if near in taken else "")
    for height, fields in enumerate(above, start=1):
        if key in fields:
            return f"`{key}` belongs {_HEIGHTS.get(height, f'{height} levels')} up."
    return NO_ADVICE


_HEIGHTS = {1: "one level", 2: "two levels", 3: "three levels"}
