"""What differs between two environments of the catalog: the use case behind `kservegen diff`."""

from __future__ import annotations

from collections.abc import Collection

from kservegen.changes.plan.comparison import Comparison, compare_environments
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.objects.environment import BuiltEnvironment


def diff(repository: Repository, left: str, right: str, models: Collection[str] = ()) -> Comparison:
    """Compare two environments, or entries of them by their keys.

    GeneratorError for names that there are none of, and for a catalog that cannot be understood.
    """
    if left == right:
        raise GeneratorError("an environment does not differ from itself", subject=left, hint="Name two environments.")
    with without_collector():
        wanted = EvaluationOptions(names=(left, right), out=repository.output, despite_findings=True)
        evaluated = evaluate_repository(repository, wanted)
        one, other = (_built(evaluated, name) for name in (left, right))
        _check_models(models, one, other)
        return compare_environments(one, other, frozenset(models))


def _built(evaluated: EvaluatedRepository, name: str) -> BuiltEnvironment:
    built = evaluated.built.get(name)
    if built is None:
        first = min(evaluated.diagnostics, key=lambda item: item.sort_key)
        raise GeneratorError(
            f"the catalog has errors, so that nothing says what {name} is: {first.message}",
            subject=str(first.location),
            hint="Run kservegen validate.",
        )
    return built


def _check_models(models: Collection[str], *environments: BuiltEnvironment) -> None:
    known = sorted({item.entry.key for built in environments for item in built.entries})
    for name in models:
        if name not in known:
            raise GeneratorError(
                "neither environment has such an entry",
                subject=name,
                hint=did_you_mean(name, known, "Name the key of a model."),
            )
