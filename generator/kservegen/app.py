"""One function per use case: what a command does, from a repository to a result, without printing."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kservegen.catalog.load import load_catalog
from kservegen.catalog.model import Catalog
from kservegen.charts.store import ChartStore
from kservegen.check import diagnose_environment
from kservegen.diagnostics import Diagnostic, Finding, Location, Severity, merge
from kservegen.engines.choice import Engine, open_engine
from kservegen.environment_checks import same_cluster
from kservegen.errors import GeneratorError
from kservegen.jsontypes import JsonObject
from kservegen.judge import open_judge
from kservegen.output.changes import Changes, compare
from kservegen.output.conflicts import diagnose as diagnose_conflict
from kservegen.output.existing import Existing, scan
from kservegen.output.lock import lock
from kservegen.output.store import needs_recovery
from kservegen.pipeline import Evaluation, Memory, Tools, evaluate, lay_out
from kservegen.report.result import FilePlan, Result
from kservegen.repository import OUTPUT_FOLDER, Repository, packaged_data
from kservegen.schemas.store import SchemaStore
from kservegen.schemas.validate import Validator

if TYPE_CHECKING:
    from kservegen.build.environment import BuiltEnvironment
    from kservegen.gpu.store import FactStore
    from kservegen.policy.files import PolicyFiles
    from kservegen.waivers.apply import Clock

# How many files a render may remove where the environment sets no guard.
DEFAULT_MAX_REMOVALS = 10

DIFF_LINES = 2000

# What files cannot tell; every result says so.
NOT_CHECKED = (
    "that images can be pulled",
    "that promised prerequisites are there",
)


@dataclass(slots=True)
class Project:
    """A repository with its catalog loaded, and the tools to check it with."""

    repository: Repository
    catalog: Catalog
    tools: Tools
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def choose(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the environments to work on; GeneratorError for a name that there is none of."""
        known = self.catalog.environments
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                raise GeneratorError(
                    f"there is no environment {name}",
                    subject=str(self.repository.root),
                    hint=(f"Did you mean {close[0]}? " if close else "") + f"Known: {', '.join(known) or 'none'}.",
                )
        return tuple(dict.fromkeys(names)) or tuple(known)


def open_project(repository: Repository, engine: Engine = Engine.BUILTIN) -> Project:
    """Load the catalog of a repository; mistakes in it are in the project's diagnostics."""
    tools = open_tools(repository, engine)
    catalog, diagnostics = load_catalog(
        repository, check_models=_OwnSchema("models"), check_environment=_OwnSchema("environments")
    )
    return Project(repository, catalog, tools, diagnostics)


def open_tools(repository: Repository, engine: Engine = Engine.BUILTIN) -> Tools:
    """Assemble what checks need; nothing is compiled before it is used."""
    schemas = SchemaStore(repository.schema_roots)
    return Tools(
        charts=ChartStore(repository.schema_roots),
        schemas=schemas,
        judge=open_judge(open_engine(engine, schemas)),
        facts=cache(_open_facts),
        policies=cache(lambda: _read_policies(repository)),
    )


def _open_facts() -> FactStore:
    from kservegen.gpu.store import FactStore  # noqa: PLC0415 - only where an object asks for a GPU

    return FactStore(packaged_data() / "facts")


def _read_policies(repository: Repository) -> PolicyFiles:
    from kservegen.policy.files import read_policies  # noqa: PLC0415 - brings the CEL interpreter

    return read_policies(repository.policy_roots, repository.relative)


# From so many entries on, compiling our own schema pays.
_LARGE = 80


class _OwnSchema:
    """A schema of our own files, read from the package: a repository's copy is for editors and may be older."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.schema: JsonObject | None = None

    def __call__(self, value: JsonObject) -> tuple[Finding, ...]:
        large = sum(len(section) for section in value.values() if isinstance(section, dict)) > _LARGE
        if self.schema is None:
            path = packaged_data() / "schemas" / "kservegen" / f"{self.name}.schema.json"
            self.schema = json.loads(path.read_bytes())
        validator = Validator(self.schema, uncompiled=0 if large else 1, distinct=False, ruled=False)
        return validator.check(value)


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold Python's cycle collector: a catalog is one big tree without cycles, and scanning it costs 2 to 4 times."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def validate(
    repository: Repository,
    *,
    environments: Sequence[str] = (),
    fail_on: Severity = Severity.ERROR,
    clock: Clock | None = None,
    engine: Engine = Engine.BUILTIN,
) -> Result:
    """Check the catalog in the given environments, or in all; nothing is written. `clock` ends waivers."""
    with without_collector():
        project = open_project(repository, engine)
        chosen = project.choose(environments)
        diagnostics, objects, memory = list(project.diagnostics), 0, Memory()
        evaluations = []
        for name in chosen:
            evaluation = evaluate(project.catalog, name, project.tools, memory, clock)
            diagnostics.extend(evaluation.diagnostics)
            diagnostics.extend(_lowered(repository.root / OUTPUT_FOLDER, evaluation.built, project.tools))
            objects += evaluation.objects
            evaluations.append(evaluation)
        diagnostics.extend(_across(evaluations))
    return Result(
        command="validate",
        diagnostics=merge(diagnostics),
        environments=chosen,
        objects=objects,
        assumptions=_assumptions(evaluations),
        fail_on=fail_on,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How to render: where to, whether to write, and how many removals are allowed beyond the guards."""

    out: Path
    check: bool = False
    allow_removals: int = 0
    fail_on: Severity = Severity.ERROR


def render(repository: Repository, options: RenderOptions, *, environments: Sequence[str] = ()) -> Result:
    """Render environments to files; all of them or, while an error stands, none."""
    with without_collector():
        project = open_project(repository)
        chosen = project.choose(environments)
        if not options.out.exists() and (options.check or project.diagnostics):
            return _render(project, chosen, options, whole=not environments)
        with lock(options.out):
            _recover(options.out)
            return _render(project, chosen, options, whole=not environments)


def _recover(out: Path) -> None:
    if needs_recovery(out):
        from kservegen.output.apply import recover  # noqa: PLC0415

        recover(out)


def _render(project: Project, chosen: tuple[str, ...], options: RenderOptions, *, whole: bool) -> Result:
    diagnostics, objects, memory = list(project.diagnostics), 0, Memory()
    desired: dict[str, bytes] = {}
    evaluations = []
    for name in chosen:
        evaluation = evaluate(project.catalog, name, project.tools, memory)
        diagnostics.extend(evaluation.diagnostics)
        diagnostics.extend(_lowered(options.out, evaluation.built, project.tools))
        objects += evaluation.objects
        if evaluation.built is not None and not _has_errors(diagnostics):
            desired.update(lay_out(evaluation.built, memory))
        evaluations.append(replace(evaluation, built=None, diagnostics=()))
    diagnostics.extend(_across(evaluations))
    result = Result(
        command="render",
        diagnostics=merge(diagnostics),
        environments=chosen,
        objects=objects,
        assumptions=_assumptions(evaluations),
        fail_on=options.fail_on,
        drift_fails=options.check,
    )
    if _has_errors(diagnostics):
        return result
    return _compare_and_apply(project, desired, evaluations, result, options, whole=whole)


def _assumptions(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """Say what was not checked: what files never tell, and what was not known of these models."""
    unknown = sorted({subject for evaluation in evaluations for subject in evaluation.unestimated})
    return (*NOT_CHECKED, f"that these fit in GPU memory: {', '.join(unknown)}") if unknown else NOT_CHECKED


def _has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is Severity.ERROR for d in diagnostics)


def _lowered(out: Path, built: BuiltEnvironment | None, tools: Tools) -> Iterator[Diagnostic]:
    if built is not None and any(resource.kind == "ResourceQuota" for resource in built.own):
        from kservegen.standing import lowered_quotas  # noqa: PLC0415 - reads manifests, which few runs do

        yield from lowered_quotas(out, built, tools)


def _across(evaluations: list[Evaluation]) -> Iterator[Diagnostic]:
    for environment, finding in same_cluster(e.environment for e in evaluations):
        yield from diagnose_environment(environment, [finding])


def _compare_and_apply(
    project: Project,
    desired: dict[str, bytes],
    evaluations: list[Evaluation],
    result: Result,
    options: RenderOptions,
    *,
    whole: bool,
) -> Result:
    existing = scan(options.out, None if whole else result.environments)
    changes = compare(desired, existing)
    out = project.repository.relative(options.out)
    diagnostics = [diagnose_conflict(conflict, out=out) for conflict in changes.conflicts]
    diagnostics.extend(_guard(evaluations, desired, changes, options))
    blocked = changes.blocked or _has_errors(diagnostics)
    apply_now = bool(changes) and not options.check and not blocked
    if apply_now:
        from kservegen.output.apply import apply  # noqa: PLC0415 - a run that changes nothing needs no journal

        apply(options.out, changes)
    return Result(
        command=result.command,
        diagnostics=merge([*result.diagnostics, *diagnostics]),
        environments=result.environments,
        objects=result.objects,
        plan=_plan(desired, existing, changes, applied=apply_now, check=options.check, prefix=f"{out}/"),
        assumptions=result.assumptions,
        fail_on=result.fail_on,
        drift_fails=result.drift_fails,
    )


def _plan(
    desired: dict[str, bytes], existing: Existing, changes: Changes, *, applied: bool, check: bool, prefix: str
) -> FilePlan:
    diff = ""
    if check and changes:
        from kservegen.output.diff import unified_diff  # noqa: PLC0415

        diff = "\n".join(unified_diff(existing, changes, limit=DIFF_LINES, prefix=prefix))
    return FilePlan(
        written=tuple(changes.write),
        removed=changes.remove,
        unchanged=len(desired) - len(changes.write),
        applied=applied,
        diff=diff,
    )


def _guard(
    evaluations: list[Evaluation], desired: dict[str, bytes], changes: Changes, options: RenderOptions
) -> Iterator[Diagnostic]:
    """Refuse a render that removes more than its environment allows, or everything."""
    by_name = {evaluation.environment.name: evaluation.environment for evaluation in evaluations}
    removed: dict[str, list[str]] = {}
    for path in changes.remove:
        removed.setdefault(path.partition("/")[0], []).append(path)
    for name, paths in sorted(removed.items()):
        environment = by_name.get(name)
        limit = environment.at("guards", "maxRemovals") if environment else None
        allowed = max(limit if isinstance(limit, int) else DEFAULT_MAX_REMOVALS, options.allow_removals)
        models = f"{name}/models/"
        emptied = any(p.startswith(models) for p in paths) and not any(p.startswith(models) for p in desired)
        if len(paths) <= allowed and not (emptied and len(paths) > options.allow_removals):
            continue
        finding = Finding(
            rule="gitops/removal-guard",
            path=("guards", "maxRemovals"),
            message=f"rendering {name} would remove every model" if emptied else f"rendering {name} removes too much",
            seen=f"{len(paths)} files removed: {', '.join(paths[:3])}{', …' if len(paths) > 3 else ''}",
            allowed=f"at most {allowed}" if not emptied else "never an empty render over a full one",
            hint=f"If that is meant, run: kservegen render --allow-removals {len(paths)}.",
            at_key=True,
        )
        if environment is not None:
            yield from diagnose_environment(environment, [finding])
        else:
            yield _gone(name, finding)


def _gone(name: str, finding: Finding) -> Diagnostic:
    return Diagnostic(
        rule=finding.rule,
        severity=Severity.ERROR,
        message=f"{OUTPUT_FOLDER}/{name} belongs to no environment any more",
        location=Location(f"environments/{name}.yaml"),
        seen=finding.seen,
        allowed=finding.allowed,
        hint=finding.hint,
        environments=(name,),
    )
