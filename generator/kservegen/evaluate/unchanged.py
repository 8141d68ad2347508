"""Objects of an environment, as they are and as they stood before an edit, in; those that the edit leaves alone out.

An edit is refused for errors that it brings, and an object that is what it was has the errors of its own that it had.
How it goes with others is asked anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.catalog.sections import ENTRY_SECTIONS
from kservegen.core.document import as_json
from kservegen.kserve.defaulting import Defaulted

if TYPE_CHECKING:
    from kservegen.evaluate.environment import DefaultedEnvironment


class Unchanged(Struct, frozen=True):
    """Objects that stand as they stood before an edit, in an environment that says of itself what it said.

    `kinds` are those of the objects that came, went or changed: of an unchanged object KServe makes what it made unless
    it looks at one of them. With `is_locked_alike` the environment's lock holds what it held.
    """

    objects: frozenset[Defaulted] = frozenset()
    kinds: frozenset[str] = frozenset()
    is_locked_alike: bool = False


def says_the_same(now: ResolvedEnvironment, before: ResolvedEnvironment) -> bool:
    """Whether all that an environment says beside its entries and its lock is what it was."""
    return _said(now) == _said(before)


def find_unchanged(now: DefaultedEnvironment, before: DefaultedEnvironment) -> Unchanged:
    """Find the objects that are what they were in an environment that says the same."""
    known = {item.resource.id: item for item in before.objects}
    same = [item for item in now.objects if _is_alike(item, known.get(item.resource.id))]
    alike = frozenset(item.resource.id for item in same)
    now_there = {item.resource.id for item in now.objects}
    return Unchanged(
        objects=frozenset(same),
        kinds=frozenset(subject.kind for subject in (known.keys() | now_there) - alike),
        is_locked_alike=now.built.environment.locked == before.built.environment.locked,
    )


def _is_alike(now: Defaulted, before: Defaulted | None) -> bool:
    return before is not None and (now is before or _documents(now) == _documents(before))


def _documents(item: Defaulted) -> tuple[str, str]:
    return as_json(item.written.doc), as_json(item.resource.doc)  # as text: there 1 is not true


def _said(environment: ResolvedEnvironment) -> str:
    words = {word: value for word, value in environment.value.items() if word not in ENTRY_SECTIONS}
    source = environment.source
    return repr((words, source.bases, source.owners, source.inventory and source.inventory.value))
