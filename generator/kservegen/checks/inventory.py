"""An environment and its inventory in; what is old in it, and what the environment says otherwise, out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from kservegen.catalog.inventory.kinds import BY_KIND
from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.inventory.operators import absent_operators
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.basis import Directory
from kservegen.checks.demand.requests import amounts
from kservegen.checks.locate import diagnose_environment
from kservegen.checks.placement.pools import Pool, counted_accelerators, read_pools
from kservegen.checks.rules.base import Context
from kservegen.core.assumptions import Unchecked
from kservegen.core.diagnostics import Diagnostic, Finding
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.manual import by_manual

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock

# An inventory is taken anew once a month, unless the environment says otherwise.
_MAX_AGE_DAYS: Final = 30
# Where the cluster is it may be tomorrow.
_DAYS_OF_ZONES: Final = 1
_WILD: Final = frozenset("*?[")


class _PoolDifference(NamedTuple):
    """What the nodes of a pool are otherwise than it says, at a path of its words."""

    path: Path
    message: str
    seen: str


def check_inventory(environment: ResolvedEnvironment, context: Context, clock: Clock | None) -> Iterator[Diagnostic]:
    """Check an inventory against its environment; without a clock nothing is said of its age.

    Findings about age are at the inventory's own line, all others where the environment says otherwise.
    """
    inventory = context.inventory
    if inventory is None:
        return
    if clock is not None:
        yield from _age(environment, inventory, clock)
    yield from diagnose_environment(environment, _promises(environment, inventory, context))
    yield from diagnose_environment(environment, _version(environment, inventory))
    yield from diagnose_environment(environment, _pools(environment, inventory))


def unread_kinds(inventory: Inventory) -> tuple[Unchecked, ...]:
    """Say which objects of the cluster could not be listed, and why."""
    found = []
    for what, reason in sorted(mapping(inventory.words.get("unread")).items()):
        kind, _, namespace = what.partition("/")
        where = f"namespace {namespace}" if namespace else "the cluster"
        found.append(Unchecked(f"which {kind} objects {where} has", f"{text(reason)}, by the inventory"))
    return tuple(found)


def _age(environment: ResolvedEnvironment, inventory: Inventory, clock: Clock) -> Iterator[Diagnostic]:
    stated = integer(environment.at("inventory", "maxAgeDays"))
    most = _MAX_AGE_DAYS if stated is None else stated
    taken, document = inventory.taken, environment.source.inventory
    if taken is None or document is None:
        return
    age = (clock.day - taken).days
    if -_DAYS_OF_ZONES <= age <= most:
        return
    said = by_manual(
        "catalog/stale-inventory",
        f"this inventory is {age} days old" if age > 0 else f"the day of this inventory lies {-age} days ahead",
        document.source.value(("taken",)),
        path="taken",
        seen=taken.isoformat(),
        allowed=f"at most {most} days" if age > 0 else f"at most {clock.day.isoformat()}",
        hint=f"Take it anew: kservegen inventory --env {environment.name}.",
    )
    yield replace(said, environments=(environment.name,))


def _promises(environment: ResolvedEnvironment, inventory: Inventory, context: Context) -> Iterator[Finding]:
    """Say what is promised that the cluster does not have; what the catalog brings itself no inventory lists."""
    unpromised = Directory(context.resources, context.platform, frozenset(), {}, set(), inventory)
    absent = frozenset(absent_operators(inventory))
    for index, item in enumerate(sequence(environment.at("prerequisites"))):
        if not isinstance(item, str) or _WILD.intersection(item):
            continue
        kind, *where = item.split("/")
        if item in absent:
            what = f"{item} is promised, and the cluster served none of its custom resources"
        elif where and _lacks(kind, where, unpromised, environment):
            what = f"{item} is promised, and the cluster did not have it"
        else:
            continue
        yield Finding(
            rule="catalog/broken-promise",
            path=("prerequisites", index),
            message=f"{what} on {text(inventory.words.get('taken'))}",
            seen=item,
            hint=f"Create it, or correct the name; then: kservegen inventory --env {environment.name}.",
        )


def _lacks(kind: str, where: list[str], directory: Directory, environment: ResolvedEnvironment) -> bool:
    """Whether an object is known to be nowhere that a promise stands for."""
    listed = BY_KIND.get(kind)
    *stated, name = where
    if listed is None:
        return False
    every = {entry.namespace for entry in environment.entries if entry.namespace} if listed.namespaced else {""}
    places = stated or sorted(every)
    return bool(places) and all(
        directory.lacks(kind=kind, namespace=place)
        and not directory.look_up(kind=kind, namespace=place, name=name).is_there
        for place in places
    )


def _version(environment: ResolvedEnvironment, inventory: Inventory) -> Iterator[Finding]:
    stated, found = environment.text("cluster", "kubernetesVersion"), inventory.kubernetes_version
    if stated and found and _minor(stated) != _minor(found):
        yield Finding(
            rule="catalog/cluster-version",
            path=("cluster", "kubernetesVersion"),
            message=f"the cluster ran Kubernetes {found} on {text(inventory.words.get('taken'))}",
            seen=stated,
            allowed=".".join(_minor(found)),
            hint="State the version that runs; after an upgrade, take the inventory anew.",
        )


def _minor(version: str) -> list[str]:
    return version.removeprefix("v").split(".")[:2]


def _pools(environment: ResolvedEnvironment, inventory: Inventory) -> Iterator[Finding]:
    """Compare what is stated of nodes that are always there with those that were."""
    stated = mapping(environment.written.get("nodePools"))
    if not stated or not inventory.covers("Node"):
        return
    groups = [mapping(group) for group in inventory.node_pools.values()]
    day = text(inventory.words.get("taken"))
    for pool in read_pools(stated, environment.mapping("accelerators")):
        nodes = [group for group in groups if pool.labels.items() <= mapping(group.get("labels")).items()]
        if pool.least:  # a pool that may be empty tells nothing by being so
            for item in _differences_of(pool, nodes, mapping(stated.get(pool.name))):
                yield Finding(
                    rule="catalog/node-pool-differs",
                    path=("nodePools", pool.name, *item.path),
                    message=f"{item.message}, by the inventory of {day}",
                    seen=item.seen,
                    hint="State what the nodes are, or take the inventory anew after changing them.",
                )


def _differences_of(pool: Pool, nodes: list[JsonObject], words: JsonObject) -> Iterator[_PoolDifference]:
    count = sum(integer(group.get("nodes")) or 0 for group in nodes)
    if count < pool.least:
        how = f"{count or 'no'} node{'s have' if count > 1 else ' has'}"
        yield _PoolDifference(("nodes", "min"), f"{how} the labels of pool {pool.name}", str(pool.least))
    if not nodes:
        return
    taken = counted_accelerators(amounts(words.get("daemonSets")))
    for resource, room in sorted(pool.room.items()):
        word = _stated_name(resource, pool, words)
        most, written = max(_offer(group, resource) for group in nodes)
        if word and room + taken.get(resource, 0) > most:
            said = f"the largest node of pool {pool.name} offers {written or 'none'} of {resource}"
            yield _PoolDifference(("allocatable", word), said, str(mapping(words.get("allocatable"))[word]))
    known = {(taint.key, taint.value, taint.effect) for taint in pool.taints}
    unknown = [
        f"{key}:{effect}"
        for key, value, effect in map(_taint, sequence(nodes[0].get("taints")))
        if effect in {"NoSchedule", "NoExecute"} and (key, value, effect) not in known
    ]
    if unknown and len(nodes) == 1 and not pool.supposed:
        said = f"the nodes of pool {pool.name} are tainted {', '.join(sorted(unknown))}"
        yield _PoolDifference(("taints",), said, ", ".join(map(str, pool.taints)))


def _offer(group: JsonObject, resource: str) -> tuple[int, str]:
    """Return what a node offers of a resource, as the scheduler counts it and as it is written."""
    offered = mapping(group.get("allocatable"))
    return counted_accelerators(amounts(offered)).get(resource, 0), text(offered.get(resource))


def _taint(value: JsonValue) -> tuple[str, str, str]:
    taint = mapping(value)
    return text(taint.get("key")), text(taint.get("value")), text(taint.get("effect"))


def _stated_name(resource: str, pool: Pool, words: JsonObject) -> str:
    """Return the word of `allocatable` that states a resource; blank where none does."""
    stated = mapping(words.get("allocatable"))
    if resource in stated:
        return resource
    return "accelerators" if resource == pool.device and "accelerators" in stated else ""
