"""A built environment in; the addresses of its models, as a lock knows them, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kservegen.core.document import mapping, text
from kservegen.core.resource import Resource
from kservegen.render.objects.environment import BuiltEnvironment
from kservegen.render.objects.pins import HUB, PINNED, is_unpinned

_CACHES = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTarget:
    """One address, the models that are served from it, and the cache (if any) that is filled from it."""

    address: str
    models: tuple[str, ...]
    cache: str = ""

    @property
    def on_hub(self) -> bool:
        """Whether the Hub has it."""
        return self.address.startswith(HUB)

    @property
    def repository(self) -> str:
        """The name of its repository on the Hub."""
        return self.address.removeprefix(HUB).partition(":")[0]

    @property
    def revision(self) -> str:
        """The revision that the address states itself."""
        return self.address.removeprefix(HUB).partition(":")[2]

    @property
    def pinnable(self) -> bool:
        """Whether a revision can be written behind it: KServe finds a cache by the address as the cache states it."""
        return is_unpinned(self.address) and not self.cache


def targets_of(built: BuiltEnvironment) -> tuple[LockTarget, ...]:
    """Return every address that models of this environment are served from, in a fixed order."""
    users: dict[str, list[str]] = {}
    caches: dict[str, str] = {}
    for item in built.entries:
        resource = item.resource
        if resource.kind in _CACHES:
            source = text(mapping(resource.doc.get("spec")).get("sourceModelUri"))
            caches[source] = resource.id.name
        for address in _addresses(resource, built):
            users.setdefault(address, []).append(item.entry.key)
    return tuple(
        LockTarget(address=address, models=tuple(models), cache=caches.get(address, ""))
        for address, models in sorted(users.items())
    )


def _addresses(resource: Resource, built: BuiltEnvironment) -> Iterator[str]:
    path = PINNED.get(resource.kind)
    if path is None:
        return
    holder = resource.doc
    for part in path[:-1]:
        holder = mapping(holder.get(str(part)))
    written = text(holder.get(str(path[-1])))
    base, _, revision = written.rpartition(":")
    if built.settings.pins.get(base, "") == revision and revision:
        written = base  # the lock wrote the revision
    if "://" in written:
        yield written
