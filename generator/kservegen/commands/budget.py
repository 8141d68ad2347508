"""What environments take, now and before: the use case behind `kservegen budget`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from kservegen.checks.budget.limits import read_budgets
from kservegen.checks.budget.overview import Overview, overview
from kservegen.checks.rules.view import queues_of
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.evaluate.environment import Against, DefaultedEnvironment, Evaluation, ledger_of
from kservegen.evaluate.environments import evaluate_all
from kservegen.evaluate.existing_output import ledger_before
from kservegen.evaluate.project import Project, open_project
from kservegen.evaluate.unmanaged import OutputFolder

# What is found of limits, choices and files of others changes no sum.
_HARMLESS: Final = ("budget/", "policy/", "gitops/")


def account_environments(
    repository: Repository, environments: Sequence[str] = ()
) -> tuple[tuple[Overview, ...], tuple[Diagnostic, ...]]:
    """Sum up environments; findings of the catalog come back beside it, and what they leave out is not counted."""
    project = open_project(repository)
    overviews: list[Overview] = []
    diagnostics = list(project.diagnostics)
    against = Against(out=OutputFolder(repository.output, repository.relative(repository.output)))
    for evaluation in evaluate_all(project, environments, against):
        diagnostics.extend(evaluation.diagnostics)
        if evaluation.defaulted is not None:
            overviews.append(_overview(project, evaluation, evaluation.defaulted))
    return tuple(overviews), merge_diagnostics(diagnostics)


def stop_on_errors(diagnostics: Iterable[Diagnostic], reason: str = "sums would be wrong") -> None:
    """Raise where the catalog has errors that keep it from being counted: those of budgets do not."""
    broken = [d for d in diagnostics if d.severity is Severity.ERROR and not d.rule.startswith(_HARMLESS)]
    if broken:
        raise GeneratorError(
            f"the catalog has errors, so that {reason}",
            subject=str(broken[0].location),
            hint="Run kservegen validate.",
        )


def _overview(project: Project, evaluation: Evaluation, defaulted: DefaultedEnvironment) -> Overview:
    environment, built = evaluation.environment, defaulted.built
    accelerators, queues = environment.mapping("accelerators"), queues_of(defaulted.context)
    today = ledger_of(evaluation)
    return overview(
        environment.name,
        today,
        ledger_before(project.repository.root / OUTPUT_FOLDER, built, project.tools, queues, today),
        tuple(read_budgets(environment.mapping("budgets"), queues, accelerators)),
        accelerators,
    )
