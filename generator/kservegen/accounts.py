"""What environments take, now and before: the use case behind `kservegen budget`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kservegen.app import Project, open_project
from kservegen.budget.account import account
from kservegen.budget.ledger import Line
from kservegen.budget.limits import read_budgets
from kservegen.budget.overview import Overview, overview
from kservegen.build.environment import BuiltEnvironment
from kservegen.build.resource import Resource, ResourceId
from kservegen.defaulting import default
from kservegen.diagnostics import Diagnostic, Severity, merge
from kservegen.document import text
from kservegen.errors import GeneratorError
from kservegen.manifests.documents import read_documents
from kservegen.manifests.files import find_files
from kservegen.pipeline import Memory, context_of, evaluate, installation_of, ledger_of
from kservegen.repository import OUTPUT_FOLDER, Repository


def account_environments(
    repository: Repository, environments: Sequence[str] = ()
) -> tuple[tuple[Overview, ...], tuple[Diagnostic, ...]]:
    """Sum up environments; findings of the catalog come back beside it, and what they leave out is not counted."""
    project = open_project(repository)
    overviews: list[Overview] = []
    diagnostics = list(project.diagnostics)
    memory = Memory()
    for name in project.choose(environments):
        evaluation = evaluate(project.catalog, name, project.tools, memory)
        diagnostics.extend(evaluation.diagnostics)
        if evaluation.built is not None:
            overviews.append(_overview(project, evaluation.built, memory))
    return tuple(overviews), merge(diagnostics)


def stop_on_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise where the catalog has errors that keep it from being counted: those of budgets do not."""
    broken = [d for d in diagnostics if d.severity is Severity.ERROR and not d.rule.startswith(("budget/", "policy/"))]
    if broken:
        raise GeneratorError(
            f"the catalog has {len(broken)} errors, so that sums would be wrong",
            subject=str(broken[0].location),
            hint="Run kservegen validate.",
        )


def _overview(project: Project, built: BuiltEnvironment, memory: Memory) -> Overview:
    environment = built.environment
    return overview(
        environment.name,
        ledger_of(built, project.tools, memory),
        _before(project, built),
        tuple(read_budgets(environment.mapping("budgets"))),
        environment.mapping("accelerators"),
    )


def _before(project: Project, built: BuiltEnvironment) -> tuple[Line, ...] | None:
    """Write the ledger of what is rendered already; None where nothing is. Owners are those of today's catalog."""
    folder = project.repository.root / OUTPUT_FOLDER / built.environment.name
    if not folder.is_dir():
        return None
    known = {item.resource.id: (item.entry.key, text(item.entry.words.get("owner"))) for item in built.entries}
    installation = installation_of(built.settings)
    stored = [default(resource, installation) for resource in _resources(folder)]
    context = context_of(built, stored, project.tools.charts)
    named = ((*_named(item.written.id, known), item) for item in stored)
    return tuple(account(named, built.environment.mapping("accelerators"), context))


def _named(identity: ResourceId, known: Mapping[ResourceId, tuple[str, str]]) -> tuple[str, str]:
    return known.get(identity, (identity.name, ""))


def _resources(folder: Path) -> Iterator[Resource]:
    parts = [part for part in (folder / "models", folder / "runtimes") if part.is_dir()]
    for argument in find_files(parts):
        for file in argument.files:
            data = file.read()
            if isinstance(data, bytes):
                yield from (d.resource for d in read_documents(data, file.name, named=True) if d.resource is not None)
