"""Files of manifests in, what becomes of every document out, with all others around it.

What the API server and the controller of a reference cluster would say. A reference that another given document
satisfies is no mistake, so a verdict is what is left with all of them around, as are the findings.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from sys import intern
from typing import IO, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, ObjectVerdict
from kservegen.core.assumptions import Assumption
from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Diagnostic, Finding, Location, Related, Severity, merge_diagnostics
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.documents import (
    DocumentJudge,
    DocumentJudges,
    Standing,
    Told,
    is_broken,
    is_unknown,
    standings_of,
    verdict_of_reading,
)
from kservegen.evaluate.earlier import EarlierObjects
from kservegen.evaluate.shelf import Shelf


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


class Linter:
    """Checks manifests document by document; what goes across files is said at the end.

    A document that was read is set aside, most of them on disk, and taken back one at a time: memory does not grow with
    them. What is among the `earlier` objects is updated, all else is created. With `apart` each document is judged as
    if it were the only one.
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
        self._judge = DocumentJudge(checker, cluster, Shelf(open_file), earlier, apart=apart)
        self._reports: list[DocumentReport] = []
        self._places = array("q")  # among the reports, of each document that holds an object
        self._first: dict[tuple[str, str, ResourceId], int] = {}
        self._unknown: dict[str, tuple[Diagnostic, int]] = {}
        self._extra: list[Diagnostic] = []
        self._files = 0

    def add(self, data: bytes | Diagnostic, file: str, *, named: bool) -> int:
        """Read the documents of one file; return how many there are."""
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
        return count

    def _take(self, document: InputDocument) -> None:
        self._extra.extend(document.problems)
        if document.resource is not None:
            number = self._judge.add(document)
            self._places.append(len(self._reports))
            self._find_twin(document, document.resource, number)
        elif not is_broken(document):
            return  # nothing that is meant for a cluster
        self._reports.append(_report(document))

    def note(self, diagnostic: Diagnostic) -> None:
        """Add what was seen of the files themselves."""
        self._extra.append(diagnostic)

    def finish(self) -> tuple[Documents, tuple[Diagnostic, ...]]:
        """Return every document's verdict, and the findings that are left with all documents around."""
        judges = DocumentJudges(self._judge)
        try:
            self._keep(judges.alone())
            told, assumed = judges.around()
        finally:
            judges.close()
        for number in sorted(told):
            self._extra.extend(told[number].diagnostics)
            self._amend(number, told[number])
        self.close()
        documents = Documents(
            reports=tuple(self._reports),
            files=self._files,
            not_admitted=sum(report.admitted is False for report in self._reports),
            not_deployable=sum(report.deployable is False and report.admitted is True for report in self._reports),
            not_checked=sum(count for _, count in self._unknown.values()),
            assumptions=assumed,
        )
        return documents, merge_diagnostics([*self._extra, *self._unknown_kinds()])

    def together(self) -> Context:
        """Check each document alone, and return the cluster with all of them in it; instead of `finish`."""
        told = self._judge.alone(range(len(self._judge)))
        self._keep(told)
        self._judge.stand(standings_of(told))
        return self._judge.together()

    def linted(self, context: Context) -> Iterator[LintedDocument]:
        """Go through the documents that were read, each judged with all others around, which `together` returns."""
        numbers = {place: number for number, place in enumerate(self._places)}
        for place, report in enumerate(self._reports):
            if place not in numbers:
                yield LintedDocument(report, None, None)
                continue
            document, stored, told = self._judge.again(numbers[place], context)
            judged = report
            if told is not None:
                said = merge_diagnostics([*document.problems, *told.diagnostics])
                judged = _judged(report, told.verdict, said)
            yield LintedDocument(judged, document, stored.resource)

    def close(self) -> None:
        """Let go of everything."""
        self._judge.close()

    def _keep(self, found: Mapping[int, Told]) -> None:
        """Keep what was found of documents, each by itself."""
        for number in sorted(found):
            told = found[number]
            diagnostics = told.diagnostics
            if told.standing is Standing.UNKNOWN:
                unknown = next(filter(is_unknown, diagnostics))
                first, count = self._unknown.get(unknown.seen, (unknown, 0))
                self._unknown[unknown.seen] = (first, count + 1)
                diagnostics = tuple(item for item in diagnostics if item is not unknown)
            self._extra.extend(diagnostics)
            self._amend(number, told)

    def _amend(self, number: int, told: Told) -> None:
        """Add what was found of a document to what is said of it."""
        place = self._places[number]
        report = self._reports[place]
        said = report.diagnostics
        if told.diagnostics:
            said = merge_diagnostics([*said, *told.diagnostics])
        verdict = None if told.standing is Standing.UNKNOWN else told.verdict
        self._reports[place] = _judged(report, verdict, said)

    def _unknown_kinds(self) -> Iterator[Diagnostic]:
        """Say once of each kind without a schema that it is not checked, where it first stands."""
        for first, count in self._unknown.values():
            message = first.message if count == 1 else f"{first.message} ({count:,} documents)"
            yield replace(first, message=message)

    def _find_twin(self, document: InputDocument, resource: Resource, number: int) -> None:
        """Find an object that stands twice in a folder, in one file above all: files side by side may be alternatives.

        Further apart the same name may be meant for another cluster.
        """
        if not resource.id.name:
            return
        group, folder = resource.group, intern(document.file.rpartition("/")[0])
        first = self._first.setdefault((folder, intern(group), resource.id), number)
        if first != number:
            self._extra.append(_duplicate(document, resource, self._judge.take(first)))


def _judged(
    report: DocumentReport, verdict: ObjectVerdict | None, diagnostics: tuple[Diagnostic, ...]
) -> DocumentReport:
    said = (None, None, None) if verdict is None else verdict
    return replace(
        report,
        admitted=said[0],
        deployable=said[1],
        runs=said[2],
        diagnostics=diagnostics,
    )


def _report(document: InputDocument) -> DocumentReport:
    """Return what is said of a document before anybody has looked at the object in it."""
    identity = document.resource.id if document.resource is not None else ResourceId("", "", "")
    verdict = verdict_of_reading(document)
    return DocumentReport(
        file=document.file,
        number=document.number,
        kind=identity.kind,
        name=identity.name,
        namespace=identity.namespace,
        admitted=verdict.admitted,
        deployable=verdict.deployable,
        runs=verdict.runs,
        diagnostics=merge_diagnostics(document.problems) if document.problems else (),
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
