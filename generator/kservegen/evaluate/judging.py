"""Objects of one environment, all of them or a share, in; what is found of each out: what a run spends its time on.

What is said of an object hangs on the object and on what stands around it, never on who else is judged. So a share can
be judged by another process: what comes back is told by places among the objects, and has no document in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from zlib import crc32

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
# What is said to have failed where more than one object could not be judged.
JUDGING: Final = "judging this environment"

# What was found in one look at objects, and in all looks, one after the other.
_Pass: TypeAlias = list[ObjectFinding]
# A finding, and whether its path is one of the object as it was written; otherwise as it is stored.
_Said: TypeAlias = tuple[Finding, bool]


class Share(NamedTuple):
    """One of `of` shares of objects. An object is in the same one in every environment, and in every run."""

    number: int = 0
    of: int = 1

    def holds(self, item: Defaulted) -> bool:
        """Whether an object belongs to it."""
        return self.of == 1 or crc32(str(item.resource.id).encode()) % self.of == self.number


class Judge(NamedTuple):
    """What objects are judged with: the tools, what environments have in common, and the base of a change, if any.

    `tell` is told of every number of objects before they are judged.
    """

    tools: Tools
    shared: SharedResults
    base: BaseRevision | None = None
    tell: Callable[[int], None] = lambda _: None


class Judgement(NamedTuple):
    """What was found of a share of an environment's objects.

    `found` is by pass, and there by the place of the object. `unestimated` are those that ask for accelerators and
    could not be estimated, and why. `workloads` is what runs of each, where pods are counted. `assumed` is what was
    taken for granted; `crash` says that the environment could not be judged.
    """

    found: tuple[Mapping[int, Sequence[_Said]], ...]
    unestimated: Mapping[str, str]
    workloads: Mapping[int, tuple[RunningWorkload, ...] | None]
    assumed: frozenset[Assumption]
    crash: Finding | None = None


class JudgedObjects(NamedTuple):
    """What was found of all objects, by pass and then in their order; the rest as in `Judgement`."""

    found: tuple[ObjectFinding, ...]
    unestimated: Mapping[str, str]


def judge_share(defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge, share: Share) -> Judgement:
    """Judge a share of the objects of an environment; what crashes beyond one object is the crash of the whole."""

    def judged() -> Iterator[Judgement]:
        yield _judged(defaulted, bindings, judge, share)

    crashed = partial(Judgement, (), {}, {}, frozenset())
    return next(contained(JUDGING, judged, crashed))


def _judged(defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge, share: Share) -> Judgement:
    environment, context = defaulted.built.environment, defaulted.context
    inputs = EstimateInputs(
        context=context,
        values=defaulted.built.installed_values,
        accelerators=environment.mapping("accelerators"),
        bandwidths=environment.mapping("bandwidths"),
        image_sizes=environment.mapping("imageSizes"),
        locked=environment.locked,
        lock_file=environment.lock_file,
    )
    counted = is_counted(defaulted)
    running = RunningObjects(inputs, judge.tools.facts, counted=counted)
    places = [(place, item) for place, item in enumerate(defaulted.objects) if share.holds(item)]
    objects = [item for _, item in places]
    passes = judge_objects(
        objects,
        defaulted,
        bindings,
        judge,
        alone=judge.shared.findings,
        made=judge.shared.made_findings,
        weigh=running.weigh,
    )
    known = {id(item.resource): (place, False) for place, item in places}
    known |= {id(item.written): (place, True) for place, item in places if item.written is not item.resource}
    found = []
    for one in passes:
        said: dict[int, list[_Said]] = {}
        for resource, finding in one:
            place, written = known[id(resource)]
            said.setdefault(place, []).append((finding, written))
        found.append(said)
    workloads = {place: context.simulation.workloads(item.resource) for place, item in places if counted}
    return Judgement(tuple(found), running.unestimated, workloads, frozenset(context.assumed))


def is_counted(defaulted: DefaultedEnvironment) -> bool:
    """Whether it matters what the pods of an environment ask for together."""
    environment = defaulted.built.environment
    return any(map(environment.mapping, ("budgets", "nodePools"))) or bool(queues_of(defaulted.context).cluster_queues)


def join_shares(defaulted: DefaultedEnvironment, judgements: Sequence[Judgement]) -> JudgedObjects:
    """Put together what was found of all shares of an environment's objects, whoever judged them.

    What runs of objects is told to the simulation of the environment, and what was assumed to its context.
    """
    objects = defaulted.objects
    found: list[ObjectFinding] = []
    for one in zip(*(judgement.found for judgement in judgements), strict=True):
        said = {place: findings for share in one for place, findings in share.items()}
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


def judge_objects(
    objects: Sequence[Defaulted],
    defaulted: DefaultedEnvironment,
    bindings: Bindings | None,
    judge: Judge,
    *,
    alone: dict[Defaulted, tuple[ObjectFinding, ...]],
    made: MadeFindings | None = None,
    weigh: Callable[[Sequence[Defaulted]], Iterable[ObjectFinding]] = lambda _: (),
) -> tuple[_Pass, ...]:
    """Check each object alone, once for all environments that share it, then in the light of its environment.

    The passes: alone, around, what KServe makes of it, what it weighs, policies, policies as the base of a change binds
    them. Nothing is said of what KServe makes of objects whose words were not all understood. `weigh` is asked about
    those of the right shape, some at a time.
    """
    checker, context = judge.tools.checker, defaulted.context
    fresh = [item for item in objects if item not in alone]
    alone.update(zip(fresh, checker.alone(fresh, context), strict=True))
    misspoken = _misspoken(defaulted.built)
    violated = _policies(defaulted, bindings, judge.shared)
    around, of_made, weights, violations = _Pass(), _Pass(), _Pass(), _Pass()
    for batch in (objects[start : start + _BATCH] for start in range(0, len(objects), _BATCH)):
        judge.tell(len(batch))
        sound = [item for item in batch if not is_misshapen(alone[item])]
        seen = checker.around(sound, context)
        around += (found for of_one in seen for found in of_one)
        so_far = {id(item): (*alone[item], *own) for item, own in zip(sound, seen, strict=True)}
        spoken = [item for item in sound if item.resource.id not in misspoken]
        for found in checker.made(spoken, [so_far[id(item)] for item in spoken], context, made):
            of_made += found
        weights += weigh(sound)
        violations += (found for item in batch for found in violated(item))
    return (
        [found for item in objects for found in alone[item]],
        around,
        of_made,
        weights,
        violations,
        [*_at_base(defaulted, objects, judge, violations)],
    )


def _misspoken(built: BuiltEnvironment) -> frozenset[ResourceId]:
    """List the objects of entries whose words hold an error."""
    return frozenset(
        entry.resource.id
        for entry in built.entries
        if any(severity_of(problem.finding) is Severity.ERROR for problem in entry.problems)
    )


def _policies(
    defaulted: DefaultedEnvironment, bindings: Bindings | None, shared: SharedResults
) -> Callable[[Defaulted], Iterator[ObjectFinding]]:
    """Return what holds an object against the policies that are bound."""
    if bindings is None:
        return lambda _: iter(())
    from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses  # noqa: PLC0415 - where an environment binds one
    from kservegen.checks.policy.made import MadePolicies  # noqa: PLC0415

    shared.policies = shared.policies or PolicyPasses()
    others = (item.defaulted.resource for item in defaulted.unmanaged)
    namespaces = {r.id.name: r.doc for r in (*others, *defaulted.built.own) if r.id.kind == "Namespace"}
    policies = PolicyChecker(bindings.bound, namespaces, shared.policies)
    of_made = MadePolicies(bindings.bound, namespaces)

    def violations(item: Defaulted) -> Iterator[ObjectFinding]:
        told = set()
        for finding in contained("a policy", partial(policies.check, item), lambda finding: finding):
            told.add((finding.rule, finding.path))
            yield item.resource, finding
        look = partial(of_made.violations, item.resource, defaulted.context)
        for finding in contained("a policy", look, lambda finding: finding):
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
