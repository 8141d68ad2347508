"""One environment from words to diagnostics: resolved, built, defaulted, checked, weighed, waived, in that order.

Each step is a function of what it is handed. `SharedResults` goes along so that environments take a step once for all
that they have in common; without it every result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import Entry, ResolvedEnvironment, resolve_environment
from kservegen.checks.basis import Directory
from kservegen.checks.companions import doubles_of_own, untold
from kservegen.checks.environment import check_environment, check_namespaces
from kservegen.checks.gpu.environment import EstimateInputs
from kservegen.checks.gpu.gpu_names import check_gpu_names
from kservegen.checks.kserve_version import unreviewed, version_problem
from kservegen.checks.locate import Locator, diagnose_environment
from kservegen.checks.owners.reach import check_reach
from kservegen.checks.registry import severity_of
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import queues_of
from kservegen.checks.runner import Checker, MadeFindings, ObjectFinding, is_misshapen
from kservegen.checks.simulation import MADE_KEPT
from kservegen.core.assumptions import Assumption, Unchecked, merge_assumptions
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.base import BaseRevision, judged_from
from kservegen.evaluate.defaulted import context_of, default_objects, installation_of
from kservegen.evaluate.running import RunningObjects
from kservegen.evaluate.sharing import SharedResults
from kservegen.formats.jsonschema.store import SchemaStore, Shapes
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.releases import Releases
from kservegen.render.objects.draft import EntryFinding
from kservegen.render.objects.environment import BuiltEnvironment, build_entry, build_environment
from kservegen.render.objects.settings import Settings

if TYPE_CHECKING:  # nothing of policies, estimates, budgets and waivers is imported where nothing asks for it
    from kservegen.checks.budget.ledger import Line
    from kservegen.checks.gpu.fact_store import FactStore
    from kservegen.checks.policy.binding import Bindings
    from kservegen.checks.policy.files import PolicyFiles
    from kservegen.checks.waivers.apply import Clock, MergedWaivers
    from kservegen.evaluate.unmanaged import OutputFolder, UnmanagedObject


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tools:
    """What every environment is checked with; compiled schemas are kept from one environment to the next."""

    releases: Releases
    schemas: SchemaStore
    checker: Checker
    facts: Callable[[], FactStore]  # read when an object asks for a GPU
    policies: Callable[[], PolicyFiles]  # read when an environment binds one, and then once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DefaultedEnvironment:
    """A built environment as the cluster would store it: its objects, and what rules may look at beside each.

    `unmanaged` are the objects that it lists and does not render.
    """

    built: BuiltEnvironment
    objects: tuple[Defaulted, ...]
    context: Context
    unmanaged: tuple[UnmanagedObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """What one environment amounts to; `defaulted` is None where its KServe version is not known.

    `unestimated` are the objects that ask for accelerators and whose memory was not estimated, and why; `unchecked`
    what else was not looked at; `assumptions` what was taken for granted; `ledger` what its entries take, where budgets
    were held against it.
    """

    environment: ResolvedEnvironment
    defaulted: DefaultedEnvironment | None
    diagnostics: tuple[Diagnostic, ...]
    unestimated: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    ledger: tuple[Line, ...] | None = None

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
    base: BaseRevision | None = None,
    *,
    out: OutputFolder | None = None,
) -> Evaluation:
    """Resolve, build and check one environment, as a change of `base` where there is one.

    Where there is an `out`, what others have in the environment's folder there is checked, too.
    With a `clock`, waivers that have expired hold no longer; without one all hold, so that output has no date in it.
    """
    source = catalog.environments[name]
    unjudged = ResolvedEnvironment(name=name, source=source, value={}, written={}, fragments=(), entries=())

    def judge() -> Iterator[Evaluation]:
        yield _evaluated(catalog, name, tools, shared or SharedResults(), (clock, base, out))

    def told(finding: Finding) -> Evaluation:
        said = replace(finding.at(Location(source.own.file), ()), environments=(name,))
        return Evaluation(environment=unjudged, defaulted=None, diagnostics=(said,))

    return next(contained("judging this environment", judge, told))


# What an environment is held against: the day, the base of the change, what lies in the output folder.
_Against: TypeAlias = "tuple[Clock | None, BaseRevision | None, OutputFolder | None]"


def _evaluated(catalog: Catalog, name: str, tools: Tools, shared: SharedResults, against: _Against) -> Evaluation:
    clock, base, out = against
    resolved, unresolved = resolve_environment(catalog, name, shared.entries)
    environment = judged_from(replace(resolved, entries=shared.in_common(resolved.entries)), base)
    unresolved += check_reach(environment, (base.owners, partial(base.entries_of, name)) if base is not None else None)
    bindings = bound_policies(environment, tools)
    built = build_objects(environment, tools, bindings, shared)
    if isinstance(built, Finding):
        # Of a version that is there and no text its schema has spoken.
        told = [built] if isinstance(environment.at("kserve", "version"), str | None) else []
        unresolved += diagnose_environment(environment, told)
        return Evaluation(environment=environment, defaulted=None, diagnostics=tuple(unresolved))
    defaulted = default_environment(built, tools, tools.schemas if bindings is not None else None, shared)
    others: tuple[Diagnostic, ...] = ()
    if out is not None:
        defaulted, others = _with_others(defaulted, out, clock)
    checked = _check(defaulted, tools, bindings, shared, base)
    inventory = defaulted.context.inventory
    noted: tuple[Diagnostic, ...] = ()
    if inventory is not None:
        from kservegen.checks.inventory import check_inventory, unread_kinds  # noqa: PLC0415 - few environments have one

        noted = tuple(check_inventory(environment, defaulted.context, clock))
        checked = replace(checked, unchecked=(*checked.unchecked, *unread_kinds(inventory)))
    weighed = _weighed((*unresolved, *others, *noted, *checked.diagnostics), environment, tools)
    return replace(checked, diagnostics=tuple(_waive(weighed, built, tools, clock, base)))


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
    defaulted: DefaultedEnvironment,
    tools: Tools,
    bindings: Bindings | None,
    shared: SharedResults,
    base: BaseRevision | None,
) -> Evaluation:
    """Run every check, and give what it finds the line that a human edits."""
    built, objects, context = defaulted.built, defaulted.objects, defaulted.context
    environment, locator = built.environment, Locator.of(built)
    inputs = EstimateInputs(
        context=context,
        values=built.installed_values,
        accelerators=environment.mapping("accelerators"),
        bandwidths=environment.mapping("bandwidths"),
        image_sizes=environment.mapping("imageSizes"),
        locked=environment.locked,
        lock_file=environment.lock_file,
    )
    counted = any(map(environment.mapping, ("budgets", "nodePools"))) or bool(queues_of(context).cluster_queues)
    running = RunningObjects(inputs, tools.facts, counted=counted)
    found = (
        *_object_findings(
            objects,
            context,
            tools.checker,
            shared.findings,
            _misspoken(built),
            weigh=running.weigh,
            made=shared.made_findings,
        ),
        *_violations(defaulted, objects, bindings, shared, base, tools),
    )
    diagnostics = [
        *_word_problems(built, locator, context.directory),
        *(bindings.diagnostics if bindings is not None else ()),
        *(locator.diagnose(resource, finding, tools.checker.severity(finding)) for resource, finding in untold(found)),
        *_of_unmanaged(defaulted, tools, bindings, shared, base),
    ]
    release = context.release
    caveat = unreviewed(release)
    if caveat is not None:
        diagnostics.extend(diagnose_environment(environment, [caveat]))
    assumed = [*release.taken_for_granted]
    unchecked: tuple[Unchecked, ...] = ()
    ledger: tuple[Line, ...] | None = None
    if counted:
        from kservegen.checks.capacity import check_capacity  # noqa: PLC0415

        others = tuple(item.counted for item in defaulted.unmanaged)
        capacity = check_capacity(built, objects, context, others)
        diagnostics.extend(capacity.diagnostics)
        assumed.extend(capacity.assumptions)
        unchecked = capacity.unchecked
        ledger = capacity.ledger
    judged = partial(check_environment, built, release.charts, context.directory)
    words = contained("this environment's words", judged, lambda crash: crash)
    diagnostics.extend(diagnose_environment(environment, words))
    names = check_gpu_names(environment.mapping("accelerators"), tools.facts)
    diagnostics.extend(diagnose_environment(environment, names))
    assumed.extend(context.assumed)
    return Evaluation(
        environment=environment,
        defaulted=defaulted,
        diagnostics=tuple(diagnostics),
        unestimated=running.unestimated,
        assumptions=merge_assumptions(replace(each, environments=(environment.name,)) for each in assumed),
        unchecked=unchecked,
        ledger=ledger,
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


def _object_findings(
    objects: Sequence[Defaulted],
    context: Context,
    checker: Checker,
    shared: dict[Defaulted, tuple[ObjectFinding, ...]],
    misspoken: frozenset[ResourceId] = frozenset(),
    *,
    weigh: Callable[[Sequence[Defaulted]], Iterable[ObjectFinding]] = lambda _: (),
    made: MadeFindings | None = None,
) -> Iterator[ObjectFinding]:
    """Check each object alone, once for all environments that share it, then in the light of its environment.

    Nothing is said of what KServe makes of `misspoken` ones, whose words were not all understood. `weigh` is asked
    about those of the right shape, some at a time.
    """
    fresh = [item for item in objects if item not in shared]
    shared.update(zip(fresh, checker.alone(fresh, context), strict=True))
    for item in objects:
        yield from shared[item]
    sound = [item for item in objects if not is_misshapen(shared[item])]
    around = checker.around(sound, context)
    for found in around:
        yield from found
    seen = list(zip(sound, around, strict=True))
    for batch in (seen[start : start + MADE_KEPT] for start in range(0, len(seen), MADE_KEPT)):
        said = [(item, (*shared[item], *found)) for item, found in batch if item.resource.id not in misspoken]
        for found in checker.made([item for item, _ in said], [found for _, found in said], context, made):
            yield from found
        yield from weigh([item for item, _ in batch])


def _misspoken(built: BuiltEnvironment) -> frozenset[ResourceId]:
    """List the objects of entries whose words hold an error."""
    return frozenset(
        entry.resource.id
        for entry in built.entries
        if any(severity_of(problem.finding) is Severity.ERROR for problem in entry.problems)
    )


def _of_unmanaged(
    defaulted: DefaultedEnvironment,
    tools: Tools,
    bindings: Bindings | None,
    shared: SharedResults,
    base: BaseRevision | None,
) -> Iterator[Diagnostic]:
    """Check the objects of others as all else: by schema, rules and policies."""
    items = {item.defaulted.written.id: item for item in defaulted.unmanaged}
    objects = [item.defaulted for item in defaulted.unmanaged]
    for resource, finding in (
        *_object_findings(objects, defaulted.context, tools.checker, {}),
        *_violations(defaulted, objects, bindings, shared, base, tools),
        *((item.defaulted.resource, found) for item in defaulted.unmanaged for found in item.refused(defaulted.built)),
    ):
        diagnostic = items[resource.id].diagnose(finding, tools.checker.severity(finding), resource)
        yield replace(diagnostic, environments=(defaulted.built.environment.name,))


def _violations(
    defaulted: DefaultedEnvironment,
    objects: Sequence[Defaulted],
    bindings: Bindings | None,
    shared: SharedResults,
    base: BaseRevision | None,
    tools: Tools,
) -> Iterator[ObjectFinding]:
    """Hold objects against the policies that are bound, and those that the base of a change binds."""
    found = () if bindings is None else tuple(_violations_now(defaulted, objects, bindings, shared))
    yield from found
    environment = defaulted.built.environment
    words = base.words_of(environment.name, environment.source.bases) if base is not None else {}
    if base is not None and (words.get("policies") or words.get("namespaces")):
        from kservegen.evaluate.base_policies import pods_forbidden_at_base, violations_at_base  # noqa: PLC0415

        yield from pods_forbidden_at_base(objects, defaulted.context, words, tools.checker)
        yield from violations_at_base(defaulted.built, objects, base, tools.policies, found, defaulted.context)


def _violations_now(
    defaulted: DefaultedEnvironment, objects: Iterable[Defaulted], bindings: Bindings, shared: SharedResults
) -> Iterator[ObjectFinding]:
    from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses  # noqa: PLC0415
    from kservegen.checks.policy.made import MadePolicies  # noqa: PLC0415

    shared.policies = shared.policies or PolicyPasses()
    others = (item.defaulted.resource for item in defaulted.unmanaged)
    namespaces = {r.id.name: r.doc for r in (*others, *defaulted.built.own) if r.id.kind == "Namespace"}
    policies = PolicyChecker(bindings.bound, namespaces, shared.policies)
    of_made = MadePolicies(bindings.bound, namespaces)
    for item in objects:
        told = set()
        for finding in contained("a policy", partial(policies.check, item), lambda finding: finding):
            told.add((finding.rule, finding.path))
            yield item.resource, finding
        look = partial(of_made.violations, item.resource, defaulted.context)
        for finding in contained("a policy", look, lambda finding: finding):
            if (finding.rule, finding.path) not in told:
                yield item.resource, finding


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
