"""Documents of manifests, all of them or a share, in; what is found of each out: alone, then with all others around it.

What is said of a document hangs on it and on what stands around it, never on who else is judged: a share of them can be
judged by another process that holds the same documents. What comes back is told by their numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from kservegen.checks.manifests.documents import InputDocument
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, ObjectFinding, ObjectVerdict, is_misshapen
from kservegen.core.assumptions import Assumption
from kservegen.core.crashes import crash_finding
from kservegen.core.diagnostics import Diagnostic, Location, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.earlier import NOTHING_REMOVED, EarlierObjects, RemovedObjects
from kservegen.evaluate.shelf import Shelf, ShelvedObjects
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND
from kservegen.kserve.defaulting import Defaulted, default

if TYPE_CHECKING:
    from kservegen.evaluate.workers import Look, Workers

_GOOD: Final = ObjectVerdict(admitted=True, deployable=True, runs=True)
_REFUSED: Final = ObjectVerdict(admitted=False, deployable=False, runs=False)
# So many objects are kept as they are defaulted, from one look to the next.
_DEFAULTED: Final = 2000
# Fewer are judged before it is found out how many processes pay.
_WORTH_COUNTING: Final = 2
# So many documents are judged before processes part.
_FIRST: Final = 96
# So many documents a process takes in turn.
_LEAST_AT_ONCE: Final = 32
_MOST_AT_ONCE: Final = 512


class Standing(IntEnum):
    """What an object counts for where all of them stand together."""

    SOUND = 0  # it is judged with all others around
    UNKNOWN = 1  # no schema of its kind is known: others may refer to it
    MISSHAPEN = 2  # nobody sees it


class Told(NamedTuple):
    """What a look at a document found: with lines, what becomes of it, and what it counts for."""

    diagnostics: tuple[Diagnostic, ...]
    verdict: ObjectVerdict
    standing: Standing = Standing.SOUND


# What was found of documents, by their numbers, and what was taken for granted.
Answer: TypeAlias = tuple[dict[int, Told], frozenset[Assumption]]


class _Read(NamedTuple):
    """What of a document is at hand without taking it back."""

    identity: ResourceId
    file: str
    is_broken: bool


class DocumentJudge:
    """Judges documents that hold an object, all of which have to be known and looked at alone before any other look.

    What is among the `earlier` objects is updated, all else is created. With `apart` each document is judged as if it
    were the only one.
    """

    def __init__(
        self, checker: Checker, cluster: Cluster, shelf: Shelf, earlier: EarlierObjects | None, *, apart: bool
    ) -> None:
        self._checker = checker
        self._cluster = cluster
        self._shelf = shelf
        self._earlier = earlier
        self._apart = apart
        self._read: list[_Read] = []
        self._defaulted: dict[int, Defaulted] = {}
        self._own: dict[int, tuple[ObjectFinding, ...]] = {}
        self._sound: set[int] = set()
        self._given: dict[ResourceId, int] = {}
        self._repeated = False

    def __len__(self) -> int:
        """Return how many documents there are to judge."""
        return len(self._read)

    def add(self, document: InputDocument) -> int:
        """Set a document aside that holds an object, and return its number: they count from 0."""
        assert document.resource is not None  # noqa: S101 - what is no object is not taken here
        self._read.append(_Read(document.resource.id, document.file, is_broken(document)))
        return self._shelf.put(document)

    def take(self, number: int) -> InputDocument:
        """Return a document that was set aside."""
        return self._shelf.take(number)

    def practise(self) -> None:
        """Look at some documents for nothing but what has to be imported, read and compiled for it.

        Copies of this process have it then.
        """
        some = range(0, len(self), max(1, len(self) // _FIRST))
        told = self.alone(some)
        context = self._with({read.identity: number for number, read in enumerate(self._read)})
        self._look_around((number for number in some if number not in told), context)

    def alone(self, numbers: Iterable[int], look: Look = lambda: None) -> dict[int, Told]:
        """Look at each document by itself; where nothing was found it is left out, and sound."""
        told: dict[int, Told] = {}
        for batch in self._batches(numbers):
            look()
            documents = [self.take(number) for number in batch]
            objects = [self._default(document) for document in documents]
            for number, document, item, own in zip(
                batch, documents, objects, self._checker.alone(objects, self._cluster.context), strict=True
            ):
                if len(self._defaulted) < _DEFAULTED:
                    self._defaulted[number] = item
                if own:
                    self._own[number] = own
                    told[number] = self._told_alone(document, own)
        return told

    def _told_alone(self, document: InputDocument, own: Sequence[ObjectFinding]) -> Told:
        found = tuple(self._located(document, own))
        standing = Standing.MISSHAPEN if is_misshapen(own) else Standing.SOUND
        if not is_broken(document) and any(map(is_unknown, found)):
            standing = Standing.UNKNOWN
        return Told(found, self._verdict(own, is_broken=is_broken(document)), standing)

    def stand(self, standings: Mapping[int, Standing]) -> None:
        """Learn what documents count for, from whoever looked at them alone; one that is left out is sound."""
        for number, (identity, _, _) in enumerate(self._read):
            standing = standings.get(number, Standing.SOUND)
            if standing is Standing.SOUND:
                self._repeated = self._repeated or identity in self._given
                self._given[identity] = number
                self._sound.add(number)
            elif standing is Standing.UNKNOWN:
                self._given.setdefault(identity, number)

    def together(self) -> Context:
        """Return the cluster with all documents in it."""
        return self._with(self._given)

    def around(
        self, numbers: Iterable[int], look: Look = lambda: None
    ) -> tuple[dict[int, Told], frozenset[Assumption]]:
        """Look at each that is sound with all others around it, and say what that stands on.

        What is good and has nothing found of it, now or alone, is left out.
        """
        context = self._cluster.context if self._apart else self.together()
        told = self._look_around((number for number in numbers if number in self._sound), context, look)
        return told, frozenset(context.assumed)

    def _look_around(self, numbers: Iterable[int], context: Context, look: Look = lambda: None) -> dict[int, Told]:
        told: dict[int, Told] = {}
        gone = self._earlier.missing({identity for identity, _, _ in self._read}) if self._earlier else NOTHING_REMOVED
        for batch in self._batches(numbers):
            look()
            stored = [self._stored(number) for number in batch]
            owns = [self._own.get(number, ()) for number in batch]
            around = self._around(stored, owns, context, gone)
            for number, item, own, seen in zip(batch, stored, owns, around, strict=True):
                found = self._certain(number, (item, own), seen, gone)
                verdict = self._verdict((*own, *found), is_broken=self._read[number].is_broken)
                if verdict.runs and (runs := _runs(item.resource, context)) is None:
                    verdict = verdict._replace(runs=runs)
                if own or found or verdict != _GOOD:
                    located = tuple(self._located(self.take(number), found, self._find)) if found else ()
                    told[number] = Told(located, verdict)
        return told

    def again(self, number: int, context: Context) -> tuple[InputDocument, Defaulted, Told | None]:
        """Look at a document that was looked at alone, without what is made of it; None is told of what is not sound.

        All that was found of it is told.
        """
        document = self.take(number)
        item = self._default(document)
        if number not in self._sound:
            return document, item, None
        own = self._own.get(number, ())
        (around,) = self._checker.around([item], context)
        found = (*own, *self._certain(number, (item, own), around))
        verdict = self._verdict(found, is_broken=is_broken(document))
        return document, item, Told(tuple(self._located(document, found, self._find)), verdict)

    def close(self) -> None:
        """Let go of everything."""
        self._shelf.close()

    def _batches(self, numbers: Iterable[int]) -> Iterator[list[int]]:
        left = iter(numbers)
        while batch := list(islice(left, self._checker.batch)):
            yield batch

    def _with(self, given: Mapping[ResourceId, int]) -> Context:
        own = self._cluster.context.resources
        objects = ShelvedObjects(own, given, lambda number: self._default(self.take(number)).resource)
        return replace(self._cluster.context, resources=objects, assumed=set())

    def _certain(
        self,
        number: int,
        item: tuple[Defaulted, tuple[ObjectFinding, ...]],
        found: Sequence[ObjectFinding],
        gone: RemovedObjects = NOTHING_REMOVED,
    ) -> Sequence[ObjectFinding]:
        """Leave out what was found of an object, beside what was of it alone, for what stands in other files.

        That is no matter where an object stands twice: files are alternatives then, or for clusters of their own, and
        what another file brings counts, what it would do to this one does not.
        """
        if not found or not self._repeated or self._apart:
            return found
        stored, own = item
        (still,) = self._around([stored], [own], self._with(self._in_file[self._read[number].file]), gone)
        told = {(finding.rule, finding.path) for _, finding in still}
        return [each for each in found if (each[1].rule, each[1].path) in told]

    @cached_property
    def _in_file(self) -> Mapping[str, Mapping[ResourceId, int]]:
        """The sound objects of each file."""
        files: defaultdict[str, dict[ResourceId, int]] = defaultdict(dict)
        for number, (identity, file, _) in enumerate(self._read):
            if number in self._sound:
                files[file][identity] = number
        return files

    def _around(
        self,
        objects: Sequence[Defaulted],
        own: Sequence[tuple[ObjectFinding, ...]],
        context: Context,
        gone: RemovedObjects = NOTHING_REMOVED,
    ) -> list[list[ObjectFinding]]:
        """Check objects, and what is made of them, in the light of others; `own` is what was found of each alone."""
        beside = self._beside(objects, context, gone)
        found = [(*alone, *more) for alone, more in zip(own, beside, strict=True)]
        made = self._checker.made(objects, found, context)
        return [[*more, *last] for more, last in zip(beside, made, strict=True)]

    def _beside(
        self, objects: Sequence[Defaulted], context: Context, gone: RemovedObjects = NOTHING_REMOVED
    ) -> list[list[ObjectFinding]]:
        """Check objects in the light of others, and those that are there already as updates, each by itself."""
        earlier = self._earlier
        if earlier is None:
            return self._checker.around(objects, context)
        olds = [earlier.find(item.written.id, item.written.file) for item in objects]
        created = [item for item, old in zip(objects, olds, strict=True) if old is None]
        around = replace(context, old=earlier.before(None, gone))
        found = dict(zip(map(id, created), self._checker.around(created, around), strict=True))
        for item, old in zip(objects, olds, strict=True):
            if old is not None:
                around = replace(context, old=earlier.before(old, gone))
                found[id(item)] = [*self._checker.around([item], around)[0], *earlier.refused(item, old)]
        return [found[id(item)] for item in objects]

    def _stored(self, number: int) -> Defaulted:
        if number in self._defaulted:
            return self._defaulted.pop(number)
        return self._default(self.take(number))

    def _default(self, document: InputDocument) -> Defaulted:
        assert document.resource is not None  # noqa: S101 - nothing else is set aside
        return default(document.resource, self._cluster.installation)

    def _located(
        self,
        document: InputDocument,
        found: Iterable[ObjectFinding],
        find: Callable[[ResourceId], InputDocument | None] | None = None,
    ) -> Iterator[Diagnostic]:
        """Give findings their lines; where that fails, the document's own."""
        for resource, finding in found:
            severity = self._checker.severity(finding)
            try:
                yield document.diagnose(finding, severity, resource, find)
            except Exception as crash:  # noqa: BLE001 - the finding itself is not lost
                yield finding.at(Location(document.file), finding.path, severity)
                yield crash_finding("looking for the line of a finding", crash).at(Location(document.file), ())

    def _find(self, identity: ResourceId) -> InputDocument | None:
        """Return the document of an object, the last where there are several, as rules see it."""
        number = None if self._apart else self._given.get(identity)
        return None if number is None else self.take(number)

    def _verdict(self, found: Iterable[ObjectFinding], *, is_broken: bool) -> ObjectVerdict:
        return _REFUSED if is_broken else self._checker.verdict(finding for _, finding in found)


class DocumentJudges:
    """The processes that judge documents, this one among them: as many as pay, once all documents are known."""

    def __init__(self, judge: DocumentJudge) -> None:
        self._judge = judge
        self._turns: Iterable[range] = [range(len(judge))]
        self._workers: Workers[Mapping[int, Standing] | None, Answer] | None = None
        if len(judge) < _WORTH_COUNTING:
            return
        from kservegen.evaluate.workers import Turns, Workers, count_jobs  # noqa: PLC0415 - where they pay

        number = count_jobs(len(judge))
        if number > 1:
            judge.practise()
            self._turns = Turns(len(judge), number, least=_LEAST_AT_ONCE, most=_MOST_AT_ONCE)
            self._workers = Workers(number - 1, self._serve, None)

    def alone(self) -> dict[int, Told]:
        """Look at each document by itself, and learn what each counts for; as `DocumentJudge.alone`."""
        told = self._judge.alone(self._numbers())
        for more, _ in self._answers():
            told |= more
        standings = standings_of(told)
        if self._workers is not None:
            self._workers.ask(standings)
        self._judge.stand(standings)
        return told

    def around(self) -> Answer:
        """Look at each document with all others around it, after `alone`; as `DocumentJudge.around`."""
        told, assumed = self._judge.around(self._numbers())
        for more, also in self._answers():
            told |= more
            assumed |= also
        return told, assumed

    def close(self) -> None:
        """End the other processes."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _answers(self) -> list[Answer]:
        return [] if self._workers is None else self._workers.answers()

    def _numbers(self) -> Iterator[int]:
        """Yield the documents that this process judges, each time the same ones."""
        return chain.from_iterable(self._turns)

    def _serve(self, standings: Mapping[int, Standing] | None, look: Look = lambda: None) -> Answer:
        if standings is None:
            return self._judge.alone(self._numbers(), look), frozenset()
        self._judge.stand(standings)
        return self._judge.around(self._numbers(), look)


def standings_of(told: Mapping[int, Told]) -> dict[int, Standing]:
    """Return what those documents count for that are not sound."""
    return {number: each.standing for number, each in told.items() if each.standing is not Standing.SOUND}


def is_broken(document: InputDocument) -> bool:
    """Whether no strict reader takes the document as it is written, or it is no object where one is expected."""
    return any(problem.severity is Severity.ERROR for problem in document.problems)


def verdict_of_reading(document: InputDocument) -> ObjectVerdict:
    """Return what becomes of a document as long as nothing was found of the object in it."""
    return _REFUSED if is_broken(document) else _GOOD


def is_unknown(diagnostic: Diagnostic) -> bool:
    """Whether it says that no schema of an object's kind is known."""
    return diagnostic.rule == SCHEMA_NOT_FOUND and diagnostic.severity is Severity.INFO


def _runs(resource: Resource, context: Context) -> bool | None:
    """Tell whether what is made of an object that nothing speaks against runs; None where no file tells.

    What never runs without a finding that says why was stopped on purpose.
    """
    try:
        made = context.simulation.made(resource)
    except GeneratorError:
        raise
    except Exception:  # noqa: BLE001 - a finding says that it crashed
        return None
    return None if made is None else made.runs or None
