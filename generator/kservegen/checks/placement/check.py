"""Node pools and the pods of an environment in; diagnostics out, each at the line that a human edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.budget.amounts import write_amount
from kservegen.checks.demand.devices import countable_claim
from kservegen.checks.demand.groups import PodGroup
from kservegen.checks.placement.arrange import ArrangeAnswer, Arrangement, ArrangeOutcome, arrange
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
_HOW_BAD: Final = (ArrangeOutcome.FITS, ArrangeOutcome.UNSURE, ArrangeOutcome.FULL)
_ENDS: Final[Mapping[ArrangeOutcome, str]] = {
    ArrangeOutcome.FITS: "it goes on by taking old ones away first, with fewer than maxReplicas meanwhile",
    ArrangeOutcome.UNSURE: "the new version may wait for ever beside the old one",
    ArrangeOutcome.FULL: "the new version waits for ever beside the old one",
}


class LocatePool(Protocol):
    """Finds the line that a human edits to change what stands at a path of an object."""

    def __call__(self, subject: ResourceId, path: Path, *, at_key: bool = False) -> Location:
        """Return the line."""
        ...


class WantedPods(Struct, frozen=True):
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
    if any(not pool.device for pool in pools) or any("/" in name for name in group.requests):
        return True
    devices = pool_devices(pools) if group.claims.devices else frozenset()
    return any(countable_claim(claimed, devices) for claimed in group.claims.devices)


class Placement(Struct, frozen=True):
    """What is wrong with where pods stand, and what becomes of all pods of each object, at maxReplicas."""

    diagnostics: tuple[Diagnostic, ...]
    outcomes: Mapping[ResourceId, ArrangeOutcome]


def check_placement(
    environment: ResolvedEnvironment, pools: Sequence[Pool], wanted: Sequence[WantedPods], locate: LocatePool
) -> Placement:
    """Say which pods have no node, alone or with all the others around."""
    report = _Report(environment, pools, wanted, locate)
    site = survey(pools, [PodRequest(item.group, item.member) for item in wanted])
    found = [report.homeless(index, reasons, Severity.ERROR) for index, reasons in site.homeless.items()]
    found += (report.homeless(index, reasons, Severity.WARNING) for index, reasons in site.doubtful.items())
    outcomes = [ArrangeOutcome.FITS for _ in wanted]
    for index in site.homeless:
        outcomes[index] = ArrangeOutcome.FULL
    for index in site.doubtful:
        outcomes[index] = ArrangeOutcome.UNSURE
    for part in site.parts:
        found += _check_part(report, part, outcomes)
    by_subject: dict[ResourceId, ArrangeOutcome] = {}
    for item, outcome in zip(wanted, outcomes, strict=True):
        by_subject[item.subject] = max(outcome, by_subject.get(item.subject, outcome), key=_HOW_BAD.index)
    return Placement(tuple(found), by_subject)


class _Question(Struct, frozen=True):
    """All that the places of groups depend on that share pools: at maxReplicas, and while one object rolls.

    By group: its pods, how many more there are in a rolling update, whether old ones go before new ones are ready, and
    the `order` of what they need: of several resources that are short, the first is told. `rolling` are the groups of
    each object that rolls with more pods.
    """

    scene: PlacementScene
    order: tuple[tuple[str, ...], ...]
    most: tuple[int, ...]
    surges: tuple[int, ...]
    yields: tuple[bool, ...]
    rolling: tuple[tuple[int, ...], ...]

    def __hash__(self) -> int:
        return hash((self.order, self.most, self.rolling))


class _Rolled(NamedTuple):
    """The groups of an object whose rolling update does not find nodes for certain, and what becomes of it."""

    places: tuple[int, ...]
    answer: ArrangeAnswer
    end: ArrangeOutcome


def _check_part(report: _Report, part: SitePart, outcomes: list[ArrangeOutcome]) -> Iterator[Diagnostic]:
    """Check groups that share pools; put down in `outcomes`, by position, what becomes of those that are short."""
    counts = [report.wanted[index].group.count for index in part.asks]
    most = [count.maximum for count in counts]
    by_subject: dict[ResourceId, list[int]] = {}
    for place, index in enumerate(part.asks):
        if counts[place].surge:
            by_subject.setdefault(report.wanted[index].subject, []).append(place)
    question = _Question(
        part.scene,
        tuple(tuple(claim.need) for claim in part.scene.claims),
        tuple(most),
        tuple(count.surge for count in counts),
        tuple(bool(count.unavailable) for count in counts),
        tuple(map(tuple, by_subject.values())),
    )
    answer, rolled = _arranged(question)
    for one in rolled:
        yield report.rollout(part, one)
    if answer.outcome is ArrangeOutcome.FITS:
        return
    for index in report.sharing(part, answer):
        outcomes[index] = answer.outcome
    least = arrange(part.scene, [count.minimum for count in counts])
    moment = "at minReplicas already" if least.outcome is ArrangeOutcome.FULL else "at maxReplicas"
    yield report.full(part, answer, most, moment)


@lru_cache(maxsize=32)
def _arranged(question: _Question) -> tuple[ArrangeAnswer, tuple[_Rolled, ...]]:
    """Place the pods of groups, and say which rollouts are in doubt where all fit; alike environments ask once."""
    rolling = list(_rolling(question))
    of_each_sort = {like: more for _, like, more in reversed(rolling)}
    arrangement = Arrangement(question.scene, question.most, list(of_each_sort.values()))
    if arrangement.answer.outcome is not ArrangeOutcome.FITS:
        return arrangement.answer, ()
    answers = {like: _roll(question, arrangement, more) for like, more in of_each_sort.items()}
    rolled = (_Rolled(places, *answers[like]) for places, like, _ in rolling)
    return arrangement.answer, tuple(one for one in rolled if one.answer.outcome is not ArrangeOutcome.FITS)


def _rolling(question: _Question) -> Iterator[tuple[tuple[int, ...], object, Mapping[int, int]]]:
    """Yield the groups of each object that rolls with more pods, what it shares with its like, and how many more.

    Objects roll alike where their pods need the same and no pod asks anything of its neighbours.
    """
    claims, surges, yields = question.scene.claims, question.surges, question.yields
    plain = not any(claim.neighbours.any for claim in claims)
    for places in question.rolling:
        like: object = places
        if plain:
            like = tuple(
                (tuple(claims[at].need.items()), claims[at].sure, claims[at].maybe, surges[at], yields[at])
                for at in places
            )
        yield places, like, {at: surges[at] for at in places}


def _roll(
    question: _Question, arrangement: Arrangement, more: Mapping[int, int]
) -> tuple[ArrangeAnswer, ArrangeOutcome]:
    """Say whether a rolling update finds nodes for its pods, and whether it ends.

    It does not where one new pod has no node, and no old pod may go before it is ready.
    """
    answer, end = arrangement.rollout(more), ArrangeOutcome.FITS
    if answer.outcome is ArrangeOutcome.FITS:
        return answer, end
    for place in more:
        if not question.yields[place]:
            one = answer if dict(more) == {place: 1} else arrangement.rollout({place: 1})
            end = max(end, one.outcome, key=_HOW_BAD.index)
    return answer, end


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
        said = (f"{pool.name}: {_say(found)}" for pool, found in zip(self.pools, reasons, strict=True))
        seen = "; ".join(said) or "there is no pool"
        return self._diagnostic(
            "no-node",
            severity,
            f"no node of any pool takes {item.name}{doubt}" + (f" (comes from {source})" if source else ""),
            self._locate(item.subject, path, at_key=at_key),
            path,
            seen=seen,
            hint=_advice(block, self.pools[near].name if near >= 0 else ""),
            about=(item,),
            related=self._pool_lines({near} - {-1}),
            cause=seen,
        )

    def full(self, part: SitePart, answer: ArrangeAnswer, most: Sequence[int], moment: str) -> Diagnostic:
        """Report pools that are too small: at the one model's number of pods, or else at the pool's number of nodes."""
        waiting = self.wanted[part.asks[answer.waiting]]
        pools = self._used(part, answer)
        certain = answer.outcome is ArrangeOutcome.FULL
        about = [self.wanted[index] for index in self.sharing(part, answer)]
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

    def rollout(self, part: SitePart, rolled: _Rolled) -> Diagnostic:
        """Report that the pods of a rolling update find no node, or only by chance.

        What hangs on chance is one cause for all objects of the pools.
        """
        places, answer, end = rolled
        item = self.wanted[part.asks[places[0]]]
        pools = self._used(part, answer)
        names = " and ".join(self.pools[number].name for number in sorted(pools))
        surge = sum(self.wanted[part.asks[place]].group.count.surge for place in places)
        path = _number_of(item)
        full = answer.outcome is ArrangeOutcome.FULL
        if full:
            what = f"no room for the {surge} more that {item.name} has while it rolls out{self._sum(answer)}"
        else:
            what = "whether there is room for the pods that a rolling update adds depends on where the others stand"
            end = min(end, ArrangeOutcome.UNSURE, key=_HOW_BAD.index)
        message = f"{names}: {what}: {_ENDS[end]}"
        return self._diagnostic(
            "pool-full" if full else "uncertain-placement",
            Severity.INFO if end is ArrangeOutcome.FITS else Severity.WARNING,
            message,
            self._locate(item.subject, path),
            path,
            seen=self._part(item),
            allowed=", ".join(self._size(number) for number in sorted(pools)),
            hint=f"{_ROLL}, or keep a node free." if item.subject.kind == "InferenceService" else "Keep a node free.",
            about=(item,),
            related=self._pool_lines(pools),
            cause="" if full else message,
        )

    def sharing(self, part: SitePart, answer: ArrangeAnswer) -> list[int]:
        """Return the positions of the groups that may stand on the pools of which an answer speaks."""
        pools, claims = self._used(part, answer), part.scene.claims
        return [index for place, index in enumerate(part.asks) if not claims[place].maybe.isdisjoint(pools)]

    def _used(self, part: SitePart, answer: ArrangeAnswer) -> frozenset[int]:
        if answer.shortage is not None:
            return frozenset(answer.shortage.pools)
        return part.scene.claims[answer.waiting].maybe

    def _sum(self, answer: ArrangeAnswer) -> str:
        short = answer.shortage
        if short is None:
            return ""
        if short.least:
            size = f"{_amount(short.resource, short.least)} {short.resource} or more"
            return f", {short.needed} pods of {size} where there are places for {short.there}"
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
        cause: str = "",
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
            cause=cause,
        )


def _amount(resource: str, number: int) -> str:
    return write_amount(resource, Fraction(number, 1000) if resource == "cpu" else Fraction(number))


def _say(found: Sequence[NodeBlock]) -> str:
    return ", ".join(
        f"{block.resource} {_amount(block.resource, int(block.needs))} of {_amount(block.resource, int(block.has))}"
        if block.filter == "resource"
        else f"asked for {block.needs}, has {block.has}"
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
            if _fits(scene._replace(sizes=sizes), counts):
                yield f"{pool.most + extra} nodes in {pool.name}"
                break


def _fewer_pods(scene: PlacementScene, counts: Sequence[int], answer: ArrangeAnswer, waiting: str) -> Iterator[str]:
    for fewer in range(counts[answer.waiting] - 1, max(counts[answer.waiting] - _STEPS, 1) - 1, -1):
        tried = list(counts)
        tried[answer.waiting] = fewer
        if _fits(scene, tried):
            yield f"{fewer} pods of {waiting}"
            return


def _fits(scene: PlacementScene, counts: Sequence[int]) -> bool:
    return Arrangement(scene, counts, steps=0).answer.outcome is ArrangeOutcome.FITS
