"""Environments of a catalog in, evaluated out: prepared one after the other, judged side by side, and concluded.

Objects are judged in windows, which processes (`workers.py`) take in turn, from a size that pays. What environments
have in common is prepared before the processes part, and an object is in the same window in all of them, so no step is
taken twice. However many processes there are, what comes out is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import Catalog
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.progress import tell
from kservegen.evaluate.environment import (
    Against,
    DefaultedEnvironment,
    Evaluation,
    PreparedEnvironment,
    conclude,
    leave_unchanged,
    prepare,
)
from kservegen.evaluate.judging import Judge, Judgement, Windows, judge_windows, windows_of
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.evaluate.workers import Look, Workers, count_jobs

_Request = TypeVar("_Request")

# So many objects are judged before processes part: what is imported, read and compiled for them is at hand in each.
_FIRST: Final = 24
# Multiples of the golden section lie evenly apart, and in no step with what comes every second or third time.
_GOLDEN: Final = 0.618034


class PreparedCatalog(Struct, frozen=True, kw_only=True, eq=False):
    """Environments that are built and not judged yet, by name, and what they are judged by."""

    environments: Mapping[str, PreparedEnvironment]
    judge: Judge
    against: Against

    @property
    def objects(self) -> int:
        """How many objects there are to judge."""
        return sum(len(one.defaulted.objects) for one in self.environments.values() if one.defaulted is not None)


def prepare_catalog(
    catalog: Catalog,
    names: Sequence[str],
    judge: Judge,
    against: Against,
    before: Mapping[str, ResolvedEnvironment] | None = None,
) -> PreparedCatalog:
    """Resolve and build environments, each step once for what they have in common.

    `before` are environments as they were before an edit, where one is judged.
    """
    environments: dict[str, PreparedEnvironment] = {}
    for number, name in enumerate(names):
        tell("building objects", number, len(names))
        environments[name] = prepare(catalog, name, judge, against)
        if before is not None and name in before:
            environments[name] = leave_unchanged(environments[name], before[name], judge)
    return PreparedCatalog(environments=environments, judge=judge, against=against)


class Judges(Generic[_Request]):
    """The processes that judge a catalog, this one among them, and then another state of it.

    `reopen` prepares what a request names in another process: what that has judged already is not judged again there.
    """

    def __init__(self, reopen: Callable[[PreparedCatalog, _Request], PreparedCatalog]) -> None:
        self._reopen = reopen
        self._windows = windows_of(())
        self._workers: Workers[_Request | None, list[Judgement]] | None = None

    def ask(self, request: _Request) -> None:
        """Have other processes judge another state; this one prepares and evaluates it meanwhile."""
        if self._workers is not None:
            self._workers.ask(request)

    def start(self, prepared: PreparedCatalog) -> None:
        """Have other processes begin to judge, where there is enough to do."""
        number = count_jobs(prepared.objects)
        self._windows = windows_of((defaulted for _, defaulted in _judgeable(prepared).values()), number)
        if number > 1:
            _judge_first(prepared)
            self._workers = Workers(number - 1, partial(self._serve, prepared), None)

    def evaluate(
        self, prepared: PreparedCatalog, meanwhile: Callable[[PreparedCatalog], None] | None = None
    ) -> dict[str, Evaluation]:
        """Judge what others leave, and conclude with what they say; GeneratorError where one of them is lost.

        What is to be done `meanwhile` is done first, where there are others.
        """
        if self._workers is not None and meanwhile is not None:
            meanwhile(prepared)
        told = partial(tell, "judging objects", total=prepared.objects)
        found = [_judge(prepared, self._windows, lambda part: told(int(part * prepared.objects)))]
        if self._workers is not None:
            found += self._workers.answers()
        judged = dict(zip(_judgeable(prepared), zip(*found, strict=True), strict=True))
        evaluations: dict[str, Evaluation] = {}
        for name, each in prepared.environments.items():
            tell("judging environments", len(evaluations), len(prepared.environments))
            evaluations[name] = conclude(each, judged.get(name, ()), prepared.judge, prepared.against)
        return evaluations

    def close(self) -> None:
        """End the other processes."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _serve(self, first: PreparedCatalog, request: _Request | None, look: Look) -> list[Judgement]:
        prepared = first if request is None else self._reopen(first, request)
        return _judge(prepared, self._windows, lambda _: look())


def evaluate_all(project: Project, names: Sequence[str], against: Against | None = None) -> Iterable[Evaluation]:
    """Evaluate the named environments of a project, or all, with as many processes as pay."""
    judge = Judge(project.tools, SharedResults())
    prepared = prepare_catalog(project.catalog, project.choose(names), judge, against or Against())
    judges = Judges[None](lambda first, _: first)
    judges.start(prepared)
    try:
        return judges.evaluate(prepared).values()
    finally:
        judges.close()


def _judgeable(prepared: PreparedCatalog) -> dict[str, tuple[PreparedEnvironment, DefaultedEnvironment]]:
    environments = prepared.environments.items()
    return {name: (each, each.defaulted) for name, each in environments if each.defaulted is not None}


def _judge(prepared: PreparedCatalog, windows: Windows, told: Callable[[float], None]) -> list[Judgement]:
    """Judge windows of the objects of all environments, which come in their order; what part is begun is `told`."""
    environments = [(defaulted, each.bindings) for each, defaulted in _judgeable(prepared).values()]
    return judge_windows(environments, prepared.judge, windows, told)


def _judge_first(prepared: PreparedCatalog) -> None:
    """Judge some objects of the first environment: what is said of them is said again."""
    for each, defaulted in list(_judgeable(prepared).values())[:1]:
        objects = defaulted.objects
        chosen = sorted({int(number * _GOLDEN % 1 * len(objects)) for number in range(min(_FIRST, len(objects)))})
        some = tuple(objects[index] for index in chosen)
        judge_windows([(replace(defaulted, objects=some), each.bindings)], prepared.judge, windows_of(()))
