"""What many rules look at: an object or an environment in, its containers or its objects by kind out, found once."""

from __future__ import annotations

from collections import defaultdict

from kservegen.build.resource import Resource
from kservegen.rules.base import Context
from kservegen.workloads import ContainerAt, containers

# One slot each: the rules of one object run after each other, all objects of an environment too. A slot goes by
# identity, and holds what it is about so that the identity stays its own; it is read and written whole, so that
# threads cannot mix two up.
_latest_object: tuple[Resource | None, tuple[ContainerAt, ...]] = (None, ())
_latest_context: tuple[Context | None, dict[str, tuple[Resource, ...]]] = (None, {})


def containers_of(resource: Resource) -> tuple[ContainerAt, ...]:
    """List the containers of the object that the rules are looking at."""
    global _latest_object  # noqa: PLW0603 - the slot described above
    known, listed = _latest_object
    if known is not resource:
        listed = containers(resource)
        _latest_object = (resource, listed)
    return listed


def of_kind(context: Context, kind: str) -> tuple[Resource, ...]:
    """List the environment's objects of a kind."""
    global _latest_context  # noqa: PLW0603 - the slot described above
    known, by_kind = _latest_context
    if known is not context:
        grouped: defaultdict[str, list[Resource]] = defaultdict(list)
        for resource in context.resources.values():
            grouped[resource.kind].append(resource)
        by_kind = {name: tuple(found) for name, found in grouped.items()}
        _latest_context = (context, by_kind)
    return by_kind.get(kind, ())


def forget() -> None:
    """Let go of what was looked at last: a run is over, its objects may change."""
    global _latest_object, _latest_context  # noqa: PLW0603 - the slots described above
    _latest_object = (None, ())
    _latest_context = (None, {})
