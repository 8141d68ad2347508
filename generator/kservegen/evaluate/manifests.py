"""Files of manifests in, what becomes of every document out: checked alone, and with all others around it.

Alone is what the API server and the controller of a reference cluster would say. A reference that another given
document satisfies is no mistake, so what is reported, and fails, is what is left with all of them around.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from kservegen.checks.manifests.documents import InputDocument, read_documents
from kservegen.checks.manifests.reference import Cluster
from kservegen.checks.runner import Checker, ObjectFinding, ObjectVerdict, is_misshapen
from kservegen.core.diagnostics import Diagnostic, Related, Severity, merge_diagnostics
from kservegen.core.jsontypes import Path, format_path
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND
from kservegen.kserve.defaulting import Defaulted, default

_REFUSED: Final = ObjectVerdict(admitted=False, deployable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReport:
    """What becomes of one document, checked alone; `number` counts the documents of its file from 1.

    None stands for what cannot be said: no schema of its kind is known. `diagnostics` are the reasons.
    """

    file: str
    number: int
    kind: str
    name: str
    namespace: str
    admitted: bool | None
    deployable: bool | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Documents from disk, one by one, and how many fall out where each is checked with all others around it."""

    reports: tuple[DocumentReport, ...]
    files: int
    not_admitted: int
    not_deployable: int  # of those admitted
    not_checked: int


@dataclass(slots=True)
class _CheckedDocument:
    """A document with what its layers say: of itself, and what a bare cluster or the other documents add to that."""

    document: InputDocument
    defaulted: Defaulted | None  # None where there is no object
    own: tuple[ObjectFinding, ...] = ()
    alone: Sequence[ObjectFinding] = ()
    together: Sequence[ObjectFinding] = ()

    @property
    def is_unknown(self) -> bool:
        return any(finding.rule == SCHEMA_NOT_FOUND and finding.severity is Severity.INFO for _, finding in self.own)


class Linter:
    """Checks manifests file by file; what goes across files is said at the end.

    Of a document that was read, the data and the places of its values are kept; its text is not.
    """

    def __init__(self, checker: Checker, cluster: Cluster) -> None:
        self._checker = checker
        self._cluster = cluster
        self._documents: list[_CheckedDocument] = []
        self._unchecked: list[_CheckedDocument] = []
        self._extra: list[Diagnostic] = []
        self._files = 0

    def add(self, data: bytes | Diagnostic, file: str, *, named: bool) -> int:
        """Read the documents of one file and check each alone; return how many there are."""
        self._files += 1
        if isinstance(data, Diagnostic):
            self._extra.append(data)
            return 1
        documents = read_documents(data, file, named=named)
        for document in documents:
            item = _CheckedDocument(document, self._default(document.resource))
            if item.defaulted is not None:
                self._unchecked.append(item)
            elif not any(problem.severity is Severity.ERROR for problem in document.problems):
                self._extra.extend(document.problems)  # nothing that is meant for a cluster
                continue
            self._documents.append(item)
        if len(self._unchecked) >= self._checker.batch:
            self._check_alone()
        return len(documents)

    def _check_alone(self) -> None:
        """Check each object that was read and not checked, by itself and in a bare cluster."""
        unchecked, self._unchecked = self._unchecked, []
        context = self._cluster.context
        for item, own in zip(unchecked, self._checker.alone(_defaulted(unchecked), context), strict=True):
            item.own = own
        sound = _sound(unchecked)
        for item, found in zip(sound, self._checker.around(_defaulted(sound), context), strict=True):
            item.alone = found

    def _default(self, resource: Resource | None) -> Defaulted | None:
        return None if resource is None else default(resource, self._cluster.installation)

    def note(self, diagnostic: Diagnostic) -> None:
        """Add what was seen of the files themselves."""
        self._extra.append(diagnostic)

    def finish(self) -> tuple[Documents, tuple[Diagnostic, ...]]:
        """Return every document's verdict, and the findings that are left with all documents around."""
        self._check_alone()
        self._check_together()
        reports = tuple(self._report(item) for item in self._documents)
        known = [item for item in self._documents if not item.is_unknown]
        verdicts = [self._verdict(item, item.together) for item in known]
        documents = Documents(
            reports=reports,
            files=self._files,
            not_admitted=sum(not verdict.admitted for verdict in verdicts),
            not_deployable=sum(verdict.admitted and not verdict.deployable for verdict in verdicts),
            not_checked=len(reports) - len(verdicts),
        )
        found = [diagnostic for item in known for diagnostic in self._diagnose(item, item.together)]
        return documents, merge_diagnostics(
            [*self._extra, *found, *self._unknown_kinds(), *_duplicates(self._documents)]
        )

    def _check_together(self) -> None:
        """Check again what other objects can change, now that all of them are known."""
        sound = _sound(self._documents)
        objects = _defaulted(sound)
        given = {item.resource.id: item.resource for item in objects}
        context = replace(self._cluster.context, resources={**self._cluster.context.resources, **given})
        for item, found in zip(sound, self._checker.around(objects, context), strict=True):
            item.together = found

    def _verdict(self, item: _CheckedDocument, around: Iterable[ObjectFinding]) -> ObjectVerdict:
        if any(problem.severity is Severity.ERROR for problem in item.document.problems):
            return _REFUSED
        return self._checker.verdict(finding for _, finding in (*item.own, *around))

    def _diagnose(self, item: _CheckedDocument, around: Iterable[ObjectFinding]) -> Iterator[Diagnostic]:
        yield from item.document.problems
        for resource, finding in (*item.own, *around):
            yield item.document.diagnose(finding, self._checker.severity(finding), resource)

    def _report(self, item: _CheckedDocument) -> DocumentReport:
        document = item.document
        identity = document.resource.id if document.resource is not None else ResourceId("", "", "")
        verdict = self._verdict(item, item.alone)
        return DocumentReport(
            file=document.file,
            number=document.number,
            kind=identity.kind,
            name=identity.name,
            namespace=identity.namespace,
            admitted=None if item.is_unknown else verdict.admitted,
            deployable=None if item.is_unknown else verdict.deployable,
            diagnostics=merge_diagnostics(self._diagnose(item, item.alone)),
        )

    def _unknown_kinds(self) -> Iterator[Diagnostic]:
        """Say once of each kind without a schema that it is not checked, where it first stands."""
        kinds: dict[str, list[Diagnostic]] = {}
        for item in self._documents:
            if item.is_unknown:
                (found,) = self._diagnose(item, ())
                kinds.setdefault(found.seen, []).append(found)
        for first, count in ((alike[0], len(alike)) for alike in kinds.values()):
            message = first.message if count == 1 else f"{first.message} ({count:,} documents)"
            yield replace(first, message=message)


def _defaulted(items: Iterable[_CheckedDocument]) -> list[Defaulted]:
    return [item.defaulted for item in items if item.defaulted is not None]


def _sound(items: Iterable[_CheckedDocument]) -> list[_CheckedDocument]:
    """Keep the documents that are objects of the right shape."""
    return [item for item in items if item.defaulted is not None and not is_misshapen(item.own)]


def _duplicates(items: Iterable[_CheckedDocument]) -> Iterator[Diagnostic]:
    """Find objects that stand twice in a folder, in one file above all: files side by side may be alternatives.

    Further apart the same name may be meant for another cluster.
    """
    seen: dict[tuple[str, str, ResourceId], InputDocument] = {}
    for document in (item.document for item in items):
        resource = document.resource
        if resource is None or not resource.id.name:
            continue
        group = resource.api_version.rpartition("/")[0]
        first = seen.setdefault((str(PurePosixPath(document.file).parent), group, resource.id), document)
        if first is not document:
            yield _duplicate(document, resource, first)


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
