"""One environment from the catalog to checked objects: resolve, build, check, in that order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import Entry, ResolvedEnvironment, resolve
from kservegen.checks.environment import check_environment, check_namespaces
from kservegen.checks.gpu.environment import Surroundings, gpu_memory
from kservegen.checks.host.environment import host_findings
from kservegen.checks.locate import Locator, diagnose_environment, diagnose_problem
from kservegen.checks.release import unreviewed, version_problem
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Judge, at_home, is_misshapen
from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.evaluate.defaulted import context_of, store
from kservegen.evaluate.memory import Memory
from kservegen.formats.jsonschema.store import SchemaStore, Shapes
from kservegen.kserve.defaulting import Defaulted
from kservegen.kserve.releases import Releases
from kservegen.render.objects.environment import BuiltEnvironment, build_entry, build_environment
from kservegen.render.objects.settings import Settings

if TYPE_CHECKING:  # nothing of policies, estimates, budgets and waivers is imported where nothing asks for it
    from kservegen.checks.budget.ledger import Line
    from kservegen.checks.gpu.store import FactStore
    from kservegen.checks.policy.binding import Bindings
    from kservegen.checks.policy.files import PolicyFiles
    from kservegen.checks.waivers.apply import Clock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tools:
    """What every environment is checked with; compiled schemas are kept from one environment to the next."""

    releases: Releases
    schemas: SchemaStore
    judge: Judge
    facts: Callable[[], FactStore]  # read when an object asks for a GPU
    policies: Callable[[], PolicyFiles]  # read when an environment binds one, and then once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """What one environment amounts to.

    `unestimated` are the objects that ask for GPUs and whose memory is unknown; `assumptions` what else was taken for
    granted.
    """

    environment: ResolvedEnvironment
    built: BuiltEnvironment | None
    diagnostics: tuple[Diagnostic, ...]
    unestimated: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()

    @property
    def objects(self) -> int:
        """How many objects the environment holds."""
        return len(self.built.resources) if self.built else 0


def evaluate(
    catalog: Catalog, name: str, tools: Tools, memory: Memory | None = None, clock: Clock | None = None
) -> Evaluation:
    """Resolve, build and check one environment; `memory` carries what the next one can use.

    With a `clock`, waivers that have expired hold no longer; without one all hold, so that output has no date in it.
    """
    memory = memory or Memory()
    environment, diagnostics = resolve(catalog, name, memory.unchanged)
    version_finding = version_problem(environment.text("kserve", "version"), tools.releases, tools.schemas)
    if version_finding is not None:
        diagnostics.extend(diagnose_environment(environment, [version_finding]))
        return Evaluation(environment=environment, built=None, diagnostics=tuple(diagnostics))
    release = tools.releases.get(environment.text("kserve", "version"))
    caveat = unreviewed(release)
    if caveat is not None:
        diagnostics.extend(diagnose_environment(environment, [caveat]))
    charts = release.charts
    bindings = bind(environment, tools)
    policies = _policy_objects(environment, bindings)
    built = build_environment(environment, charts, Shapes(tools.schemas, charts.version), memory.built, policies)
    stored = store(built, memory, tools.schemas if bindings is not None else None)
    context = context_of(built, stored, release)
    around = Surroundings(
        context=context,
        values=built.platform.values(),
        accelerators=environment.mapping("accelerators"),
        locked=environment.locked,
        lock_file=environment.lock_file,
    )
    memory_of_gpus = gpu_memory(stored, around, tools.facts)
    found = (
        *_findings(stored, context, tools, memory),
        *_violations(built, stored, bindings, memory),
        *memory_of_gpus.findings,
        *host_findings(stored, around, tools.facts),
    )
    diagnostics.extend(_check(built, tools, found, bindings))
    assumptions: tuple[str, ...] = (release.caveat,) if release.caveat else ()
    if environment.mapping("budgets") or environment.mapping("nodePools"):
        from kservegen.checks.capacity import check_capacity  # noqa: PLC0415

        capacity = check_capacity(built, stored, context)
        diagnostics.extend(capacity.diagnostics)
        assumptions += capacity.assumptions
        if capacity.ledger is not None:
            memory.ledgers[name] = capacity.ledger
    for finding in check_environment(built, charts):
        diagnostics.extend(diagnose_environment(environment, [finding]))
    weighed = _weigh(diagnostics, environment.mapping("severities"))
    return Evaluation(
        environment=environment,
        built=built,
        diagnostics=tuple(_waive(weighed, built, tools, clock)),
        unestimated=memory_of_gpus.unestimated,
        assumptions=assumptions,
    )


def _waive(
    diagnostics: Iterable[Diagnostic], built: BuiltEnvironment, tools: Tools, clock: Clock | None
) -> Iterator[Diagnostic]:
    """Weigh down what the environment waives, and check its waivers."""
    environment = built.environment
    if not environment.mapping("waivers"):
        yield from diagnostics
        return
    from kservegen.checks.waivers.apply import apply_waivers, check_waivers, read_waivers  # noqa: PLC0415

    waivers = read_waivers(environment.mapping("waivers"))
    weighed, used = apply_waivers(waivers, diagnostics, clock)
    yield from weighed
    bindings = environment.mapping("policies", "bindings")
    bound = {f"policy/{text(mapping(words).get('policyName')) or name}" for name, words in bindings.items()}
    findings = check_waivers(
        waivers,
        used=used,
        rules=tools.judge.rules | bound,
        subjects={item.entry.key for item in built.entries} | environment.mapping("budgets").keys(),
        clock=clock,
    )
    for finding in findings:
        yield from diagnose_environment(environment, [finding])


def _check(
    built: BuiltEnvironment, tools: Tools, found: Iterable[tuple[Resource, Finding]], bindings: Bindings | None
) -> Iterator[Diagnostic]:
    """Give what was found in objects its lines, beside what the words of the catalog themselves show."""
    environment = built.environment
    locator = Locator.of(built)
    for entry in built.entries:
        for problem in entry.problems:
            yield diagnose_problem(environment.name, entry, problem)
    for index, finding in check_namespaces(built):
        yield diagnose_problem_at(locator, built, index, finding)
    if bindings is not None:
        yield from bindings.diagnostics
    for resource, finding in found:
        yield locator.diagnose(resource, finding, tools.judge.severity(finding))


def ledger_of(built: BuiltEnvironment, tools: Tools, memory: Memory | None = None) -> tuple[Line, ...]:
    """Write down what a built environment's entries take together, line by line."""
    from kservegen.checks.capacity import ledger  # noqa: PLC0415

    stored = store(built, memory or Memory())
    return ledger(built, stored, context_of(built, stored, tools.releases.get(built.settings.kserve_version)))


def diagnose_problem_at(locator: Locator, built: BuiltEnvironment, index: int, finding: Finding) -> Diagnostic:
    """Give a finding about the words of one built entry its line."""
    entry = built.entries[index].entry
    resource = built.entries[index].resource
    diagnostic = locator.diagnose(resource, replace(finding, path=()), Severity.ERROR)
    return replace(diagnostic, location=entry.locate(finding.path))


def bind(environment: ResolvedEnvironment, tools: Tools) -> Bindings | None:
    """Compile the policies that the environment binds; where it binds none, nothing is imported or read."""
    if not environment.mapping("policies", "bindings"):
        return None
    from kservegen.checks.policy.environment import bind_environment  # noqa: PLC0415 - brings the CEL interpreter

    return bind_environment(environment, tools.policies())


def _policy_objects(environment: ResolvedEnvironment, bindings: Bindings | None) -> tuple[Resource, ...]:
    if bindings is None:
        return ()
    from kservegen.checks.policy.environment import rendered  # noqa: PLC0415

    return rendered(environment, bindings)


def _violations(
    built: BuiltEnvironment, stored: Iterable[Defaulted], bindings: Bindings | None, memory: Memory
) -> Iterator[tuple[Resource, Finding]]:
    if bindings is None:
        return
    from kservegen.checks.policy import judge  # noqa: PLC0415

    if memory.policies is None:
        memory.policies = judge.Memory()
    namespaces = {r.id.name: r.doc for r in built.own if r.id.kind == "Namespace"}
    policies = judge.PolicyJudge(bindings.bound, namespaces, memory.policies)
    for item in stored:
        for finding in policies.judge(item.resource):
            yield item.written, at_home(item, finding)


def _findings(
    stored: list[Defaulted], context: Context, tools: Tools, memory: Memory
) -> Iterator[tuple[Resource, Finding]]:
    """Judge each object alone, once for all environments that share it, then in the light of its environment."""
    version, mode = context.release.version, context.deployment_mode
    fresh = [item for item in stored if (id(item), version, mode) not in memory.verdicts]
    for item, verdict in zip(fresh, tools.judge.alone(fresh, context), strict=True):
        memory.verdicts[id(item), version, mode] = (item, verdict)
    sound = []
    for item in stored:
        _, verdict = memory.verdicts[id(item), version, mode]
        for finding in verdict:
            yield item.written, finding
        if not is_misshapen(verdict):
            sound.append(item)
    yield from tools.judge.around(sound, context)


def _weigh(diagnostics: Iterable[Diagnostic], severities: JsonObject) -> Iterator[Diagnostic]:
    """Apply the environment's severities; what makes a file unreadable or an object refused stays an error."""
    for diagnostic in diagnostics:
        wanted = severities.get(diagnostic.rule)
        area = diagnostic.rule.partition("/")[0]
        if not isinstance(wanted, str) or area in {"yaml", "catalog", "schema", "internal"}:
            yield diagnostic
        elif wanted != "off":
            yield replace(diagnostic, severity=Severity(wanted))


def surroundings(environment: ResolvedEnvironment, tools: Tools) -> Context | None:
    """Return what rules may look at in an environment, for who judges nothing; None for an unknown KServe version."""
    built = build_all(environment, tools, Memory())
    if built is None:
        return None
    return context_of(built, store(built, Memory()), tools.releases.get(built.settings.kserve_version))


def build_all(
    environment: ResolvedEnvironment, tools: Tools, memory: Memory, bindings: Bindings | None = None
) -> BuiltEnvironment | None:
    """Build an environment for who judges nothing, with the policies of `bindings`; None for an unknown version."""
    if version_problem(environment.text("kserve", "version"), tools.releases, tools.schemas) is not None:
        return None
    charts = tools.releases.get(environment.text("kserve", "version")).charts
    shapes = Shapes(tools.schemas, charts.version)
    return build_environment(environment, charts, shapes, memory.built, _policy_objects(environment, bindings))


def build_one(environment: ResolvedEnvironment, entry: Entry, tools: Tools) -> Resource:
    """Build the object of one entry alone."""
    settings = Settings.of(environment)
    return build_entry(entry, settings, Shapes(tools.schemas, settings.kserve_version)).resource
