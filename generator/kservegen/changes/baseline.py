"""Findings of a change and of its base in; how each stands to the base, and which ones the change resolves, out.

A finding is known by its rule, what it is about, its cause and its text: never by its line, nor by its file, so that
moving or sorting entries brings nothing. In a new environment, what is said of the same entry elsewhere stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.core.diagnostics import BaselineState, Diagnostic, merge_diagnostics

_WAIVED: Final = 9  # weighs less than any that is not


class FindingsOfChange(Struct, frozen=True, kw_only=True):
    """The findings of a change, each with its `baseline`, and those of the base that it resolves."""

    found: tuple[Diagnostic, ...]
    resolved: tuple[Diagnostic, ...]


_Key: TypeAlias = Hashable


def compare_findings(
    found: Iterable[Diagnostic], before: Iterable[Diagnostic], *, came: Collection[str], gone: Collection[str]
) -> FindingsOfChange:
    """Hold findings against those of the base; `came` are environments that it lacks, `gone` those that it had.

    Findings are counted: of two that read alike where the base has one, the one at another path is new. Waived ones
    are lighter than all others, and are not resolved when they go.
    """
    there: defaultdict[_Key, list[Diagnostic]] = defaultdict(list)
    anywhere: defaultdict[_Key, list[Diagnostic]] = defaultdict(list)
    for item in dict.fromkeys(before):
        there[item.environments, _about(item)].append(item)
        anywhere[_about(item)].append(item)
    told: list[Diagnostic] = []
    for key, items in _grouped(found).items():
        left = there[key]
        paths = {other.path for other in left}
        for item in sorted(items, key=lambda one: one.path not in paths):
            match = next((other for other in left if other.path == item.path), left[0] if left else None)
            if match is not None:
                left.remove(match)
            elif item.environments and came and set(item.environments) <= set(came):
                match = min(anywhere[_about(item)], key=_weight, default=None)
            told.append(replace(item, baseline=_state(item, match)))
    still = {_about(item) for item in told}
    resolved = (
        item
        for items in there.values()
        for item in items
        if item.waived is None
        and not (_about(item) in still and item.environments and set(item.environments) <= set(gone))
    )
    return FindingsOfChange(found=tuple(told), resolved=merge_diagnostics(resolved))


def _grouped(found: Iterable[Diagnostic]) -> dict[_Key, list[Diagnostic]]:
    groups: dict[_Key, list[Diagnostic]] = {}
    for item in dict.fromkeys(found):
        groups.setdefault((item.environments, _about(item)), []).append(item)
    return groups


def _about(item: Diagnostic) -> _Key:
    return item.rule, item.entries or item.subjects, item.cause, item.message


def _weight(item: Diagnostic) -> int:
    return _WAIVED if item.waived is not None else item.severity.rank


def _state(item: Diagnostic, match: Diagnostic | None) -> BaselineState:
    if match is None:
        return BaselineState.NEW
    return BaselineState.UPDATED if _weight(match) > _weight(item) else BaselineState.UNCHANGED
