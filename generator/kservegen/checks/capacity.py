"""Is there enough for all of it together: a built environment in; what budgets and node pools have to say of it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kservegen.catalog.resolve import EntryName
from kservegen.checks.budget.account import RequestedAmounts, account, requested_amounts
from kservegen.checks.budget.check import check_budgets
from kservegen.checks.budget.ledger import Line
from kservegen.checks.budget.limits import read_budgets
from kservegen.checks.budget.queue_sums import check_queue_sums
from kservegen.checks.demand.groups import pod_groups
from kservegen.checks.locate import Locator
from kservegen.checks.queues import Queues
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import queues_of
from kservegen.core.assumptions import Assumption, Unchecked
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import Path
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.reconcile import is_reconciled
from kservegen.kserve.defaulting import Defaulted
from kservegen.render.objects.environment import BuiltEnvironment

if TYPE_CHECKING:  # few environments ask
    from kservegen.checks.placement.arrange import ArrangeOutcome

_NAMED: Final = 3
_CLAIMING: Final = frozenset({"InferenceService", "LLMInferenceService"})
_AS_WRITTEN: Final[Mapping[EntryName, str]] = MappingProxyType({})


class Capacity(Struct, frozen=True):
    """What was found, what was taken for granted in finding it, what was not looked at, the sums, and who has nodes."""

    diagnostics: tuple[Diagnostic, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    ledger: tuple[Line, ...] | None = None  # where budgets item for it
    placed: Mapping[ResourceId, ArrangeOutcome] = MappingProxyType({})  # of pods that node pools say something of


class OthersObject(Struct, frozen=True):
    """An object that the environment lists and does not render: its key there, its owner, where its fields stand."""

    key: str
    owner: str
    defaulted: Defaulted
    locate: Callable[[Path], Location]


def check_capacity(
    built: BuiltEnvironment, objects: Sequence[Defaulted], context: Context, others: Sequence[OthersObject] = ()
) -> Capacity:
    """Hold an environment against its budgets and its node pools, where it has any.

    What `others` ask for counts in budgets; whether their pods find a place is not looked at. What is not deployed
    takes nothing.
    """
    found: list[Diagnostic] = []
    placed = Capacity()
    lines: tuple[Line, ...] | None = None
    queues = queues_of(context)
    requested = _requested(built, objects, context, others)
    if built.environment.mapping("budgets"):
        lines = tuple(account(requested, built.environment, context))
        ledgers = [lines]
        if built.environment.owners:  # a model that is given to another team does not leave the budget of the first
            ledgers.append(ledger(built, objects, context, others, built.environment.owners))
        for each in ledgers:
            found.extend(_over_budget(built, objects, each, others, queues))
    if queues.cluster_queues:
        lines = tuple(account(requested, built.environment, context)) if lines is None else lines
        found.extend(check_queue_sums(built.environment, lines, _locate(built, objects, others), queues))
    if built.environment.mapping("nodePools"):
        placed = _placement(built, objects, requested[: len(built.entries)])
        found.extend(placed.diagnostics)
    unchecked = placed.unchecked
    if lines is not None or built.environment.mapping("nodePools"):
        unchecked += _uncounted(built, objects, context)
        unchecked += _unsure_claims(built, objects, context, placed=bool(built.environment.mapping("nodePools")))
    return Capacity(tuple(found), placed.assumptions, unchecked, lines, placed.placed)


def _uncounted(built: BuiltEnvironment, objects: Sequence[Defaulted], context: Context) -> tuple[Unchecked, ...]:
    """Name the models that take nothing because they are not deployed, which is a finding of its own."""
    names = [
        key
        for key, _, item in _owned(built, objects)
        if is_reconciled(item.resource.kind) and context.simulation.workloads(item.resource) is None
    ]
    return (Unchecked(f"what {_names(names)} would take", "not deployed as written"),) if names else ()


def _unsure_claims(
    built: BuiltEnvironment, objects: Sequence[Defaulted], context: Context, *, placed: bool
) -> tuple[Unchecked, ...]:
    """Name what is not certain of the devices that pods claim, and who shares a claim where nodes are looked at."""
    said: dict[str, list[str]] = {}
    shared: list[str] = []
    for key, _, item in _owned(built, objects):
        workloads = context.simulation.workloads(item.resource) if item.resource.kind in _CLAIMING else None
        if not any("resourceClaims" in mapping(workload.pod.get("spec")) for workload in workloads or ()):
            continue
        for group in pod_groups(item.resource, context.simulation):
            doubts = [claimed.doubt for claimed in group.claims.devices if claimed.doubt]
            for doubt in (*group.claims.unknown, *doubts):
                said.setdefault(doubt, []).append(key)
            if any(claimed.claim for claimed in group.claims.devices):
                shared.append(key)
    found = [Unchecked(f"how many accelerators {_names(keys)} would take", doubt) for doubt, keys in said.items()]
    if placed and shared:
        what = f"that the pods of {_names(shared)} find nodes that reach the devices of the claim that they share"
        found.append(Unchecked(what, "nothing tells where they are"))
    return tuple(found)


def _names(keys: Sequence[str]) -> str:
    names = list(dict.fromkeys(keys))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def ledger(
    built: BuiltEnvironment,
    objects: Sequence[Defaulted],
    context: Context,
    others: Sequence[OthersObject] = (),
    owners: Mapping[EntryName, str] = _AS_WRITTEN,
) -> tuple[Line, ...]:
    """Write the ledger of a built environment, with `owners` in the place of those that are written."""
    return tuple(account(_requested(built, objects, context, others, owners), built.environment, context))


def _requested(
    built: BuiltEnvironment,
    objects: Sequence[Defaulted],
    context: Context,
    others: Sequence[OthersObject],
    owners: Mapping[EntryName, str] = _AS_WRITTEN,
) -> tuple[RequestedAmounts, ...]:
    """List what the objects of entries ask for, and then what others do."""
    owned = (*_owned(built, objects, owners), *((item.key, item.owner, item.defaulted) for item in others))
    return tuple(requested_amounts(owned, built.environment, context))


def _owned(
    built: BuiltEnvironment, objects: Sequence[Defaulted], owners: Mapping[EntryName, str] = _AS_WRITTEN
) -> Iterator[tuple[str, str, Defaulted]]:
    """Yield the objects of entries with their keys and owners: those of `owners`, else as they are written."""
    for built_entry, item in zip(built.entries, objects[len(built.own) :], strict=True):
        entry = built_entry.entry
        yield entry.key, owners.get((entry.section, entry.key), text(entry.words.get("owner"))), item


def _over_budget(
    built: BuiltEnvironment,
    objects: Sequence[Defaulted],
    lines: Sequence[Line],
    others: Sequence[OthersObject],
    queues: Queues,
) -> Iterator[Diagnostic]:
    environment = built.environment
    budgets = tuple(read_budgets(environment.mapping("budgets"), queues, environment.mapping("accelerators")))
    locate = _locate(built, objects, others)
    yield from check_budgets(environment, budgets, lines, locate, queues)


def _locate(
    built: BuiltEnvironment, objects: Sequence[Defaulted], others: Sequence[OthersObject]
) -> Callable[[Line], Location]:
    """Return what finds the line that a human edits to change what a line of the ledger counts."""
    locator = Locator.of(built)
    by_id = {item.resource.id: item.resource for item in objects}
    elsewhere = {item.defaulted.resource.id: item for item in others}

    def locate(line: Line) -> Location:
        if line.subject in by_id:
            return locator.locate(by_id[line.subject], line.path)
        return elsewhere[line.subject].locate(line.path)

    return locate


def _placement(
    built: BuiltEnvironment, objects: Sequence[Defaulted], requested: Sequence[RequestedAmounts]
) -> Capacity:
    from kservegen.checks.placement.check import WantedPods, check_placement, in_pool_scope  # noqa: PLC0415 - few environments ask
    from kservegen.checks.placement.neighbours import Member  # noqa: PLC0415
    from kservegen.checks.placement.pools import read_pools  # noqa: PLC0415

    environment = built.environment
    pools = read_pools(environment.mapping("nodePools"), environment.mapping("accelerators"))
    locator = Locator.of(built)
    by_id = {item.resource.id: item.resource for item in objects}
    wanted, left_out, unlisted = [], False, list[str]()
    for item in requested:
        resource = item.defaulted.resource
        for group in item.groups:
            if in_pool_scope(group, pools):
                wanted.append(WantedPods(item.entry, resource.id, group, Member(resource.id.namespace, group.labels)))
            elif group.claims.devices or group.claims.unknown:
                unlisted.append(item.entry)
            else:
                left_out = True

    def locate(subject: ResourceId, path: Path, *, at_key: bool = False) -> Location:
        return locator.locate(by_id[subject], path, at_key=at_key)

    assumed = [Assumption("node pool", pool.name, "taken as empty beside this catalog") for pool in pools]
    unchecked = []
    if left_out:
        unchecked.append(Unchecked("that pods without accelerators find nodes", "no pool without one is listed"))
    if unlisted:
        what = f"that {_names(unlisted)} find nodes"
        unchecked.append(Unchecked(what, "no pool lists the devices that their pods claim"))
    found = check_placement(environment, pools, wanted, locate)
    return Capacity(found.diagnostics, tuple(assumed) if wanted else (), tuple(unchecked), placed=found.outcomes)
