"""Objects of environments, all of them or some, in; what is found of each out: what a run spends its time on.

What is said of an object hangs on the object and on what stands around it, never on who else is judged. So some can be
judged by another process: what comes back is told by places among the objects, and has no document in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from msgspec import Struct

from kservegen.checks.gpu.environment import EstimateInputs
from kservegen.checks.registry import severity_of
from kservegen.checks.rules.view import queues_of
from kservegen.checks.runner import MadeFindings, ObjectFinding, is_misshapen
from kservegen.checks.simulation import MADE_KEPT
from kservegen.core.assumptions import Assumption
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.resource import ResourceId
from kservegen.evaluate.running import RunningObjects
from kservegen.evaluate.workers import Turns
from kservegen.kserve.controllers.running import RunningWorkload
from kservegen.kserve.defaulting import Defaulted
from kservegen.render.objects.environment import BuiltEnvironment

if TYPE_CHECKING:
    from kservegen.checks.policy.binding import Bindings
    from kservegen.evaluate.base import BaseRevision
    from kservegen.evaluate.environment import DefaultedEnvironment, Tools
    from kservegen.evaluate.sharing import SharedResults

# So many objects are looked at before the next ones: what was made of them is at hand meanwhile.
_BATCH: Final = min(64, MADE_KEPT)
# Some so many objects are in a window: few enough that processes which take windows in turn end together.
_WINDOW: Final = 32
# So many windows are looked at together, where nobody waits for them: each look at their objects goes the same way.
_MOST_AT_ONCE: Final = 16
# Of so many objects what was made is kept for the next environments, and for objects that are alike: some 27 KB each.
_KEPT: Final = 512
# In a catalog of this size the base of a change finds again what was made of objects that are alike in both states.
_KEPT_FOR_BASE: Final = 1280
# How often objects are looked at: see `judge_objects`; and once more as the base binds policies.
_PASSES: Final = 6
# What is said to have failed where more than one object could not be judged.
JUDGING: Final = "judging this environment"

# What was found in one look at objects, and in all looks, one after the other.
_Pass: TypeAlias = list[ObjectFinding]
# A finding, and whether its path is one of the object as it was written; otherwise as it is stored.
_Said: TypeAlias = tuple[Finding, bool]


class Windows(Struct, frozen=True, eq=False):
    """Windows that objects are in, the same in every environment and in every state of the catalog.

    Those of a window stand together in the catalog, and so in memory.
    """

    turns: Turns
    known: Mapping[ResourceId, int]

    def part(self, items: Sequence[Defaulted]) -> list[list[tuple[int, Defaulted]]]:
        """Part objects into the windows, each object with its place; one of another state is somewhere."""
        found: list[list[tuple[int, Defaulted]]] = [[] for _ in range(self.turns.number)]
        for place, item in enumerate(items):
            window = self.known.get(item.resource.id)
            if window is None:
                window = crc32(str(item.resource.id).encode()) % self.turns.number
            found[window].append((place, item))
        return found


def windows_of(environments: Iterable[DefaultedEnvironment], among: int = 1) -> Windows:
    """Part the objects of environments into windows, of which `among` so many processes take some in turn."""
    subjects = dict.fromkeys(item.resource.id for each in environments for item in each.objects)
    known = {subject: place // _WINDOW for place, subject in enumerate(subjects)}
    return Windows(Turns(1 + len(known) // _WINDOW, among, most=_MOST_AT_ONCE), known)


class Judge(Struct, frozen=True):
    """What objects are judged with: the tools, what environments have in common, and the base of a change, if any.

    With `errors_only` policies that find no errors are not asked.
    """

    tools: Tools
    shared: SharedResults
    base: BaseRevision | None = None
    errors_only: bool = False


class Judgement(Struct, frozen=True):
    """What was found of some of an environment's objects.

    `found` is by pass, and there by the place of the object. `unestimated` are those that ask for accelerators and
    could not be estimated, and why. `workloads` is what runs of each, where pods are counted. `assumed` is what was
    taken for granted; `crash` says that the environment could not be judged, and from which window on.
    """

    found: tuple[Mapping[int, Sequence[_Said]], ...]
    unestimated: Mapping[str, str]
    workloads: Mapping[int, tuple[RunningWorkload, ...] | None]
    assumed: frozenset[Assumption]
    crash: tuple[int, Finding] | None = None


class JudgedObjects(Struct, frozen=True):
    """What was found of all objects, by pass and then in their order; the rest as in `Judgement`."""

    found: tuple[ObjectFinding, ...]
    unestimated: Mapping[str, str]


def judge_windows(
    environments: Sequence[tuple[DefaultedEnvironment, Bindings | None]],
    judge: Judge,
    windows: Windows,
    told: Callable[[float], None] = lambda _: None,
) -> list[Judgement]:
    """Judge objects of environments; what crashes beyond one object is the crash of its environment.

    Windows are judged in all environments, one after the other: what is made of an object in one is at hand in the
    next. Before each it is `told` what part of all windows was taken before, by whomever.
    """
    has_two_states = judge.base is not None or bool(judge.shared.known)
    most, kept = _KEPT_FOR_BASE if has_two_states else _KEPT, 0
    looks = [_Look(defaulted, bindings, judge, windows) for defaulted, bindings in environments]
    for taken in windows.turns:
        told(taken.start / windows.turns.number)
        size = max((look.size(taken) for look in looks), default=0)
        if kept + size > most:
            judge.shared.forget_made()
            kept = 0
        kept += size
        for look in looks:
            look.judge(taken)
    return [look.judgement() for look in looks]


class _Look:
    """A look at the objects of one environment, some windows after the other."""

    def __init__(
        self, defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge, windows: Windows
    ) -> None:
        self._windows = windows.part(defaulted.objects)
        self._defaulted = defaulted
        self._bindings = bindings
        self._judge = judge
        self._crash: Judgement | None = None
        self._seen: list[tuple[int, Defaulted]] = []
        self._found: tuple[dict[int, list[_Said]], ...] = tuple({} for _ in range(_PASSES))
        self._violations: _Pass = []
        self._workloads: dict[int, tuple[RunningWorkload, ...] | None] = {}

    def size(self, windows: range) -> int:
        """How many objects are in windows."""
        return sum(len(self._windows[window]) for window in windows)

    def judge(self, windows: range) -> None:
        """Judge the objects of windows."""
        if self._crash is None:
            self._crash = self._contained(partial(self._judge_windows, windows), windows.start)

    def judgement(self) -> Judgement:
        """Return what was found in all windows."""
        if self._crash is None:
            self._crash = self._contained(self._judge_at_base, len(self._windows))
        if self._crash is not None:
            return self._crash
        assumed = frozenset(self._defaulted.context.assumed)
        return Judgement(self._found, self._running.unestimated, self._workloads, assumed)

    def _contained(self, step: Callable[[], None], window: int) -> Judgement | None:
        """Take a step, and return how it crashed; None where it did not."""

        def taken() -> Iterator[Judgement | None]:
            step()
            yield None

        def crashed(finding: Finding) -> Judgement:
            return Judgement((), {}, {}, frozenset(), (window, finding))

        return next(contained(JUDGING, taken, crashed))

    @cached_property
    def _running(self) -> RunningObjects:
        environment = self._defaulted.built.environment
        inputs = EstimateInputs(
            context=self._defaulted.context,
            values=self._defaulted.built.installed_values,
            accelerators=environment.mapping("accelerators"),
            bandwidths=environment.mapping("bandwidths"),
            image_sizes=environment.mapping("imageSizes"),
            locked=environment.locked,
            lock_file=environment.lock_file,
        )
        return RunningObjects(inputs, self._judge.tools.facts, counted=is_counted(self._defaulted))

    @cached_property
    def _bench(self) -> Bench:
        shared = self._judge.shared
        return Bench(
            self._defaulted,
            self._bindings,
            self._judge,
            alone=shared.findings,
            made=shared.made_findings,
            weigh=self._running.weigh,
        )

    def _judge_windows(self, windows: range) -> None:
        places = [pair for window in windows for pair in self._windows[window]]
        self._seen += places
        passes = judge_objects([item for _, item in places], self._bench)
        self._violations += passes[-1]
        for said, one in zip(self._found, passes, strict=False):  # the last is of the base
            _tell(said, one, places)
        if is_counted(self._defaulted):
            simulation = self._defaulted.context.simulation
            self._workloads.update((place, simulation.workloads(item.resource)) for place, item in places)

    def _judge_at_base(self) -> None:
        places = sorted(self._seen, key=lambda pair: pair[0])
        objects = [item for _, item in places]
        _tell(self._found[-1], _at_base(self._defaulted, objects, self._judge, self._violations), places)


def _tell(
    said: dict[int, list[_Said]], found: Iterable[ObjectFinding], places: Sequence[tuple[int, Defaulted]]
) -> None:
    """Add what was found of objects to what is said of them, by their places."""
    known = {id(item.resource): (place, False) for place, item in places}
    known |= {id(item.written): (place, True) for place, item in places if item.written is not item.resource}
    for resource, finding in found:
        place, written = known[id(resource)]
        said.setdefault(place, []).append((finding, written))


def is_counted(defaulted: DefaultedEnvironment) -> bool:
    """Whether it matters what the pods of an environment ask for together."""
    environment = defaulted.built.environment
    return any(map(environment.mapping, ("budgets", "nodePools"))) or bool(queues_of(defaulted.context).cluster_queues)


def first_crash(judgements: Iterable[Judgement]) -> Finding | None:
    """Return the crash that is seen first where one process looks at all windows, None where nothing crashed."""
    crashes = [each.crash for each in judgements if each.crash is not None]
    return min(crashes, key=lambda crash: (crash[0], crash[1].message))[1] if crashes else None


def join_judgements(defaulted: DefaultedEnvironment, judgements: Sequence[Judgement]) -> JudgedObjects:
    """Put together what was found of all of an environment's objects, whoever judged them.

    What runs of objects is told to the simulation of the environment, and what was assumed to its context.
    """
    objects = defaulted.objects
    found: list[ObjectFinding] = []
    for one in zip(*(judgement.found for judgement in judgements), strict=True):
        said = {place: findings for some in one for place, findings in some.items()}
        for place in sorted(said):
            item = objects[place]
            found += ((item.written if written else item.resource, finding) for finding, written in said[place])
    reasons: dict[str, str] = {}
    for judgement in judgements:
        reasons.update(judgement.unestimated)
        defaulted.context.assumed.update(judgement.assumed)
        for place, workloads in judgement.workloads.items():
            defaulted.context.simulation.know_workloads(objects[place].resource, workloads)
    subjects = (str(item.resource.id) for item in objects)
    return JudgedObjects(tuple(found), {each: reasons[each] for each in subjects if each in reasons})


class Bench:
    """What objects of one environment are judged with, whichever they are.

    `alone` and `made` hold what was found of objects that other environments share. `weigh` is asked about those of the
    right shape, some at a time, and told of which of them no findings are wanted.
    """

    def __init__(
        self,
        defaulted: DefaultedEnvironment,
        bindings: Bindings | None,
        judge: Judge,
        *,
        alone: dict[Defaulted, tuple[ObjectFinding, ...]],
        made: MadeFindings | None = None,
        weigh: Callable[[Sequence[Defaulted], Collection[Defaulted]], Iterable[ObjectFinding]] = lambda _, __: (),
    ) -> None:
        self.context = defaulted.context
        self.unchanged = defaulted.unchanged
        self.judge = judge
        self.alone = alone
        self.made = made
        self.weigh = weigh
        self.misspoken = _misspoken(defaulted.built)
        self.violated = _policies(defaulted, bindings, judge)

    def settled(self, objects: Iterable[Defaulted]) -> frozenset[Defaulted]:
        """Return those that an edit leaves alone, and with them what KServe makes of them."""
        same, kinds, simulation = self.unchanged.objects, self.unchanged.kinds, self.context.simulation
        unchanged = (item for item in objects if item in same)
        return frozenset(item for item in unchanged if kinds.isdisjoint(simulation.looked_at(item.resource)))


def judge_others(
    objects: Sequence[Defaulted], defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge
) -> Iterator[ObjectFinding]:
    """Check objects that an environment does not render, as all else: by schema, rules and policies."""
    passes = judge_objects(objects, Bench(defaulted, bindings, judge, alone={}))
    for one in passes:
        yield from one
    yield from _at_base(defaulted, objects, judge, passes[-1])


def judge_objects(objects: Sequence[Defaulted], bench: Bench) -> tuple[_Pass, ...]:
    """Check each object alone, once for all environments that share it, then in the light of its environment.

    The passes: alone, around, what KServe makes of it, what it weighs, policies. Nothing is said of what KServe makes
    of objects whose words were not all understood, and of what an edit leaves alone what it may do to others only.
    """
    checker, context, unchanged = bench.judge.tools.checker, bench.context, bench.unchanged
    fresh = [item for item in objects if item not in bench.alone and item not in unchanged.objects]
    bench.alone.update(zip(fresh, checker.alone(fresh, context), strict=True))
    alone = {item: bench.alone[item] if item not in unchanged.objects else () for item in objects}
    around, of_made, weights, violations = _Pass(), _Pass(), _Pass(), _Pass()
    for batch in (objects[start : start + _BATCH] for start in range(0, len(objects), _BATCH)):
        sound = [item for item in batch if not is_misshapen(alone[item])]
        seen = checker.around(sound, context)
        around += (found for of_one in seen for found in of_one)
        so_far = {id(item): (*alone[item], *own) for item, own in zip(sound, seen, strict=True)}
        spoken = [item for item in sound if item.resource.id not in bench.misspoken]
        settled = bench.settled(sound)
        for found in checker.made(spoken, [so_far[id(item)] for item in spoken], context, bench.made, settled):
            of_made += found
        if not unchanged.is_locked_alike:  # what a lock says counts for estimates and for policies
            settled = frozenset()
        weights += bench.weigh(sound, settled)
        violations += (found for item in batch if item not in settled for found in bench.violated(item))
    return [found for item in objects for found in alone[item]], around, of_made, weights, violations


def _misspoken(built: BuiltEnvironment) -> frozenset[ResourceId]:
    """List the objects of entries whose words hold an error."""
    return frozenset(
        entry.resource.id
        for entry in built.entries
        if any(severity_of(problem.finding) is Severity.ERROR for problem in entry.problems)
    )


def _policies(
    defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge
) -> Callable[[Defaulted], Iterator[ObjectFinding]]:
    """Return what holds an object against the policies that are bound, as far as their findings are asked for."""
    bound = bindings.bound if bindings is not None else ()
    if judge.errors_only and not defaulted.built.environment.mapping("severities"):  # those may make an error of any
        bound = tuple(policy for policy in bound if policy.severity is Severity.ERROR)
    if not bound:
        return lambda _: iter(())
    from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses  # noqa: PLC0415 - where an environment binds one
    from kservegen.checks.policy.made import MadePolicies  # noqa: PLC0415

    shared = judge.shared
    shared.policies = shared.policies or PolicyPasses(len(defaulted.context.resources))
    others = (item.defaulted.resource for item in defaulted.unmanaged)
    namespaces = {r.id.name: r.doc for r in (*others, *defaulted.built.own) if r.id.kind == "Namespace"}
    policies = PolicyChecker(bound, namespaces, shared.policies)
    of_made = MadePolicies(bound, namespaces)

    def violations(item: Defaulted) -> Iterator[ObjectFinding]:
        told = set()
        for finding in contained("a policy", partial(policies.check, item), lambda finding: finding):
            told.add((finding.rule, finding.path))
            yield item.resource, finding
        look = partial(of_made.violations, item.resource, defaulted.context)
        for finding in contained("a policy", look, lambda finding: finding) if of_made.looks else ():
            if (finding.rule, finding.path) not in told:
                yield item.resource, finding

    return violations


def _at_base(
    defaulted: DefaultedEnvironment, objects: Sequence[Defaulted], judge: Judge, found: Sequence[ObjectFinding]
) -> Iterator[ObjectFinding]:
    """Hold objects against the policies that the base of a change binds, beyond those `found`."""
    base, environment = judge.base, defaulted.built.environment
    words = base.words_of(environment.name, environment.source.bases) if base is not None else {}
    if base is not None and (words.get("policies") or words.get("namespaces")):
        from kservegen.evaluate.base_policies import pods_forbidden_at_base, violations_at_base  # noqa: PLC0415

        yield from pods_forbidden_at_base(objects, defaulted.context, words, judge.tools.checker)
        yield from violations_at_base(defaulted.built, objects, base, judge.tools.policies, found, defaulted.context)
