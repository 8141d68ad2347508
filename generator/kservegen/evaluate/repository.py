"""A repository in, its environments evaluated out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.clusters import shared_objects
from kservegen.checks.engines.choice import Engine
from kservegen.checks.locate import Locator, diagnose_environment
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.repository import Repository
from kservegen.evaluate.environment import Tools, evaluate
from kservegen.evaluate.layout import lay_out
from kservegen.evaluate.memory import Memory
from kservegen.evaluate.project import Project, open_project
from kservegen.render.objects.environment import BuiltEnvironment

if TYPE_CHECKING:
    from kservegen.checks.waivers.apply import Clock


# Areas of findings that leave open what the catalog means.
_NOT_UNDERSTOOD: Final = ("yaml/", "catalog/", "internal/")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """All chosen environments, evaluated; `desired` are their files where they were laid out."""

    project: Project
    chosen: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    objects: int
    desired: dict[str, bytes]
    built: dict[str, BuiltEnvironment]
    environments: tuple[ResolvedEnvironment, ...]
    memory: Memory
    is_partial: bool  # environments were named
    unestimated: tuple[str, ...]  # whose GPU memory could not be estimated
    assumptions: tuple[str, ...]  # what else was taken for granted

    @property
    def has_errors(self) -> bool:
        """Whether anything stands in the way of writing."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What to work on: the named environments, or all; `out` holds what is rendered now.

    With `lays_out` the work comes with files. `clock` ends waivers. With `despite_findings` files come also where an
    object would be refused: only a catalog that cannot be understood has none.
    """

    repository: Repository
    names: tuple[str, ...]
    out: Path
    lays_out: bool = False
    despite_findings: bool = False
    clock: Clock | None = None
    engine: Engine = Engine.BUILTIN


def work_on(task: Task) -> Work:
    """Evaluate environments and, if that is asked for, lay them out."""
    project, memory = open_project(task.repository, task.engine), Memory()
    chosen = project.choose(task.names)
    diagnostics, objects = list(project.diagnostics), 0
    desired: dict[str, bytes] = {}
    built: dict[str, BuiltEnvironment] = {}
    environments: list[ResolvedEnvironment] = []
    everything: list[BuiltEnvironment] = []
    unestimated: list[str] = []
    assumptions: list[str] = []
    for name in chosen:
        evaluation = evaluate(project.catalog, name, project.tools, memory, task.clock)
        diagnostics.extend(evaluation.diagnostics)
        diagnostics.extend(_lowered(task.out, evaluation.built, project.tools))
        objects += evaluation.objects
        environments.append(evaluation.environment)
        unestimated.extend(evaluation.unestimated)
        assumptions.extend(evaluation.assumptions)
        judged = evaluation.diagnostics if task.despite_findings else diagnostics
        everything.extend((evaluation.built,) if evaluation.built is not None else ())
        if evaluation.built is not None and not _is_stopped(project, judged, task):
            built[name] = evaluation.built
            if task.lays_out:
                desired.update(lay_out(evaluation.built, memory))
    diagnostics.extend(_across(everything))
    return Work(
        project=project,
        chosen=chosen,
        diagnostics=tuple(diagnostics),
        objects=objects,
        desired=desired,
        built=built,
        environments=tuple(environments),
        memory=memory,
        is_partial=bool(task.names),
        unestimated=tuple(unestimated),
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _is_stopped(project: Project, diagnostics: Iterable[Diagnostic], task: Task) -> bool:
    """Whether findings keep what is built from being laid out."""
    if task.despite_findings:
        own = (d for d in diagnostics if d.rule.startswith(_NOT_UNDERSTOOD))
        diagnostics = (*project.diagnostics, *own)
    return any(d.severity is Severity.ERROR for d in diagnostics)


def _lowered(out: Path, built: BuiltEnvironment | None, tools: Tools) -> Iterator[Diagnostic]:
    if built is not None and any(resource.kind == "ResourceQuota" for resource in built.own):
        from kservegen.evaluate.existing_output import lowered_quotas  # noqa: PLC0415 - reads manifests, which few runs do

        yield from lowered_quotas(out, built, tools)


def _across(environments: Iterable[BuiltEnvironment]) -> Iterator[Diagnostic]:
    for built, resource, finding in shared_objects(environments):
        if resource is None:
            yield from diagnose_environment(built.environment, [finding])
        else:
            yield Locator.of(built).diagnose(resource, finding, Severity.ERROR)
