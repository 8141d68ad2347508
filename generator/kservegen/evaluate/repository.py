"""A repository in, its environments evaluated out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.engines.choice import EngineChoice
from kservegen.checks.locate import Locator, diagnose_environment
from kservegen.checks.shared_objects import SharedObject, shared_objects
from kservegen.core.assumptions import Assumption, Unchecked, merge_assumptions
from kservegen.core.confined import leads_out
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.progress import tell
from kservegen.core.repository import TEMPLATES_FOLDER, Repository
from kservegen.evaluate.environment import Against, Evaluation, Tools
from kservegen.evaluate.environments import Judges, PreparedCatalog, prepare_catalog
from kservegen.evaluate.judging import Judge
from kservegen.evaluate.neighbours import neighbours
from kservegen.evaluate.project import Project, open_project
from kservegen.evaluate.sharing import SharedResults
from kservegen.evaluate.unmanaged import OutputFolder, refuse_in_departed
from kservegen.kserve.controllers.shared import SharedMade
from kservegen.render.layout import check_templates, lay_out, lay_out_synced, open_templates
from kservegen.render.objects.environment import BuiltEnvironment

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock
    from kservegen.evaluate.base import BaseRevision
    from kservegen.formats.templates import PageTemplates

# Areas of findings that leave open what the catalog means.
_NOT_UNDERSTOOD: Final = ("yaml/", "catalog/", "internal/")


class EvaluationOptions(Struct, frozen=True, kw_only=True):
    """What to evaluate: the named environments, or all; `out` holds what is rendered now.

    With `lays_out` files come with it; with `emits` only those of entries are made, where other processes judge
    meanwhile. `clock` ends waivers. With `despite_findings` files come also where an object would be refused: only a
    catalog that cannot be understood has none. `base` is what the catalog is a change of. With `judges_output` what
    others have in the folders of `out` is checked, too; with `any_version` the catalog may be for another version of
    kservegen. `before` are the environments as they were before an edit, of what has no `base`: then the findings are
    those that tell whether the edit brings errors, and what is left out brings none.
    """

    names: tuple[str, ...]
    out: Path
    lays_out: bool = False
    emits: bool = False
    despite_findings: bool = False
    judges_output: bool = True
    any_version: bool = False
    clock: Clock | None = None
    engine: EngineChoice = EngineChoice.BUILTIN
    base: BaseRevision | None = None
    before: Mapping[str, ResolvedEnvironment] | None = None


# Another state of a repository, and how to evaluate it.
_State: TypeAlias = tuple[Repository, EvaluationOptions]


class EvaluatedRepository(Struct, frozen=True, kw_only=True, eq=False):
    """All chosen environments, evaluated.

    `built` are those that nothing keeps from being laid out, `desired` their files where they were, `output` what lies
    there now. `is_partial` tells that environments were named.
    """

    project: Project
    evaluations: Mapping[str, Evaluation]
    diagnostics: tuple[Diagnostic, ...]
    built: Mapping[str, BuiltEnvironment]
    desired: dict[str, bytes]
    output: OutputFolder
    is_partial: bool
    shared: SharedResults
    judges: Judges[_State]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of the environments."""
        return tuple(self.evaluations)

    @property
    def scope(self) -> tuple[str, ...] | None:
        """The environments that were named; None for all."""
        return self.chosen if self.is_partial else None

    @property
    def environments(self) -> tuple[ResolvedEnvironment, ...]:
        """The environments as they were resolved."""
        return tuple(evaluation.environment for evaluation in self.evaluations.values())

    @property
    def objects(self) -> int:
        """How many objects they hold together."""
        return sum(len(e.defaulted.objects) for e in self.evaluations.values() if e.defaulted is not None)

    @property
    def unestimated(self) -> Iterator[tuple[str, str]]:
        """The objects whose accelerators' memory was not estimated, and why."""
        return (item for evaluation in self.evaluations.values() for item in evaluation.unestimated.items())

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What else was not looked at."""
        return tuple(dict.fromkeys(each for e in self.evaluations.values() for each in e.unchecked))

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What was taken for granted."""
        return merge_assumptions(each for e in self.evaluations.values() for each in e.assumptions)

    @property
    def has_errors(self) -> bool:
        """Whether anything stands in the way of writing."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)


def evaluate_repository(
    repository: Repository,
    options: EvaluationOptions,
    beside: EvaluatedRepository | None = None,
    *,
    project: Project | None = None,
) -> EvaluatedRepository:
    """Evaluate environments and, if that is asked for, lay them out.

    `beside` is another state of the repository with the same schemas and policies: what is alike is not judged again.
    `project` is this one, where it was opened before.
    """
    if beside is not None:
        judges = beside.judges
        judges.ask((repository, options))
        opened = _opened_beside(repository, options, beside.project.tools, beside.shared, beside.environments)
    else:
        judges = Judges(_reopened)
        opened = _opened(repository, options, project or _open(repository, options))
        judges.start(opened.prepared)
    project, shared = opened.project, opened.prepared.judge.shared
    folder = repository.root / TEMPLATES_FOLDER
    has_templates = folder.is_dir() and not leads_out(folder, repository.root)
    templates = open_templates(repository) if options.lays_out or has_templates else None
    files = _Files(shared, templates if options.lays_out else None)
    try:
        evaluations = judges.evaluate(opened.prepared, files.make if options.lays_out or options.emits else None)
    finally:
        if options.base is None:  # otherwise the base will be judged, too
            judges.close()
    diagnostics = list(project.diagnostics)
    built: dict[str, BuiltEnvironment] = {}
    desired: dict[str, bytes] = {}
    if options.judges_output and not options.names:
        diagnostics.extend(
            refuse_in_departed(opened.output, (*project.catalog.environments, *project.catalog.unreadable))
        )
    if templates is not None and has_templates:
        diagnostics.extend(check_templates(repository, templates))
    for number, (name, evaluation) in enumerate(evaluations.items()):
        tell("laying out files", number, len(evaluations))
        diagnostics.extend(evaluation.diagnostics)
        diagnostics.extend(_lowered(options.out, evaluation.built, project.tools))
        stopping = _not_understood(project, evaluation) if options.despite_findings else diagnostics
        if evaluation.built is not None and all(d.severity is not Severity.ERROR for d in stopping):
            built[name] = evaluation.built
            if options.lays_out:
                laid_out, found = files.of(evaluation.built)
                desired.update(laid_out)
                diagnostics.extend(found)
    diagnostics.extend(_across([e.built for e in evaluations.values() if e.built is not None], project))
    return EvaluatedRepository(
        project=project,
        evaluations=evaluations,
        diagnostics=tuple(diagnostics),
        built=built,
        desired=desired,
        output=opened.output,
        is_partial=bool(options.names),
        shared=shared,
        judges=judges,
    )


class _Opened(Struct, frozen=True):
    """A repository with its environments prepared."""

    project: Project
    prepared: PreparedCatalog
    output: OutputFolder


def _open(repository: Repository, options: EvaluationOptions, tools: Tools | None = None) -> Project:
    return open_project(repository, options.engine, any_version=options.any_version, tools=tools)


def _opened(
    repository: Repository, options: EvaluationOptions, project: Project, shared: SharedResults | None = None
) -> _Opened:
    names = project.choose(options.names)
    if shared is None:
        # Somebody else shares with these: another environment, or the base of the change.
        shared = SharedResults() if len(names) > 1 or options.base else SharedResults(made=SharedMade(0))
    output = OutputFolder(options.out, repository.relative(options.out), renders=options.lays_out)
    against = Against(options.clock, output if options.judges_output else None)
    judge = Judge(project.tools, shared, options.base, errors_only=options.before is not None)
    return _Opened(project, prepare_catalog(project.catalog, names, judge, against, options.before), output)


def _opened_beside(
    repository: Repository,
    options: EvaluationOptions,
    tools: Tools,
    shared: SharedResults,
    environments: Iterable[ResolvedEnvironment],
) -> _Opened:
    """Open another state of a repository, with what was found of entries that are alike in both."""
    known = shared.beside(entry for one in environments for entry in one.entries)
    return _opened(repository, options, _open(repository, options, tools), known)


def _reopened(first: PreparedCatalog, state: _State) -> PreparedCatalog:
    """Open, in another process, another state of the repository whose first one that process has judged."""
    environments = (each.environment for each in first.environments.values())
    return _opened_beside(*state, first.judge.tools, first.judge.shared, environments).prepared


class _Files:
    """The files of environments, made once: all of them with `templates`, otherwise those of entries."""

    def __init__(self, shared: SharedResults, templates: PageTemplates | None) -> None:
        self._shared, self._templates = shared, templates
        self._made: dict[BuiltEnvironment, tuple[Mapping[str, bytes], tuple[Diagnostic, ...]]] = {}

    def make(self, prepared: PreparedCatalog) -> None:
        """Make the files of all environments; what cannot go on fails again, and is told, where they are asked for."""
        with suppress(GeneratorError):
            for each in prepared.environments.values():
                if each.defaulted is not None:
                    self.of(each.defaulted.built)

    def of(self, built: BuiltEnvironment) -> tuple[Mapping[str, bytes], tuple[Diagnostic, ...]]:
        """Return the files of an environment; none, and the reason, where making them fails."""
        if built not in self._made:
            found: list[Diagnostic] = []

            def told(crash: Finding) -> dict[str, bytes]:
                found.extend(diagnose_environment(built.environment, [crash]))
                return {}

            files = next(contained("laying out this environment", partial(self._lay_out, built), told))
            self._made[built] = files, tuple(found)
        return self._made[built]

    def _lay_out(self, built: BuiltEnvironment) -> Iterator[dict[str, bytes]]:
        if self._templates is None:
            yield dict(lay_out_synced(built, self._shared.files))
        else:
            yield dict(lay_out(built, self._templates, self._shared.files))


def _not_understood(project: Project, evaluation: Evaluation) -> Iterator[Diagnostic]:
    """Yield what keeps an environment from being laid out whatever else may: what the catalog means is open."""
    yield from project.diagnostics
    yield from (d for d in evaluation.diagnostics if d.rule.startswith(_NOT_UNDERSTOOD))


def _lowered(out: Path, built: BuiltEnvironment | None, tools: Tools) -> Iterator[Diagnostic]:
    if built is not None and any(resource.kind == "ResourceQuota" for resource in built.own):
        from kservegen.evaluate.existing_output import lowered_quotas  # noqa: PLC0415 - reads manifests, which few runs do

        yield from lowered_quotas(out, built, tools)


def _across(environments: Sequence[BuiltEnvironment], project: Project) -> Iterator[Diagnostic]:
    """Say what environments do to each other, those that nobody asked for too; what crashes is said of the first."""

    def judge() -> Iterator[Diagnostic]:
        beside = neighbours(environments, project.catalog, project.tools)
        for shared in shared_objects(environments, beside):
            yield _diagnose_shared(shared)

    def told(crash: Finding) -> Diagnostic:
        return next(iter(diagnose_environment(environments[0].environment, [crash])))

    if environments:
        yield from contained("comparing environments", judge, told)


def _diagnose_shared(shared: SharedObject) -> Diagnostic:
    """Give what two environments share its line in the one, and beside it the line in the other."""
    built, resource, finding, other, twin = shared
    if resource is not None:
        found = Locator.of(built).diagnose(resource, finding, Severity.ERROR)
        there = Locator.of(other).locate(twin, ()) if twin is not None else other.environment.locate(())
    else:
        (found,) = diagnose_environment(built.environment, [finding])
        there = other.environment.locate(finding.path, at_key=finding.at_key)
    if there == found.location:  # words that both have from one place: what tells them apart is the cluster
        there = _own_line(other.environment)
        found = found if resource is not None else replace(found, location=_own_line(built.environment))
    return replace(found, related=(Related(f"{other.environment.name} says so here", there),))


def _own_line(environment: ResolvedEnvironment) -> Location:
    """Return the line of an environment's own file that names its cluster; the file's first where none does."""
    own = environment.source.own
    return own.source.key(("cluster",)) if "cluster" in own.value else Location(own.file)
