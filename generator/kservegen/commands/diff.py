"""What differs between two environments of the catalog: the use case behind `kservegen diff`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kservegen.changes.plan.comparison import Comparison, compare_environments
from kservegen.commands.explain import match_entry
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository
from kservegen.core.suggest import suggest_entry
from kservegen.evaluate.repository import EvaluatedRepository, EvaluationOptions, evaluate_repository
from kservegen.formats.yaml.collector import without_collector
from kservegen.render.objects.environment import BuiltEnvironment


def diff(repository: Repository, left: str, right: str, models: Collection[str] = ()) -> Comparison:
    """Compare two environments, or entries of them: by key, name or namespace/name.

    GeneratorError for names that there are none of, and for a catalog that cannot be understood.
    """
    if left == right:
        raise GeneratorError("an environment does not differ from itself", subject=left, hint="Name two environments.")
    with without_collector():
        wanted = EvaluationOptions(names=(left, right), out=repository.output, despite_findings=True)
        evaluated = evaluate_repository(repository, wanted)
        one, other = (_built(evaluated, name) for name in (left, right))
        return compare_environments(one, other, frozenset(_keys(models, one, other)))


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


def _keys(models: Collection[str], *environments: BuiltEnvironment) -> Iterator[str]:
    """Yield the keys of the entries that names mean; GeneratorError where neither environment has one."""
    for name in models:
        found = [match_entry(built.environment, name) for built in environments]
        keys = {entry.key for entry in found if entry is not None}
        if not keys:
            known = sorted({item.entry.key for built in environments for item in built.entries})
            hint = suggest_entry(name, known, "They hold")
            raise GeneratorError("neither environment has such an entry", subject=name, hint=hint)
        yield from keys
