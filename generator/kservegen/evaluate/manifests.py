"""Files of manifests in, what becomes of every document out, with all others around it.

What the API server and the controller of a reference cluster would say. A reference that another given document
satisfies is no mistake, so a verdict is what is left with all of them around, as are the findings.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import IO, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, ObjectFinding, ObjectVerdict, is_misshapen
from kservegen.core.assumptions import Assumption
from kservegen.core.crashes import contained, crash_finding
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.earlier import NOTHING_REMOVED, EarlierObjects, RemovedObjects
from kservegen.evaluate.shelf import Shelf, ShelvedObjects
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND
from kservegen.kserve.defaulting import Defaulted, default

_REFUSED: Final = ObjectVerdict(admitted=False, deployable=False, runs=False)


class DocumentReport(Struct, frozen=True, kw_only=True):
    """What becomes of one document; `number` counts the documents of its file from 1.

    None stands for what cannot be said: no schema of its kind is known, or `runs` hangs on what no file holds, or
    nothing runs of the kind. `diagnostics` are the reasons.
    """

    file: str
    number: int
    kind: str
    name: str
    namespace: str
    admitted: bool | None
    deployable: bool | None
    runs: bool | None
    diagnostics: tuple[Diagnostic, ...]


class Documents(Struct, frozen=True, kw_only=True):
    """Documents from disk, one by one, and how many fall out; `assumptions` are what they need and nobody checked."""

    reports: tuple[DocumentReport, ...]
    files: int
    not_admitted: int
    not_deployable: int  # of those admitted
    not_checked: int
    assumptions: frozenset[Assumption] = frozenset()


class LintedDocument(NamedTuple):
    """What becomes of a document, and the object that the API server would store; None where it is no object."""

    report: DocumentReport
    document: InputDocument | None
    stored: Resource | None


class _Fresh(Struct):
    """A document that was read and is checked with those around it, so that compiled checks pay."""

    document: InputDocument
    defaulted: Defaulted | None  # None where there is no object


class _Sound(NamedTuple):
    """An object of the right shape, set aside: what it was found to be by itself, for the verdict with all others."""

    shelved: int  # its number on the shelf
    report: int  # and among the reports
    is_broken: bool
    own: tuple[ObjectFinding, ...]


class Linter:
    """Checks manifests document by document; what goes across files is said at the end.

    A document that was checked is set aside on disk, and taken back one at a time: memory does not grow with them.
    What is among the `earlier` objects is updated, all else is created. With `apart` each document is judged as if it
    were the only one.
    """

    def __init__(
        self,
        checker: Checker,
        cluster: Cluster,
        open_file: Callable[[], IO[bytes]],
        earlier: EarlierObjects | None = None,
        *,
        apart: bool = False,
    ) -> None:
        self._checker = checker
        self._apart = apart
        self._earlier = earlier
        self._cluster = cluster
        self._shelf = Shelf(open_file)
        self._fresh: list[_Fresh] = []
        self._sound: list[_Sound] = []
        self._reports: list[DocumentReport] = []
        self._numbers = array("q")  # of the documents on the shelf, report by report; -1 where there is no object
        self._given: dict[ResourceId, int] = {}
        self._in_file: defaultdict[str, dict[ResourceId, int]] = defaultdict(dict)
        self._repeated = False
        self._first: dict[tuple[str, str, ResourceId], int] = {}
        self._unknown: dict[str, tuple[Diagnostic, int]] = {}
        self._extra: list[Diagnostic] = []
        self._files = self._not_admitted = self._not_deployable = 0

    def add(self, data: bytes | Diagnostic, file: str, *, named: bool) -> int:
        """Read the documents of one file and check each alone; return how many there are."""
        self._files += 1
        if isinstance(data, Diagnostic):
            self._extra.append(data)
            return 1
        count = 0

        def told(crash: Finding) -> InputDocument:
            problem = crash.at(Location(file), ())
            return InputDocument(
                file=file, number=count + 1, resource=None, source=problem.location, problems=(problem,)
            )

        for document in contained("reading this file", lambda: read_documents(data, file, named=named), told):
            count += 1
            self._take(document)
            if len(self._fresh) >= self._checker.batch:
                self._check_alone()
        return count

    def _take(self, document: InputDocument) -> None:
        if document.resource is not None:
            self._fresh.append(_Fresh(document, self._default(document)))
        elif _is_broken(document):
            self._fresh.append(_Fresh(document, None))
        else:
            self._extra.extend(document.problems)  # nothing that is meant for a cluster

    def _check_alone(self) -> None:
        """Check each object that was read and not checked, by itself."""
        fresh, self._fresh = self._fresh, []
        objects = [item.defaulted for item in fresh if item.defaulted is not None]
        own = dict(zip(map(id, objects), self._checker.alone(objects, self._cluster.context), strict=True))
        for item in fresh:
            self._keep(item.document, own.get(id(item.defaulted), ()))

    def _keep(self, document: InputDocument, own: Sequence[ObjectFinding]) -> None:
        """Keep what there is to say of a document by itself."""
        is_broken = _is_broken(document)
        found = (*document.problems, *self._located(document, own))
        unknown = None if is_broken else next((item for item in found if _is_unknown(item)), None)
        verdict = self._verdict(is_broken, own)
        self._reports.append(_report(document, None if unknown else verdict, merge_diagnostics(found)))
        shelved = -1
        if document.resource is not None:
            shelved = self._shelf.put(document)
            self._find_twin(document, document.resource, shelved)
        self._numbers.append(shelved)
        if unknown is not None:
            first, count = self._unknown.get(unknown.seen, (unknown, 0))
            self._unknown[unknown.seen] = (first, count + 1)
            self._extra.extend(item for item in found if item is not unknown)
            if document.resource is not None:
                self._given.setdefault(document.resource.id, shelved)  # others may refer to it
            return
        self._extra.extend(found)
        if document.resource is None or is_misshapen(own):
            self._count(verdict)
        else:
            self._repeated = self._repeated or document.resource.id in self._given
            self._given[document.resource.id] = shelved
            self._in_file[document.file][document.resource.id] = shelved
            self._sound.append(_Sound(shelved, len(self._reports) - 1, is_broken, tuple(own)))

    def note(self, diagnostic: Diagnostic) -> None:
        """Add what was seen of the files themselves."""
        self._extra.append(diagnostic)

    def finish(self) -> tuple[Documents, tuple[Diagnostic, ...]]:
        """Return every document's verdict, and the findings that are left with all documents around."""
        assumed = self._check_together()
        self.close()
        documents = Documents(
            reports=tuple(self._reports),
            files=self._files,
            not_admitted=self._not_admitted,
            not_deployable=self._not_deployable,
            not_checked=sum(count for _, count in self._unknown.values()),
            assumptions=assumed,
        )
        return documents, merge_diagnostics([*self._extra, *self._unknown_kinds()])

    def together(self) -> Context:
        """Return the cluster with all documents in it that were read; call it before `finish`."""
        self._check_alone()
        return self._with(self._given)

    def _with(self, given: Mapping[ResourceId, int]) -> Context:
        own = self._cluster.context.resources
        objects = ShelvedObjects(own, given, lambda number: self._default(self._shelf.take(number)).resource)
        return replace(self._cluster.context, resources=objects, assumed=set())

    def _certain(
        self,
        document: InputDocument,
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
        (still,) = self._around([stored], [own], self._with(self._in_file[document.file]), gone)
        told = {(finding.rule, finding.path) for _, finding in still}
        return [each for each in found if (each[1].rule, each[1].path) in told]

    def linted(self) -> Iterator[LintedDocument]:
        """Go through the documents that were read, each judged with all others around; call it before `finish`."""
        context = self.together()
        sound = {item.shelved: item for item in self._sound}
        for report, shelved in zip(self._reports, self._numbers, strict=True):
            document = None if shelved < 0 else self._shelf.take(shelved)
            stored = None if document is None else self._default(document)
            if document is None or stored is None or shelved not in sound:
                yield LintedDocument(report, document, stored.resource if stored is not None else None)
                continue
            own = sound[shelved].own
            (around,) = self._checker.around([stored], context)
            found = (*own, *self._certain(document, (stored, own), around))
            told = merge_diagnostics([*document.problems, *self._located(document, found)])
            verdict = self._verdict(sound[shelved].is_broken, found)
            judged = _judged(report, verdict, told)
            yield LintedDocument(judged, document, stored.resource)

    def close(self) -> None:
        """Let go of everything."""
        self._shelf.close()

    def _check_together(self) -> frozenset[Assumption]:
        """Check again what other objects can change, now that all of them are known; return what that stands on."""
        context = self.together()
        if self._apart:
            context = self._cluster.context
        gone = self._earlier.missing({identity for *_, identity in self._first}) if self._earlier else NOTHING_REMOVED
        for start in range(0, len(self._sound), self._checker.batch):
            batch = self._sound[start : start + self._checker.batch]
            documents = [self._shelf.take(item.shelved) for item in batch]
            defaulted = [self._default(document) for document in documents]
            around = self._around(defaulted, [item.own for item in batch], context, gone)
            for item, document, stored, told in zip(batch, documents, defaulted, around, strict=True):
                found = self._certain(document, (stored, item.own), told, gone)
                located = tuple(self._located(document, found))
                self._extra.extend(located)
                verdict = self._verdict(item.is_broken, (*item.own, *found))
                self._count(verdict)
                if verdict.runs:
                    verdict = verdict._replace(runs=self._runs(stored.resource, context))
                report = self._reports[item.report]
                said = merge_diagnostics([*report.diagnostics, *located]) if located else report.diagnostics
                self._reports[item.report] = _judged(report, verdict, said)
        return frozenset(context.assumed)

    def _runs(self, resource: Resource, context: Context) -> bool | None:
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

    def _default(self, document: InputDocument) -> Defaulted:
        assert document.resource is not None  # noqa: S101 - what is no object is not taken here
        return default(document.resource, self._cluster.installation)

    def _located(self, document: InputDocument, found: Iterable[ObjectFinding]) -> Iterator[Diagnostic]:
        """Give findings their lines; where that fails, the document's own."""
        for resource, finding in found:
            try:
                yield document.diagnose(finding, self._checker.severity(finding), resource, self._find)
            except Exception as crash:  # noqa: BLE001 - the finding itself is not lost
                yield finding.at(Location(document.file), finding.path, self._checker.severity(finding))
                yield crash_finding("looking for the line of a finding", crash).at(Location(document.file), ())

    def _find(self, identity: ResourceId) -> InputDocument | None:
        """Return the document of an object, the last where there are several, as rules see it."""
        number = None if self._apart else self._given.get(identity)
        return None if number is None else self._shelf.take(number)

    def _verdict(self, is_broken: bool, found: Iterable[ObjectFinding]) -> ObjectVerdict:
        return _REFUSED if is_broken else self._checker.verdict(finding for _, finding in found)

    def _count(self, verdict: ObjectVerdict) -> None:
        self._not_admitted += not verdict.admitted
        self._not_deployable += verdict.admitted and not verdict.deployable

    def _unknown_kinds(self) -> Iterator[Diagnostic]:
        """Say once of each kind without a schema that it is not checked, where it first stands."""
        for first, count in self._unknown.values():
            message = first.message if count == 1 else f"{first.message} ({count:,} documents)"
            yield replace(first, message=message)

    def _find_twin(self, document: InputDocument, resource: Resource, shelved: int) -> None:
        """Find an object that stands twice in a folder, in one file above all: files side by side may be alternatives.

        Further apart the same name may be meant for another cluster.
        """
        if not resource.id.name:
            return
        group, folder = resource.group, intern(document.file.rpartition("/")[0])
        first = self._first.setdefault((folder, intern(group), resource.id), shelved)
        if first != shelved:
            self._extra.append(_duplicate(document, resource, self._shelf.take(first)))


def _judged(report: DocumentReport, verdict: ObjectVerdict, diagnostics: tuple[Diagnostic, ...]) -> DocumentReport:
    """Return the report of a document with its verdict; what has no schema stays without."""
    if report.admitted is None:
        return replace(report, diagnostics=diagnostics)
    if (report.admitted, report.deployable, report.runs) == verdict and report.diagnostics is diagnostics:
        return report
    return replace(report, **verdict._asdict(), diagnostics=diagnostics)


def _is_broken(document: InputDocument) -> bool:
    """Whether no strict reader takes the document as it is written, or it is no object where one is expected."""
    return any(problem.severity is Severity.ERROR for problem in document.problems)


def _is_unknown(diagnostic: Diagnostic) -> bool:
    """Whether it says that no schema of an object's kind is known."""
    return diagnostic.rule == SCHEMA_NOT_FOUND and diagnostic.severity is Severity.INFO


def _report(
    document: InputDocument, verdict: ObjectVerdict | None, diagnostics: tuple[Diagnostic, ...]
) -> DocumentReport:
    identity = document.resource.id if document.resource is not None else ResourceId("", "", "")
    return DocumentReport(
        file=document.file,
        number=document.number,
        kind=identity.kind,
        name=identity.name,
        namespace=identity.namespace,
        admitted=None if verdict is None else verdict.admitted,
        deployable=None if verdict is None else verdict.deployable,
        runs=None if verdict is None else verdict.runs,
        diagnostics=diagnostics,
    )


def _duplicate(document: InputDocument, resource: Resource, first: InputDocument) -> Diagnostic:
    path: Path = ("metadata", "name")
    return Diagnostic(
        rule="kubernetes/duplicate-object",
        severity=Severity.WARNING if first.file == document.file else Severity.INFO,
        message=f"{resource.id} stands here a second time",
        location=document.locate(path),
        path=format_path(document.inside + path),
        seen=resource.id.name,
        hint="Remove one of them, or give it a name or a namespace of its own.",
        subjects=(str(resource.id),),
        related=(Related("it stands here first", first.locate(path)),),
    )
