"""One environment from words to diagnostics: resolved, built, defaulted, checked, weighed, waived, in that order.

Each step is a function of what it is handed. `SharedResults` goes along so that environments take a step once for all
that they have in common; without it every result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import Entry, ResolvedEnvironment, resolve_environment
from kservegen.checks.basis import Directory
from kservegen.checks.companions import doubles_of_own, untold
from kservegen.checks.environment import check_environment, check_namespaces, unused_lock_entries
from kservegen.checks.gpu.gpu_names import check_gpu_names
from kservegen.checks.kserve_version import unreviewed, version_problem
from kservegen.checks.locate import Locator, diagnose_environment
from kservegen.checks.owners.reach import check_reach
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker
from kservegen.core.assumptions import Assumption, Unchecked, merge_assumptions
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.defaulted import context_of, default_objects, installation_of
from kservegen.evaluate.judging import (
    JUDGING,
    Judge,
    JudgedObjects,
    Judgement,
    first_crash,
    is_counted,
    join_judgements,
    judge_others,
    judge_windows,
    windows_of,
)
from kservegen.evaluate.sharing import SharedResults
from kservegen.evaluate.unchanged import Unchanged, find_unchanged, says_the_same
from kservegen.formats.jsonschema.store import SchemaStore, Shapes
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.releases import Releases
from kservegen.render.objects.draft import EntryFinding
from kservegen.render.objects.environment import BuiltEnvironment, build_entry, build_environment
from kservegen.render.objects.settings import Settings

if TYPE_CHECKING:  # nothing of policies, estimates, budgets and waivers is imported where nothing asks for it
    from kservegen.checks.budget.ledger import Line
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.placement.arrange import ArrangeOutcome
    from kservegen.checks.policy.binding import Bindings
    from kservegen.checks.policy.files import PolicyFiles
    from kservegen.checks.waivers.apply import Clock, MergedWaivers
    from kservegen.evaluate.base import BaseRevision
    from kservegen.evaluate.unmanaged import OutputFolder, UnmanagedObject


class Tools(Struct, frozen=True, kw_only=True, eq=False):
    """What every environment is checked with; compiled schemas are kept from one environment to the next."""

    releases: Releases
    schemas: SchemaStore
    checker: Checker
    facts: Callable[[], FactStore]  # read when an object asks for a GPU
    policies: Callable[[], PolicyFiles]  # read when an environment binds one, and then once


class DefaultedEnvironment(Struct, frozen=True, kw_only=True, eq=False):
    """A built environment as the cluster would store it: its objects, and what rules may look at beside each.

    `unmanaged` are the objects that it lists and does not render. `unchanged` are those that an edit leaves alone,
    where one is judged.
    """

    built: BuiltEnvironment
    objects: tuple[Defaulted, ...]
    context: Context
    unmanaged: tuple[UnmanagedObject, ...] = ()
    unchanged: Unchanged = Unchanged()


class Evaluation(Struct, frozen=True, kw_only=True, eq=False):
    """What one environment amounts to; `defaulted` is None where its KServe version is not known.

    `unestimated` are the objects that ask for accelerators and whose memory was not estimated, and why; `unchecked`
    what else was not looked at; `assumptions` what was taken for granted; `ledger` what its entries take, where budgets
    were held against it; `placed` what becomes of the pods of objects on its node pools, where it states any.
    """

    environment: ResolvedEnvironment
    defaulted: DefaultedEnvironment | None
    diagnostics: tuple[Diagnostic, ...]
    unestimated: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    ledger: tuple[Line, ...] | None = None
    placed: Mapping[ResourceId, ArrangeOutcome] = field(default_factory=dict)

    @property
    def built(self) -> BuiltEnvironment | None:
        """What was built."""
        return self.defaulted.built if self.defaulted else None


def evaluate(
    catalog: Catalog,
    name: str,
    tools: Tools,
    shared: SharedResults | None = None,
    clock: Clock | None = None,
    *,
    out: OutputFolder | None = None,
) -> Evaluation:
    """Resolve, build and check one environment in this process; `clock` and `out` are those of `Against`."""
    judge, against = Judge(tools, shared or SharedResults()), Against(clock, out)
    prepared = prepare(catalog, name, judge, against)
    if prepared.defaulted is None:
        return conclude(prepared, (), judge, against)
    judged = judge_windows([(prepared.defaulted, prepared.bindings)], judge, windows_of([prepared.defaulted]))
    return conclude(prepared, judged, judge, against)


class Against(Struct, frozen=True):
    """What an environment is held against beside the base of a change: the day, what lies in the output folder.

    With a `clock`, waivers that have expired hold no longer; without one all hold, so that output has no date in it.
    Where there is an `out`, what others have in the environment's folder there is checked, too.
    """

    clock: Clock | None = None
    out: OutputFolder | None = None


class PreparedEnvironment(Struct, frozen=True, kw_only=True, eq=False):
    """An environment whose objects are built and not judged yet; `diagnostics` are what its words say against it.

    `defaulted` is None where it could not be built.
    """

    environment: ResolvedEnvironment
    defaulted: DefaultedEnvironment | None = None
    bindings: Bindings | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def prepare(catalog: Catalog, name: str, judge: Judge, against: Against) -> PreparedEnvironment:
    """Resolve and build one environment, as a change of a base where there is one."""
    source = catalog.environments[name]
    unjudged = ResolvedEnvironment(name=name, source=source, value={}, written={}, fragments=(), entries=())

    def built() -> Iterator[PreparedEnvironment]:
        yield _prepared(catalog, name, judge, against)

    def told(finding: Finding) -> PreparedEnvironment:
        return PreparedEnvironment(environment=unjudged, diagnostics=(_crashed(unjudged, finding),))

    return next(contained(JUDGING, built, told))


def leave_unchanged(now: PreparedEnvironment, before: ResolvedEnvironment, judge: Judge) -> PreparedEnvironment:
    """Mark the objects that are what they were `before` an edit; none where the environment says something else."""
    defaulted = now.defaulted
    if defaulted is None or not says_the_same(now.environment, before):
        return now

    def marked() -> Iterator[PreparedEnvironment]:
        shared = judge.shared.beside(now.environment.entries)
        earlier = replace(before, entries=shared.in_common(before.entries))
        there = _defaulted(earlier, judge.tools, now.bindings, shared)
        if not isinstance(there, Finding):
            yield replace(now, defaulted=replace(defaulted, unchanged=find_unchanged(defaulted, there)))

    return next(contained(JUDGING, marked, lambda _: now), now)


def conclude(
    prepared: PreparedEnvironment, judgements: Sequence[Judgement], judge: Judge, against: Against
) -> Evaluation:
    """Give what was found of the objects of an environment its lines, and check the environment as a whole."""
    defaulted = prepared.defaulted
    if defaulted is None:
        return Evaluation(environment=prepared.environment, defaulted=None, diagnostics=prepared.diagnostics)

    def concluded() -> Iterator[Evaluation]:
        yield _concluded(prepared, defaulted, join_judgements(defaulted, judgements), judge, against)

    def told(finding: Finding) -> Evaluation:
        said = (_crashed(prepared.environment, finding),)
        return Evaluation(environment=prepared.environment, defaulted=None, diagnostics=said)

    crash = first_crash(judgements)
    return told(crash) if crash is not None else next(contained(JUDGING, concluded, told))


def _crashed(environment: ResolvedEnvironment, finding: Finding) -> Diagnostic:
    said = finding.at(Location(environment.source.own.file), ())
    return replace(said, environments=(environment.name,))


def _prepared(catalog: Catalog, name: str, judge: Judge, against: Against) -> PreparedEnvironment:
    tools, shared, base = judge.tools, judge.shared, judge.base
    resolved, unresolved = resolve_environment(catalog, name, shared.entries)
    environment = replace(resolved, entries=shared.in_common(resolved.entries))
    if base is not None:
        from kservegen.evaluate.base import judged_from  # noqa: PLC0415 - brings git

        environment = judged_from(environment, base)
    unresolved += check_reach(environment, (base.owners, partial(base.entries_of, name)) if base is not None else None)
    bindings = bound_policies(environment, tools)
    defaulted = _defaulted(environment, tools, bindings, shared)
    if isinstance(defaulted, Finding):
        # Of a version that is there and no text its schema has spoken.
        told = [defaulted] if isinstance(environment.at("kserve", "version"), str | None) else []
        unresolved += diagnose_environment(environment, told)
        return PreparedEnvironment(environment=environment, diagnostics=tuple(unresolved))
    others: tuple[Diagnostic, ...] = ()
    if against.out is not None:
        defaulted, others = _with_others(defaulted, against.out, against.clock)
    return PreparedEnvironment(
        environment=environment, defaulted=defaulted, bindings=bindings, diagnostics=(*unresolved, *others)
    )


def _defaulted(
    environment: ResolvedEnvironment, tools: Tools, bindings: Bindings | None, shared: SharedResults
) -> DefaultedEnvironment | Finding:
    """Build an environment and default its objects; a Finding where its KServe version is not known."""
    built = build_objects(environment, tools, bindings, shared)
    if isinstance(built, Finding):
        return built
    return default_environment(built, tools, tools.schemas if bindings is not None else None, shared)


def _concluded(
    prepared: PreparedEnvironment,
    defaulted: DefaultedEnvironment,
    judged: JudgedObjects,
    judge: Judge,
    against: Against,
) -> Evaluation:
    environment, tools = prepared.environment, judge.tools
    checked = _check(defaulted, prepared.bindings, judged, judge)
    inventory = defaulted.context.inventory
    noted: tuple[Diagnostic, ...] = ()
    if inventory is not None:
        from kservegen.checks.inventory import check_inventory, unread_kinds  # noqa: PLC0415 - few environments have one

        noted = tuple(check_inventory(environment, defaulted.context, against.clock))
        checked = replace(checked, unchecked=(*checked.unchecked, *unread_kinds(inventory)))
    weighed = _weighed((*prepared.diagnostics, *noted, *checked.diagnostics), environment, tools)
    waived = _waive(weighed, defaulted.built, tools, against.clock, judge.base)
    return replace(checked, diagnostics=tuple(waived))


def ledger_of(evaluation: Evaluation) -> tuple[Line, ...]:
    """Return what the entries of an environment take together, line by line; nothing where it could not be built."""
    if evaluation.ledger is not None:
        return evaluation.ledger
    if evaluation.defaulted is None:
        return ()
    from kservegen.checks.capacity import ledger  # noqa: PLC0415

    defaulted = evaluation.defaulted
    others = tuple(item.counted for item in defaulted.unmanaged)
    return ledger(defaulted.built, defaulted.objects, defaulted.context, others)


def bound_policies(environment: ResolvedEnvironment, tools: Tools) -> Bindings | None:
    """Compile the policies that the environment binds; where it binds none, nothing is imported or read."""
    if not environment.mapping("policies", "bindings"):
        return None
    from kservegen.checks.policy.environment import bind_environment  # noqa: PLC0415 - brings the CEL interpreter

    return bind_environment(environment, tools.policies())


def build_objects(
    environment: ResolvedEnvironment,
    tools: Tools,
    bindings: Bindings | None = None,
    shared: SharedResults | None = None,
) -> BuiltEnvironment | Finding:
    """Build an environment, with the policies of `bindings`; a Finding where its KServe version is not known."""
    version = environment.text("kserve", "version")
    problem = version_problem(version, tools.releases, tools.schemas)
    if problem is not None:
        return problem
    release = tools.releases.get(version)
    settings = Settings.of(environment, release.defects)
    return build_environment(
        environment,
        settings,
        release.charts,
        Shapes(tools.schemas, version),
        policies=_policy_objects(environment, bindings),
        shared=shared.built_with(settings) if shared is not None else None,
    )


def _policy_objects(environment: ResolvedEnvironment, bindings: Bindings | None) -> tuple[Resource, ...]:
    if bindings is None:
        return ()
    from kservegen.checks.policy.environment import rendered  # noqa: PLC0415

    return rendered(environment, bindings)


def build_one(environment: ResolvedEnvironment, entry: Entry, tools: Tools) -> Resource:
    """Build the object of one entry alone."""
    version = environment.text("kserve", "version")
    settings = Settings.of(environment, tools.releases.get(version).defects)
    return build_entry(entry, settings, Shapes(tools.schemas, version)).resource


def default_environment(
    built: BuiltEnvironment, tools: Tools, schemas: SchemaStore | None = None, shared: SharedResults | None = None
) -> DefaultedEnvironment:
    """Default an environment's objects; with `schemas`, also by what these state, which policies may ask about."""
    objects = default_objects(built, schemas, shared.defaulted if shared is not None else None)
    release = tools.releases.get(built.settings.kserve_version)
    context = context_of(built, objects, release, tools.schemas, shared.made if shared is not None else None)
    return DefaultedEnvironment(built=built, objects=objects, context=context)


def _with_others(
    defaulted: DefaultedEnvironment, out: OutputFolder, clock: Clock | None
) -> tuple[DefaultedEnvironment, tuple[Diagnostic, ...]]:
    """Lay the objects that others have in the environment's folder beside its own; rules look at both."""
    from kservegen.evaluate.unmanaged import find_doubles, read_others  # noqa: PLC0415 - reads manifests

    built, context = defaulted.built, defaulted.context
    others = read_others(built.environment, out, installation_of(built.settings), clock)
    if not others.objects:
        return defaulted, others.diagnostics
    resources = {item.defaulted.resource.id: item.defaulted.resource for item in others.objects}
    around = replace(context, resources={**resources, **context.resources})
    doubles = (replace(d, environments=(built.environment.name,)) for d in find_doubles(built, others.objects))
    return replace(defaulted, context=around, unmanaged=others.objects), (*others.diagnostics, *doubles)


def _check(
    defaulted: DefaultedEnvironment, bindings: Bindings | None, judged: JudgedObjects, judge: Judge
) -> Evaluation:
    """Give what was found of objects the line that a human edits, and run every check of the environment as a whole."""
    built, objects, context = defaulted.built, defaulted.objects, defaulted.context
    environment, locator, tools = built.environment, Locator.of(built), judge.tools
    diagnostics = [
        *_word_problems(built, locator, context.directory),
        *(bindings.diagnostics if bindings is not None else ()),
        *(locator.diagnose(item, finding, tools.checker.severity(finding)) for item, finding in untold(judged.found)),
        *_of_unmanaged(defaulted, bindings, judge),
    ]
    release = context.release
    caveat = unreviewed(release)
    if caveat is not None:
        diagnostics.extend(diagnose_environment(environment, [caveat]))
    assumed = [*release.taken_for_granted]
    unchecked: tuple[Unchecked, ...] = ()
    ledger: tuple[Line, ...] | None = None
    placed: Mapping[ResourceId, ArrangeOutcome] = {}
    if is_counted(defaulted):
        from kservegen.checks.capacity import check_capacity  # noqa: PLC0415

        others = tuple(item.counted for item in defaulted.unmanaged)
        capacity = check_capacity(built, objects, context, others)
        diagnostics.extend(capacity.diagnostics)
        assumed.extend(capacity.assumptions)
        unchecked = capacity.unchecked
        ledger, placed = capacity.ledger, capacity.placed
    look = partial(check_environment, built, release.charts, context.directory)
    words = contained("this environment's words", look, lambda crash: crash)
    diagnostics.extend(diagnose_environment(environment, words))
    diagnostics.extend(unused_lock_entries(built))
    names = check_gpu_names(environment.mapping("accelerators"), tools.facts)
    diagnostics.extend(diagnose_environment(environment, names))
    assumed.extend(context.assumed)
    return Evaluation(
        environment=environment,
        defaulted=defaulted,
        diagnostics=tuple(diagnostics),
        unestimated=judged.unestimated,
        assumptions=merge_assumptions(replace(each, environments=(environment.name,)) for each in assumed),
        unchecked=unchecked,
        ledger=ledger,
        placed=placed,
    )


def _word_problems(built: BuiltEnvironment, locator: Locator, directory: Directory) -> Iterator[Diagnostic]:
    """Say what the words of entries contradict, before anything is known of the objects."""
    for lost, crash in built.crashes:
        said = crash.at(lost.own_location, (lost.section, lost.key))
        yield replace(said, environments=(built.environment.name,), entries=(lost.key,))
    yield from (locator.diagnose_words(entry, problem) for entry in built.entries for problem in entry.problems)
    yield from (locator.diagnose_double(entry, other) for entry, other in doubles_of_own(built))
    for entry, finding in check_namespaces(built, directory):
        words = (entry.entry.section, entry.entry.key)  # the namespace may stand in the key
        yield replace(locator.diagnose_words(entry, EntryFinding(finding)), path=format_path(words))


def _of_unmanaged(defaulted: DefaultedEnvironment, bindings: Bindings | None, judge: Judge) -> Iterator[Diagnostic]:
    """Check the objects of others as all else: by schema, rules and policies."""
    items = {item.defaulted.written.id: item for item in defaulted.unmanaged}
    objects = [item.defaulted for item in defaulted.unmanaged]
    for resource, finding in (
        *judge_others(objects, defaulted, bindings, judge),
        *((item.defaulted.resource, found) for item in defaulted.unmanaged for found in item.refused(defaulted.built)),
    ):
        diagnostic = items[resource.id].diagnose(finding, judge.tools.checker.severity(finding), resource)
        yield replace(diagnostic, environments=(defaulted.built.environment.name,))


def _weighed(diagnostics: Iterable[Diagnostic], environment: ResolvedEnvironment, tools: Tools) -> Iterator[Diagnostic]:
    """Give diagnostics the weight that the environment states, and check that it states it for rules that there are."""
    severities = environment.mapping("severities")
    if not severities:
        yield from diagnostics
        return
    from kservegen.checks.severities import check_severities, weigh  # noqa: PLC0415

    yield from weigh(diagnostics, severities)
    known = _known_rules(environment, tools, severities)
    yield from diagnose_environment(environment, check_severities(severities, known))


def _known_rules(environment: ResolvedEnvironment, tools: Tools, named: Iterable[str] = ()) -> frozenset[str]:
    """List the ids that an environment may name: all that have a manual, and its policies.

    A policy that it does not bind is looked for where one of the `named` could be it: another environment may bind it.
    """
    bindings = environment.mapping("policies", "bindings")
    bound = {f"policy/{text(mapping(words).get('policyName')) or name}" for name, words in bindings.items()}
    known = tools.checker.rules | bound
    if any(rule.startswith("policy/") and rule not in known for rule in named):
        known |= {policy.meta.id for policy in tools.policies().policies}
    return known


def _waive(
    diagnostics: Iterable[Diagnostic],
    built: BuiltEnvironment,
    tools: Tools,
    clock: Clock | None,
    base: BaseRevision | None,
) -> Iterator[Diagnostic]:
    """Weigh down what the environment waives, and check its waivers."""
    environment = built.environment
    if not environment.mapping("waivers"):
        yield from diagnostics
        return
    from kservegen.checks.waivers.apply import Known, apply_waivers, check_waivers  # noqa: PLC0415
    from kservegen.checks.waivers.model import read_waivers  # noqa: PLC0415

    waivers = read_waivers(environment.mapping("waivers"), environment.entries)
    merged = _merged_waivers(environment, base)
    weighed, used = apply_waivers(waivers, diagnostics, clock, merged)
    yield from weighed
    known = Known(
        # The base of a change may bind what it does not itself: what that finds is waived like all else.
        rules=_known_rules(environment, tools, {rule for waiver in waivers for rule in waiver.rule_ids}),
        subjects={item.entry.key for item in built.entries}
        | environment.mapping("budgets").keys()
        | environment.mapping("unmanaged").keys(),
        owners={text(entry.words.get("owner")) for entry in environment.entries},
    )
    findings = check_waivers(waivers, used=used, known=known, clock=clock)
    yield from diagnose_environment(environment, findings)


def _merged_waivers(environment: ResolvedEnvironment, base: BaseRevision | None) -> MergedWaivers | None:
    """Return the waivers that a change finds there; None without a base. Either side may ask for those alone."""
    if base is None:
        return None
    from kservegen.checks.waivers.apply import MergedWaivers  # noqa: PLC0415
    from kservegen.checks.waivers.model import read_waivers  # noqa: PLC0415

    words = base.words_of(environment.name, environment.source.bases)
    only = "base" in {words.get("waiversFrom"), environment.at("waiversFrom")}
    merged = read_waivers(mapping(words.get("waivers")), environment.entries, environment.owners)
    return MergedWaivers(merged, only=only)
