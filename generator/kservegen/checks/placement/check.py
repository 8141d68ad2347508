"""Node pools and the pods of an environment in; diagnostics out, each at the line that a human edits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple, Protocol

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.demand.devices import countable_claim
from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.placement.arrange import ArrangeAnswer, ArrangeOutcome, arrange
from kservegen.checks.placement.neighbours import Member
from kservegen.checks.placement.node_state import PlacementScene
from kservegen.checks.placement.nodes import NodeBlock
from kservegen.checks.placement.pools import Pool, pool_devices
from kservegen.checks.placement.requests import PodRequest, SitePart, survey
from kservegen.core.diagnostics import Diagnostic, Location, Related, Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonValue, Path, format_path
from kservegen.core.resource import ResourceId
from kservegen.kserve.controllers.made import KSERVE, KUBERNETES, STORED, source_text

_MOST_RELATED: Final = 12
# What would help is searched for up to so many pods times nodes, and up to so many pods fewer or nodes more.
_LARGEST_SEARCH: Final = 20_000
_STEPS: Final = 8
_ROLL: Final = "Let it roll without extra pods (deploymentStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}})"


class LocatePool(Protocol):
    """Finds the line that a human edits to change what stands at a path of an object."""

    def __call__(self, subject: ResourceId, path: Path, *, at_key: bool = False) -> Location:
        """Return the line."""
        ...


class WantedPods(NamedTuple):
    """A group of pods that wants nodes: whose it is, and what selectors see of its pods."""

    entry: str
    subject: ResourceId
    group: PodGroup
    member: Member

    @property
    def name(self) -> str:
        """What a reader calls it."""
        role = self.group.role
        return self.entry if role in {"predictor", "main"} else f"{self.entry} {role}"


def in_pool_scope(group: PodGroup, pools: Sequence[Pool]) -> bool:
    """Whether the pools say anything about a pod: its devices, or ordinary nodes, are among them."""
    if any("/" in name for name in group.requests) or any(not pool.device for pool in pools):
        return True
    devices = pool_devices(pools) if group.claims.devices else frozenset()
    return any(countable_claim(claimed, devices) for claimed in group.claims.devices)


def check_placement(
    environment: ResolvedEnvironment, pools: Sequence[Pool], wanted: Sequence[WantedPods], locate: LocatePool
) -> Iterator[Diagnostic]:
    """Say which pods have no node, alone or with all the others around."""
    report = _Report(environment, pools, wanted, locate)
    site = survey(pools, [PodRequest(item.group, item.member) for item in wanted])
    for index, reasons in site.homeless.items():
        yield report.homeless(index, reasons, Severity.ERROR)
    for index, reasons in site.doubtful.items():
        yield report.homeless(index, reasons, Severity.WARNING)
    for part in site.parts:
        yield from _check_part(report, part)


def _check_part(report: _Report, part: SitePart) -> Iterator[Diagnostic]:
    counts = [report.wanted[index].group.count for index in part.asks]
    most = [count.maximum for count in counts]
    answer = arrange(part.scene, most)
    if answer.outcome is ArrangeOutcome.FITS:
        yield from _rollouts(report, part, most)
        return
    least = arrange(part.scene, [count.minimum for count in counts])
    moment = "at minReplicas already" if least.outcome is ArrangeOutcome.FULL else "at maxReplicas"
    yield report.full(part, answer, most, moment)


def _rollouts(report: _Report, part: SitePart, most: Sequence[int]) -> Iterator[Diagnostic]:
    """Let one object roll at a time; of like ones, only one is tried."""
    by_subject: dict[ResourceId, list[int]] = {}
    for place, index in enumerate(part.asks):
        if report.wanted[index].group.count.surge:
            by_subject.setdefault(report.wanted[index].subject, []).append(place)
    scene = part.scene._replace(rolling=True)
    known: dict[object, tuple[ArrangeAnswer, bool]] = {}
    plain = not any(claim.neighbours.any for claim in scene.claims)
    for places in by_subject.values():
        extra = list(most)
        for place in places:
            extra[place] += report.wanted[part.asks[place]].group.count.surge
        like = _like(report, part, places) if plain else tuple(places)
        if like not in known:
            answer = arrange(scene, extra)
            known[like] = answer, answer.outcome is not ArrangeOutcome.FITS and _stuck(report, part, places, most)
        answer, stuck = known[like]
        if answer.outcome is not ArrangeOutcome.FITS:
            yield report.rollout(part, places, answer, stuck=stuck)


def _like(report: _Report, part: SitePart, places: Sequence[int]) -> object:
    """Return what objects have in common that roll alike where no pod asks anything of its neighbours."""
    return tuple(
        (tuple(claim.need.items()), claim.sure, claim.maybe, count.surge, bool(count.unavailable))
        for claim, count in ((part.scene.claims[p], report.wanted[part.asks[p]].group.count) for p in places)
    )


def _stuck(report: _Report, part: SitePart, places: Sequence[int], most: Sequence[int]) -> bool:
    """Whether a rolling update ends nowhere: one new pod has no node, and no old pod may go before it is ready."""
    scene = part.scene._replace(rolling=True)
    for place in places:
        if report.wanted[part.asks[place]].group.count.unavailable:
            continue
        one_more = list(most)
        one_more[place] += 1
        if arrange(scene, one_more).outcome is not ArrangeOutcome.FITS:
            return True
    return False


class _Report:
    """Gives findings about placement their words and lines."""

    def __init__(
        self, environment: ResolvedEnvironment, pools: Sequence[Pool], wanted: Sequence[WantedPods], locate: LocatePool
    ) -> None:
        self.environment = environment
        self.pools = pools
        self.wanted = wanted
        self._locate = locate

    def homeless(self, index: int, reasons: Sequence[Sequence[NodeBlock]], severity: Severity) -> Diagnostic:
        """Report a group that no pool takes; its line is what the nearest pool refuses."""
        item = self.wanted[index]
        order = range(len(self.pools))
        near = min(order, key=lambda n: (any(b.sure for b in reasons[n]), len(reasons[n]), n), default=-1)
        block = reasons[near][0] if near >= 0 else None
        path, at_key, source = _place_of(item.group, block)
        doubt = "" if severity is Severity.ERROR else " for certain"
        return self._diagnostic(
            "no-node",
            severity,
            f"no node of any pool takes {item.name}{doubt}" + (f" (comes from {source})" if source else ""),
            self._locate(item.subject, path, at_key=at_key),
            path,
            seen="; ".join(f"{pool.name}: {_say(found)}" for pool, found in zip(self.pools, reasons, strict=True))
            or "there is no pool",
            hint=_advice(block, self.pools[near].name if near >= 0 else ""),
            about=(item,),
            related=self._pool_lines({near} - {-1}),
        )

    def full(self, part: SitePart, answer: ArrangeAnswer, most: Sequence[int], moment: str) -> Diagnostic:
        """Report pools that are too small: at the one model's number of pods, or else at the pool's number of nodes."""
        waiting = self.wanted[part.asks[answer.waiting]]
        pools = self._used(part, answer)
        certain = answer.outcome is ArrangeOutcome.FULL
        about = [self.wanted[index] for place, index in enumerate(part.asks) if self._shares(part, place, pools)]
        ways = _remedies(part.scene, most, answer, waiting.name)
        names = " and ".join(self.pools[number].name for number in sorted(pools))
        message = (
            f"{names}: no room for every pod {moment}{self._sum(answer)}: {waiting.name} stays pending"
            if certain
            else f"{names}: whether {waiting.name} gets all its nodes {moment} depends on the order in which pods come"
        )
        bounded = sorted(number for number in pools if self.pools[number].most is not None)
        if len({item.subject for item in about}) == 1 or not bounded:
            path = _number_of(waiting)
            location = self._locate(waiting.subject, path)
        else:
            path = ("nodePools", self.pools[bounded[0]].name, "nodes", "max")
            location = self.environment.locate(path)
        return self._diagnostic(
            "pool-full" if certain else "uncertain-placement",
            Severity.ERROR if certain else Severity.WARNING,
            message,
            location,
            path,
            seen=" + ".join(self._part(item) for item in about[:_MOST_RELATED]),
            allowed=", ".join(self._size(number) for number in sorted(pools)),
            hint=ways or "Take a larger pool, lower maxReplicas, or lower what a pod requests.",
            about=about,
            related=(*self._pool_lines(pools), *(self._line(item) for item in about[:_MOST_RELATED])),
        )

    def rollout(self, part: SitePart, places: Sequence[int], answer: ArrangeAnswer, *, stuck: bool) -> Diagnostic:
        """Report that the pods which a rolling update adds find no node."""
        item = self.wanted[part.asks[places[0]]]
        pools = self._used(part, answer)
        names = " and ".join(self.pools[number].name for number in sorted(pools))
        surge = sum(self.wanted[part.asks[place]].group.count.surge for place in places)
        path = _number_of(item)
        end = (
            "the new version waits for ever beside the old one"
            if stuck
            else "it goes on by taking old ones away first, with fewer than maxReplicas meanwhile"
        )
        return self._diagnostic(
            "pool-full",
            Severity.WARNING if stuck else Severity.INFO,
            f"{names}: no room for the {surge} more that {item.name} has while it rolls out{self._sum(answer)}: {end}",
            self._locate(item.subject, path),
            path,
            seen=self._part(item),
            allowed=", ".join(self._size(number) for number in sorted(pools)),
            hint=f"{_ROLL}, or keep a node free." if item.subject.kind == "InferenceService" else "Keep a node free.",
            about=(item,),
            related=self._pool_lines(pools),
        )

    def _used(self, part: SitePart, answer: ArrangeAnswer) -> frozenset[int]:
        if answer.shortage is not None:
            return frozenset(answer.shortage.pools)
        return part.scene.claims[answer.waiting].maybe

    def _shares(self, part: SitePart, place: int, pools: frozenset[int]) -> bool:
        return not part.scene.claims[place].maybe.isdisjoint(pools)

    def _sum(self, answer: ArrangeAnswer) -> str:
        short = answer.shortage
        if short is None:
            return ""
        needed, there = _amount(short.resource, short.needed), _amount(short.resource, short.there)
        return f", {needed} of {there} {short.resource}"

    def _part(self, item: WantedPods) -> str:
        count = item.group.count
        return f"{item.name} {count.maximum}{f'+{count.surge}' if count.surge else ''} pods"

    def _size(self, number: int) -> str:
        pool = self.pools[number]
        return f"{pool.name} {'without end' if pool.most is None else pool.most} nodes"

    def _line(self, item: WantedPods) -> Related:
        return Related(item.name, self._locate(item.subject, item.group.path, at_key=True))

    def _pool_lines(self, pools: Sequence[int] | set[int] | frozenset[int]) -> tuple[Related, ...]:
        return tuple(
            Related(f"pool {name}", self.environment.locate(("nodePools", name), at_key=True))
            for name in (self.pools[number].name for number in sorted(pools))
        )

    def _diagnostic(  # noqa: PLR0913
        self,
        slug: str,
        severity: Severity,
        message: str,
        location: Location,
        path: Path,
        *,
        seen: str,
        hint: str,
        about: Sequence[WantedPods],
        allowed: str = "",
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        return Diagnostic(
            rule=f"gpu/{slug}",
            severity=severity,
            message=message,
            location=location,
            path=format_path(path),
            seen=seen,
            allowed=allowed,
            hint=hint,
            environments=(self.environment.name,),
            subjects=tuple(sorted({str(item.subject) for item in about})),
            entries=tuple(sorted({item.entry for item in about})),
            related=related,
        )


def _amount(resource: str, number: int) -> str:
    return write_amount(resource, Fraction(number, 1000) if resource == "cpu" else Fraction(number))


def _say(found: Sequence[NodeBlock]) -> str:
    return ", ".join(
        f"{block.resource} {_amount(block.resource, int(block.needs))} of {_amount(block.resource, int(block.has))}"
        if block.filter == "resource"
        else f"{block.needs}, not {block.has}"
        if block.filter != "taint"
        else f"taint {block.has} is not tolerated"
        for block in found
    )


def _advice(block: NodeBlock | None, pool: str) -> str:
    if block is None:
        return "List the pool that it is meant for."
    if block.filter == "taint":
        return f"Add {block.needs} to the pods that are meant for {pool}."
    if block.filter == "resource":
        if not int(block.has):
            return f"List a pool whose nodes have {block.resource}, or ask for what those of {pool} have."
        most = _amount(block.resource, int(block.has))
        return f"Ask for at most {most} {block.resource} a pod, or take a pool of larger nodes than those of {pool}."
    if block.sure:
        return f"Select what {pool} has, {block.has}, or list the pool that it is meant for."
    return f"If the nodes of {pool} have this label, state it: nodePools.{pool}.nodeSelector."


def _place_of(group: PodGroup, block: NodeBlock | None) -> tuple[Path, bool, str]:
    """Return the path of what a pool refuses, whether its key is meant for want of more, and who else brought it."""
    if block is None or block.filter == "taint":
        return group.path, True, ""
    places = [block.at] if block.filter != "resource" else _amount_paths(group, block.resource)
    sources = [group.source(at) for at in places]
    own = next((source[1:] for source in sources if source[0] == STORED), None)
    if own is not None:
        return own, False, ""
    others = (source_text(source) for source in sources if source[0] not in (KSERVE, KUBERNETES))
    return group.path, True, next(others, "")


def _amount_paths(group: PodGroup, resource: str) -> Iterator[Path]:
    """Yield the paths of a resource that a pod requests or is limited to; none where a LimitRange gives it."""
    listed: list[tuple[Path, JsonValue]] = [((), group.pod)]
    listed += [(("containers", index), item) for index, item in enumerate(sequence(group.pod.get("containers")))]
    for at, owner in listed:
        stated = mapping(mapping(owner).get("resources"))
        for side in ("requests", "limits"):
            if resource in mapping(stated.get(side)):
                yield (*at, "resources", side, resource)


def _number_of(item: WantedPods) -> Path:
    """Return where the number of pods of a group is said."""
    path = item.group.path
    if item.subject.kind != "LLMInferenceService":
        return (*(path[:-1] if path[-1] == "workerSpec" else path), "maxReplicas")
    scaled = path[:-1]
    return (*scaled, "replicas")


def _remedies(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer, waiting: str) -> str:
    """Name how many nodes more, and which lower number of pods, would do; empty where nothing near does."""
    if sum(counts) * (sum(scene.sizes) + _STEPS) > _LARGEST_SEARCH:
        return ""
    ways = [*_more_nodes(scene, counts, answer), *_fewer_pods(scene, counts, answer, waiting)]
    return f"Any of these does: {', '.join(ways)}." if ways else ""


def _more_nodes(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer) -> Iterator[str]:
    for number in sorted(scene.claims[answer.waiting].sure):
        pool = scene.pools[number]
        if pool.most is None:
            continue
        for extra in range(1, _STEPS + 1):
            sizes = list(scene.sizes)
            sizes[number] += extra
            if arrange(scene._replace(sizes=sizes), counts).outcome is ArrangeOutcome.FITS:
                yield f"{pool.most + extra} nodes in {pool.name}"
                break


def _fewer_pods(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer, waiting: str) -> Iterator[str]:
    for fewer in range(counts[answer.waiting] - 1, max(counts[answer.waiting] - _STEPS, 1) - 1, -1):
        tried = list(counts)
        tried[answer.waiting] = fewer
        if arrange(scene, tried).outcome is ArrangeOutcome.FITS:
            yield f"{fewer} pods of {waiting}"
            return
