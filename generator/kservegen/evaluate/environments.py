"""Environments of a catalog in, evaluated out: prepared one after the other, judged side by side, and concluded.

Objects are judged in shares, each by a process (`workers.py`), from a size that pays. What environments have in common
is prepared before the processes part, and an object is in the same share in all of them, so no step is taken twice.
However many processes there are, what comes out is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kservegen.catalog.model import Catalog
from kservegen.core.progress import tell
from kservegen.evaluate.environment import (
    Against,
    DefaultedEnvironment,
    Evaluation,
    PreparedEnvironment,
    conclude,
    prepare,
)
from kservegen.evaluate.judging import Judge, Judgement, Share, judge_shares
from kservegen.evaluate.project import Project
from kservegen.evaluate.sharing import SharedResults
from kservegen.evaluate.workers import Look, Workers, count_jobs

_Request = TypeVar("_Request")

# So many objects are judged before processes part: what is imported, read and compiled for them is at hand in each.
_FIRST: Final = 48


class PreparedCatalog(Struct, frozen=True, kw_only=True, eq=False):
    """Environments that are built and not judged yet, by name, and what they are judged by."""

    environments: Mapping[str, PreparedEnvironment]
    judge: Judge
    against: Against

    @property
    def objects(self) -> int:
        """How many objects there are to judge."""
        return sum(len(one.defaulted.objects) for one in self.environments.values() if one.defaulted is not None)


def prepare_catalog(catalog: Catalog, names: Sequence[str], judge: Judge, against: Against) -> PreparedCatalog:
    """Resolve and build environments, each step once for what they have in common."""
    environments: dict[str, PreparedEnvironment] = {}
    for number, name in enumerate(names):
        tell("building objects", number, len(names))
        environments[name] = prepare(catalog, name, judge, against)
    return PreparedCatalog(environments=environments, judge=judge, against=against)


class Judges(Generic[_Request]):
    """The processes that judge a catalog, this one among them, and then another state of it.

    `reopen` prepares what a request names in another process: what that has judged already is not judged again there.
    """

    def __init__(self, reopen: Callable[[PreparedCatalog, _Request], PreparedCatalog]) -> None:
        self._reopen = reopen
        self._workers: Workers[_Request | None, list[Judgement]] | None = None

    def ask(self, request: _Request) -> None:
        """Have other processes judge another state; this one prepares and evaluates it meanwhile."""
        if self._workers is not None:
            self._workers.ask(request)

    def start(self, prepared: PreparedCatalog) -> None:
        """Have other processes judge their shares, where there is enough to do."""
        number = count_jobs(prepared.objects) - 1
        if number:
            _judge_first(prepared)
            self._workers = Workers(number, partial(self._serve, prepared, number + 1), None)

    def evaluate(self, prepared: PreparedCatalog) -> dict[str, Evaluation]:
        """Judge the share of this process, and conclude with what the others say; GeneratorError where one is lost."""
        number = 1 + (self._workers.count if self._workers is not None else 0)
        told = _Told(prepared.objects, number)
        judge = replace(prepared.judge, tell=told.more)
        shares = [_judge(replace(prepared, judge=judge), Share(0, number))]
        if self._workers is not None:
            shares += self._workers.answers()
        judged = dict(zip(_judgeable(prepared), zip(*shares, strict=True), strict=True))
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

    def _serve(
        self, first: PreparedCatalog, shares: int, number: int, request: _Request | None, look: Look
    ) -> list[Judgement]:
        prepared = first if request is None else self._reopen(first, request)
        judge = replace(prepared.judge, tell=lambda _: look())
        return _judge(replace(prepared, judge=judge), Share(number, shares))


class _Told:
    """Tells whoever watches how far the judging of objects is; of shares that others judge it knows no more."""

    def __init__(self, total: int, shares: int) -> None:
        self._total, self._shares, self._done = total, shares, 0

    def more(self, objects: int) -> None:
        """Take so many objects as begun, in each share."""
        tell("judging objects", self._done, self._total)
        self._done = min(self._total, self._done + objects * self._shares)


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


def _judge(prepared: PreparedCatalog, share: Share) -> list[Judgement]:
    """Judge a share of the objects of all environments, in their order."""
    return judge_shares(
        [(defaulted, each.bindings) for each, defaulted in _judgeable(prepared).values()], prepared.judge, share
    )


def _judge_first(prepared: PreparedCatalog) -> None:
    """Judge some objects of the first environment: what is said of them is said again."""
    for each, defaulted in list(_judgeable(prepared).values())[:1]:
        some = defaulted.objects[:: max(1, len(defaulted.objects) // _FIRST)]
        judge_shares([(replace(defaulted, objects=some), each.bindings)], prepared.judge, Share())
